package io.varve.engine.codec;

/**
 * The ways in which a double can come from an integer L and a scale e exactly, and the search for
 * one that fits a whole block. Sources print and parse decimals (L/10^e), or multiply by a constant
 * (L·10^-e), or divide milliseconds by 1000 and go on from there (L/1000/10^(e-3)); the three round
 * differently, so each is tried and every value is verified bit for bit.
 */
final class DecimalForm {
  /** Bits ordered like the values; no decimal fits. */
  static final int RAW = 0;

  /** L itself. */
  static final int INTEGER = 1;

  /** L / 10^e. */
  static final int QUOTIENT = 2;

  /** L · 10^-e. */
  static final int PRODUCT = 3;

  /** L / 1000 / 10^(e-3). */
  static final int MILLIS = 4;

  /** All values are one small integer, in the head or after it. */
  static final int CONST_INTEGER = 5;

  /** All values have the same bits, of which trailing zero bytes are not stored. */
  static final int CONST_BITS = 6;

  /** Largest e, of 1 … 16. */
  static final int MOST_SCALE = 16;

  /** 10^e, exact for e ≤ 22. */
  static final double[] POWER = {
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16
  };

  /** The double nearest to 10^-e. */
  static final double[] INVERSE = {
    1e0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12, 1e-13, 1e-14,
    1e-15, 1e-16
  };

  private static final double MOST = 0x1p53;
  private static final int SAMPLES = 16;

  private DecimalForm() {}

  /** The integer that stands for v, if any does. */
  static double integer(double v, int scale) {
    return Math.rint(v * POWER[scale]);
  }

  /** The double that L stands for. */
  static double value(long integer, int form, int scale) {
    double l = (double) integer;
    return switch (form) {
      case INTEGER -> l;
      case QUOTIENT -> l / POWER[scale];
      case PRODUCT -> l * INVERSE[scale];
      default -> l / 1000 / POWER[scale - 3];
    };
  }

  private static boolean fits(double v, int form, int scale) {
    double l = integer(v, scale);
    // Also false for NaN. -0 differs in bits from what 0 stands for.
    return Math.abs(l) <= MOST
        && Double.doubleToRawLongBits(value((long) l, form, scale))
            == Double.doubleToRawLongBits(v);
  }

  /** Values that a form may miss: they become exceptions. */
  static int mostMisses(int n) {
    return (n + 31) / 32;
  }

  /**
   * Finds the form with the smallest scale that misses few values.
   *
   * @param integers filled with L, or with garbage where {@code v} was missed
   * @param missed filled with the positions of missed values
   * @return form | scale &lt;&lt; 4 | misses &lt;&lt; 16, or −1 if no form fits
   */
  static int find(double[] values, int from, int n, long[] integers, int[] missed) {
    int stride = Math.max(1, n / SAMPLES);
    for (int scale = 0; scale <= MOST_SCALE; scale++) {
      int last = scale == 0 ? INTEGER : scale < 4 ? PRODUCT : MILLIS;
      boolean possible = false;
      for (int form = scale == 0 ? INTEGER : QUOTIENT; form <= last; form++) {
        int seen = 0;
        int wrong = 0;
        for (int i = from; i < from + n && wrong <= 2; i += stride) {
          double v = values[i];
          if (Math.abs(v) <= Double.MAX_VALUE) {
            seen++;
            wrong += fits(v, form, scale) ? 0 : 1;
            possible |= Math.abs(v * POWER[scale]) <= MOST;
          }
        }
        if (seen > 0 && wrong <= Math.min(2, seen / 4)) {
          int misses = convert(values, from, n, form, scale, integers, missed);
          if (misses >= 0) {
            return form | scale << 4 | misses << 16;
          }
        }
      }
      if (!possible) {
        return -1;
      }
    }
    return -1;
  }

  private static int convert(
      double[] values, int from, int n, int form, int scale, long[] integers, int[] missed) {
    int most = mostMisses(n);
    int misses = 0;
    for (int i = 0; i < n; i++) {
      double v = values[from + i];
      double l = Math.rint(v * POWER[scale]);
      long integer = (long) l;
      integers[i] = integer;
      if (Double.doubleToRawLongBits(value(integer, form, scale)) != Double.doubleToRawLongBits(v)
          || Math.abs(l) > MOST) {
        if (misses == most) {
          return -1;
        }
        missed[misses++] = i;
      }
    }
    return misses;
  }
}
