package io.varve.http.config;

/**
 * Durations as Prometheus writes them: {@code 1h30m}, units y, w, d, h, m, s, ms, largest first,
 * each at most once; a year has 365 days.
 */
public final class Durations {
  private static final String[] UNITS = {"y", "w", "d", "h", "m", "s", "ms"};
  private static final long[] MILLIS = {
    365L * 86_400_000, 7L * 86_400_000, 86_400_000, 3_600_000, 60_000, 1_000, 1
  };

  /** What fits Go's nanoseconds, which is the largest that Prometheus accepts. */
  private static final long MOST_MILLIS = Long.MAX_VALUE / 1_000_000;

  private Durations() {}

  /**
   * The duration in milliseconds.
   *
   * @throws IllegalArgumentException saying what is wrong
   */
  public static long parseMillis(String text) {
    if (text.equals("0")) {
      return 0;
    }
    if (text.isEmpty()) {
      throw new IllegalArgumentException("empty duration string");
    }
    long total = 0;
    int at = 0;
    int unit = -1;
    while (at < text.length()) {
      int digitsFrom = at;
      while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
        at++;
      }
      int unitFrom = at;
      while (at < text.length() && (text.charAt(at) < '0' || text.charAt(at) > '9')) {
        at++;
      }
      int found = unitFrom == digitsFrom ? -1 : unit(text.substring(unitFrom, at));
      if (found <= unit) {
        throw new IllegalArgumentException("not a valid duration string: \"" + text + '"');
      }
      unit = found;
      try {
        long value = Long.parseLong(text, digitsFrom, unitFrom, 10);
        total = Math.addExact(total, Math.multiplyExact(value, MILLIS[unit]));
      } catch (ArithmeticException | NumberFormatException e) {
        throw new IllegalArgumentException("duration out of range", e);
      }
      if (total > MOST_MILLIS) {
        throw new IllegalArgumentException("duration out of range");
      }
    }
    return total;
  }

  private static int unit(String name) {
    for (int i = 0; i < UNITS.length; i++) {
      if (UNITS[i].equals(name)) {
        return i;
      }
    }
    return -1;
  }

  /** The shortest text that {@link #parseMillis} reads back as {@code millis}, not negative. */
  public static String print(long millis) {
    if (millis == 0) {
      return "0s";
    }
    StringBuilder out = new StringBuilder();
    long rest = millis;
    for (int i = 0; i < UNITS.length; i++) {
      // Years and weeks only where they say it alone: 15d and 400d, not 2w1d and 1y5w.
      if (i < 2 ? rest % MILLIS[i] == 0 && rest > 0 : rest >= MILLIS[i]) {
        out.append(rest / MILLIS[i]).append(UNITS[i]);
        rest %= MILLIS[i];
      }
    }
    return out.toString();
  }
}
