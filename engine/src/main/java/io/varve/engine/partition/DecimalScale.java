package io.varve.engine.partition;

/**
 * Doubles as decimals L / 10^e with a correction in units in the last place: the form in which the
 * directory stores values of blocks. Pure functions.
 */
final class DecimalScale {
  /** Largest e. */
  static final int MOST = 18;

  /** In place of e: the doubles are stored by their bits. */
  static final int RAW = 31;

  private static final long MOST_DIGITS = 1L << 53;

  private static final double[] POWER = new double[MOST + 1];
  private static final long[] INTEGER_POWER = new long[MOST + 1];

  static {
    long power = 1;
    for (int e = 0; e <= MOST; e++) {
      POWER[e] = power;
      INTEGER_POWER[e] = power;
      power *= 10;
    }
  }

  private DecimalScale() {}

  /** The bits of a double as a long that has the order of the doubles, −0 below 0. */
  static long ordered(double v) {
    long bits = Double.doubleToRawLongBits(v);
    return bits ^ (bits >> 63 & Long.MAX_VALUE);
  }

  /** Back from {@link #ordered}. */
  static double unordered(long v) {
    return Double.longBitsToDouble(v ^ (v >> 63 & Long.MAX_VALUE));
  }

  /** The nearest L; only meaningful if {@link #fits}. */
  static long digits(double v, int e) {
    return (long) Math.rint(v * POWER[e]);
  }

  /** The double that L / 10^e is. */
  static double value(long digits, int e) {
    return digits / POWER[e];
  }

  /** What is to be added to the ordered bits of L / 10^e to get those of v. */
  static long correction(double v, long digits, int e) {
    return ordered(v) - ordered(value(digits, e));
  }

  /** The double at a distance, in the order of all doubles, from L / 10^e. */
  static double value(long digits, int e, long correction) {
    double near = value(digits, e);
    return correction == 0 ? near : unordered(ordered(near) + correction);
  }

  /** True if v is L / 10^e, or one off: exporters that multiply by 0.001 are one off. */
  static boolean fits(double v, int e) {
    double scaled = v * POWER[e];
    if (!(Math.abs(scaled) <= MOST_DIGITS)) {
      return false;
    }
    long correction = correction(v, (long) Math.rint(scaled), e);
    return correction >= -1 && correction <= 1;
  }

  /** True if a sum of such values can be told as L / 10^e and a small correction. */
  static boolean sumFits(double v, int e) {
    double scaled = v * POWER[e];
    if (!(Math.abs(scaled) <= 0x1p62)) {
      return false;
    }
    long correction = correction(v, (long) Math.rint(scaled), e);
    return correction >= -64 && correction <= 64;
  }

  /** L of one scale as L of another, rounded towards 0; wraps. */
  static long rescale(long digits, int from, int to) {
    return to >= from ? digits * INTEGER_POWER[to - from] : digits / INTEGER_POWER[from - to];
  }
}
