package io.varve.retention.rules;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;

/** Durations as Prometheus writes them: {@code 1h30m}. */
public final class Durations {
  private static final Pattern FORM =
      Pattern.compile(
          "(?:(\\d+)y)?(?:(\\d+)w)?(?:(\\d+)d)?(?:(\\d+)h)?(?:(\\d+)m)?(?:(\\d+)s)?(?:(\\d+)ms)?");
  private static final String[] NAMES = {"y", "w", "d", "h", "m", "s", "ms"};
  private static final long[] UNITS = {
    31_536_000_000L, 604_800_000L, 86_400_000L, 3_600_000L, 60_000L, 1000L, 1L
  };

  private Durations() {}

  /**
   * Reads one; 0 needs no unit.
   *
   * @throws IllegalArgumentException if it is none
   */
  public static long millis(String text) {
    if (text.equals("0")) {
      return 0;
    }
    Matcher parts = FORM.matcher(text);
    if (text.isEmpty() || !parts.matches()) {
      throw new IllegalArgumentException("not a valid duration string: \"" + text + "\"");
    }
    try {
      long millis = 0;
      for (int i = 0; i < UNITS.length; i++) {
        String part = parts.group(i + 1);
        if (part != null) {
          millis = Math.addExact(millis, Math.multiplyExact(Long.parseLong(part), UNITS[i]));
        }
      }
      if (millis > Long.MAX_VALUE / 1_000_000) {
        throw new ArithmeticException();
      }
      return millis;
    } catch (ArithmeticException | NumberFormatException e) {
      throw new IllegalArgumentException("duration out of range", e);
    }
  }

  /** Writes one; years and weeks only if nothing else is left. */
  public static String text(long millis) {
    if (millis == 0) {
      return "0s";
    }
    StringBuilder out = new StringBuilder();
    long left = millis;
    for (int i = 0; i < UNITS.length; i++) {
      if (i < 2 ? left % UNITS[i] == 0 && left > 0 : left >= UNITS[i]) {
        out.append(left / UNITS[i]).append(NAMES[i]);
        left %= UNITS[i];
      }
    }
    return out.toString();
  }
}
