package io.varve.query.function;

/**
 * Arithmetic where Go's {@code math} package and Java's {@link Math} answer differently, or where
 * Java has nothing. Results follow Go.
 */
public final class Numbers {
  private static final double LN2 = 0.6931471805599453;
  private static final double LN10 = 2.302585092994046;
  private static final double TWO_TO_28 = 1 << 28;
  private static final double TWO_TO_MINUS_28 = 1.0 / (1 << 28);

  /** A sign-flipped NaN whose payload is the absent marker's; see {@link Absent}. */
  private static final double QUIET = Double.longBitsToDouble(0x7ff8000000000002L);

  private Numbers() {}

  /** Minus the value; never the absent marker. */
  public static double negate(double value) {
    double result = -value;
    return Absent.is(result) ? QUIET : result;
  }

  /** The value without its sign; never the absent marker. */
  public static double abs(double value) {
    double result = Math.abs(value);
    return Absent.is(result) ? QUIET : result;
  }

  /**
   * C's pow: {@code 1^y} is 1 and {@code (-1)^±Inf} is 1 even where Java says NaN. In all other
   * cases Java's value, which is within one unit in the last place of the exact one.
   */
  public static double pow(double base, double exponent) {
    if (base == 1) {
      return 1;
    }
    if (base == -1 && Double.isInfinite(exponent)) {
      return 1;
    }
    return Math.pow(base, exponent);
  }

  /** Binary logarithm, exact for powers of two. */
  public static double log2(double value) {
    if (!(value > 0) || value == Double.POSITIVE_INFINITY) {
      return StrictMath.log(value);
    }
    int exponent = Math.getExponent(value);
    double scaled = value;
    if (exponent < Double.MIN_EXPONENT) {
      scaled = value * 0x1p54;
      exponent = Math.getExponent(scaled) - 54;
    }
    exponent++; // the fraction lies in [0.5, 1)
    double fraction =
        Double.longBitsToDouble(
            (Double.doubleToRawLongBits(scaled) & 0x000fffffffffffffL) | 0x3fe0000000000000L);
    if (fraction == 0.5) {
      return exponent - 1;
    }
    return StrictMath.log(fraction) * (1 / LN2) + exponent;
  }

  /** Decimal logarithm by way of the binary one, as Go does. */
  public static double log10(double value) {
    return log2(value) * (LN2 / LN10);
  }

  /** Inverse hyperbolic sine. */
  public static double asinh(double x) {
    if (Double.isNaN(x) || Double.isInfinite(x)) {
      return x;
    }
    double a = Math.abs(x);
    double result;
    if (a > TWO_TO_28) {
      result = StrictMath.log(a) + LN2;
    } else if (a > 2) {
      result = StrictMath.log(2 * a + 1 / (Math.sqrt(a * a + 1) + a));
    } else if (a < TWO_TO_MINUS_28) {
      result = a;
    } else {
      result = StrictMath.log1p(a + a * a / (1 + Math.sqrt(1 + a * a)));
    }
    return Math.copySign(result, x);
  }

  /** Inverse hyperbolic cosine; NaN below 1. */
  public static double acosh(double x) {
    if (x < 1 || Double.isNaN(x)) {
      return Double.NaN;
    }
    if (x == 1) {
      return 0;
    }
    if (x >= TWO_TO_28) {
      return StrictMath.log(x) + LN2;
    }
    if (x > 2) {
      return StrictMath.log(2 * x - 1 / (x + Math.sqrt(x * x - 1)));
    }
    double t = x - 1;
    return StrictMath.log1p(t + Math.sqrt(2 * t + t * t));
  }

  /** Inverse hyperbolic tangent; NaN outside of [−1, 1]. */
  public static double atanh(double x) {
    if (x < -1 || x > 1 || Double.isNaN(x)) {
      return Double.NaN;
    }
    double a = Math.abs(x);
    double result;
    if (a == 1) {
      result = Double.POSITIVE_INFINITY;
    } else if (a < TWO_TO_MINUS_28) {
      result = a;
    } else if (a < 0.5) {
      double twice = a + a;
      result = 0.5 * StrictMath.log1p(twice + twice * a / (1 - a));
    } else {
      result = 0.5 * StrictMath.log1p((a + a) / (1 - a));
    }
    return Math.copySign(result, x);
  }

  /** The greater one; +Inf beats even NaN. */
  public static double max(double a, double b) {
    if (a == Double.POSITIVE_INFINITY || b == Double.POSITIVE_INFINITY) {
      return Double.POSITIVE_INFINITY;
    }
    return Math.max(a, b);
  }

  /** The smaller one; −Inf beats even NaN. */
  public static double min(double a, double b) {
    if (a == Double.NEGATIVE_INFINITY || b == Double.NEGATIVE_INFINITY) {
      return Double.NEGATIVE_INFINITY;
    }
    return Math.min(a, b);
  }

  /**
   * A double as an integer, truncated; what does not fit is the smallest integer, as amd64
   * converts.
   */
  public static long truncate(double value) {
    return value >= -0x1p63 && value < 0x1p63 ? (long) value : Long.MIN_VALUE;
  }

  /** True if two values are equal but for numerical noise of this relative size. */
  static boolean almostEqual(double a, double b, double tolerance) {
    if (Double.isNaN(a) && Double.isNaN(b)) {
      return true;
    }
    if (a == b) {
      return true;
    }
    double sum = Math.abs(a) + Math.abs(b);
    double difference = Math.abs(a - b);
    if (a == 0 || b == 0 || sum < Double.MIN_NORMAL) {
      return difference < tolerance * Double.MIN_NORMAL;
    }
    return difference / Math.min(sum, Double.MAX_VALUE) < tolerance;
  }
}
