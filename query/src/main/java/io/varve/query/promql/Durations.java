package io.varve.query.promql;

/** Durations as text: {@code 1h30m}. */
public final class Durations {
  /** The longest duration in seconds: what fits 64 bits of nanoseconds, about 292 years. */
  static final double MOST_SECONDS = Long.MAX_VALUE / 1e9;

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
    left = exact(out, "y", 365L * 86_400_000, left);
    left = exact(out, "w", 7L * 86_400_000, left);
    left = part(out, "d", 86_400_000, left);
    left = part(out, "h", 3_600_000, left);
    left = part(out, "m", 60_000, left);
    left = part(out, "s", 1000, left);
    part(out, "ms", 1, left);
    return out.toString();
  }

  private static long exact(StringBuilder out, String unit, long size, long left) {
    return left % size == 0 ? part(out, unit, size, left) : left;
  }

  private static long part(StringBuilder out, String unit, long size, long left) {
    if (left >= size) {
      out.append(left / size).append(unit);
    }
    return left % size;
  }
}
