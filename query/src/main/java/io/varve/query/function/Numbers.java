package io.varve.query.function;

/**
 * Arithmetic where Go's {@code math} package and Java's {@link Math} answer differently, or where
 * Java has nothing. Results follow Go.
 */
public final class Numbers {
  private static final double LN2 = 0.6931471805599453;
  private static final double LN10 = 2.302585092994046;
  private static final double EXPONENTIAL_ALONE = 21; // beyond it e^-x is below the last digit
  private static final double TWO_TO_28 = 1 << 28;
  private static final double TWO_TO_MINUS_28 = 1.0 / (1 << 28);

  private static final long QUIET_BIT = 1L << 51;

  /** A NaN in place of one that means something else; see {@link Absent}. */
  private static final double QUIET = Double.longBitsToDouble(0x7ff8000000000002L);

  private Numbers() {}

  /** Minus the value; never a signalling NaN, of which some mean something else. */
  public static double negate(double value) {
    return Double.isNaN(value) ? quiet(-value) : -value;
  }

  /** The value without its sign; never a signalling NaN, of which some mean something else. */
  public static double abs(double value) {
    double result = Math.abs(value);
    return Double.isNaN(value) ? quiet(result) : result;
  }

  private static double quiet(double nan) {
    return (Double.doubleToRawLongBits(nan) & QUIET_BIT) == 0 ? QUIET : nan;
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

  /**
   * A power of two, as Go computes it: what is left of the exponent by the polynomial of FreeBSD's
   * {@code exp}.
   */
  public static double exp2(double exponent) {
    if (Double.isNaN(exponent) || exponent > 1023.9999999999999) {
      return Double.isNaN(exponent) ? exponent : Double.POSITIVE_INFINITY;
    }
    if (exponent < -1074) {
      return 0;
    }
    int whole = (int) (exponent > 0 ? exponent + 0.5 : exponent - 0.5);
    double rest = exponent - whole;
    double high = rest * 0.6931471803691238;
    double low = -rest * 1.9082149292705877e-10;
    double r = high - low;
    double t = r * r;
    double even =
        0.16666666666666666
            + t
                * (-0.0027777777777015593
                    + t
                        * (6.613756321437934e-05
                            + t * (-1.6533902205465252e-06 + t * 4.1381367970572385e-08)));
    double c = r - t * even;
    return Math.scalb(1 - ((low - r * c / (2 - c)) - high), whole);
  }

  /** Decimal logarithm by way of the binary one, as Go does. */
  public static double log10(double value) {
    return log2(value) * (LN2 / LN10);
  }

  /** As Go's, which is infinite as soon as the exponential function is. */
  public static double sinh(double x) {
    double large = Math.abs(x);
    return large > EXPONENTIAL_ALONE ? Math.copySign(Math.exp(large) * 0.5, x) : Math.sinh(x);
  }

  /** As Go's, which is infinite as soon as the exponential function is. */
  public static double cosh(double x) {
    double large = Math.abs(x);
    return large > EXPONENTIAL_ALONE ? Math.exp(large) * 0.5 : Math.cosh(x);
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
