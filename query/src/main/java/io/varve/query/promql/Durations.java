package io.varve.query.promql;

import java.util.List;

/** Durations as text: {@code 1h30m}. */
public final class Durations {
  /** The longest duration in seconds: what fits 64 bits of nanoseconds, about 292 years. */
  static final double MOST_SECONDS = Long.MAX_VALUE / 1e9;

  private static final long MOST_MILLIS = Long.MAX_VALUE / 1_000_000;
  private static final List<String> UNITS = List.of("y", "w", "d", "h", "m", "s", "ms");
  private static final long[] UNIT_MILLIS = {
    365L * 86_400_000, 7L * 86_400_000, 86_400_000, 3_600_000, 60_000, 1000, 1
  };

  private Durations() {}

  /**
   * The shortest text of a duration, biggest unit first, {@code 0s} for none. Weeks and years stand
   * only where nothing is left over, so that 8 days stay {@code 8d}, as in Prometheus.
   */
  public static String format(long millis) {
    if (millis == 0) {
      return "0s";
    }
    StringBuilder out = new StringBuilder();
    long left = millis;
    if (millis < 0) {
      out.append('-');
      left = -millis;
    }
    for (int i = 0; i < UNIT_MILLIS.length; i++) {
      long size = UNIT_MILLIS[i];
      boolean onlyWhole = i < 2;
      if (left >= size && (!onlyWhole || left % size == 0)) {
        out.append(left / size).append(UNITS.get(i));
        left %= size;
      }
    }
    return out.toString();
  }

  /**
   * Milliseconds of a text such as {@code 1h30m}: units from big to small, each once.
   *
   * @throws IllegalArgumentException if it is none; the message is Prometheus'
   */
  public static long parse(String text) {
    if (text.equals("0")) {
      return 0;
    }
    if (text.isEmpty()) {
      throw new IllegalArgumentException("empty duration string");
    }
    long sum = 0;
    int previous = -1;
    int at = 0;
    while (at < text.length()) {
      int digits = at;
      while (at < text.length() && isDigit(text.charAt(at))) {
        at++;
      }
      int letters = at;
      while (at < text.length() && !isDigit(text.charAt(at))) {
        at++;
      }
      if (digits == letters || letters == at) {
        throw invalid(text);
      }
      String unit = text.substring(letters, at);
      int index = UNITS.indexOf(unit);
      if (index < 0) {
        throw new IllegalArgumentException(
            "unknown unit " + GoText.quote(unit) + " in duration " + GoText.quote(text));
      }
      if (index <= previous) {
        throw invalid(text);
      }
      previous = index;
      long size = UNIT_MILLIS[index];
      long count;
      try {
        count = Long.parseUnsignedLong(text, digits, letters, 10);
      } catch (NumberFormatException e) {
        throw invalid(text);
      }
      // No duration may exceed what 64 bits of nanoseconds hold.
      if (count < 0 || count > (MOST_MILLIS - sum) / size) {
        throw new IllegalArgumentException("duration out of range");
      }
      sum += count * size;
    }
    return sum;
  }

  private static IllegalArgumentException invalid(String text) {
    return new IllegalArgumentException("not a valid duration string: " + GoText.quote(text));
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  /** Seconds, as the value of a duration literal. */
  static double seconds(long millis) {
    // Whole seconds and rest apart: the sum is what Prometheus computes, to the bit.
    long whole = millis / 1000;
    long nanos = millis % 1000 * 1_000_000;
    return whole + nanos / 1e9;
  }

  /** Milliseconds of a duration that was written as a number of seconds, cut to whole ones. */
  static long millis(double seconds) {
    double nanos = Math.abs(seconds) * 1e9;
    long millis = (long) Math.floor(nanos + 0.5) / 1_000_000;
    return seconds < 0 ? -millis : millis;
  }
}
