package io.varve.ingest.otlp;

import java.math.BigDecimal;
import java.math.MathContext;

/** Doubles as text, as Go writes them: the shortest digits that read back as the same double. */
final class Decimal {
  private static final double LEAST_PLAIN = 1e-6;
  private static final double LEAST_LARGE = 1e21;

  private Decimal() {}

  /** Without an exponent, however large: the values of {@code le} and {@code quantile}. */
  static String plain(double value) {
    if (Double.isNaN(value)) {
      return "NaN";
    }
    if (Double.isInfinite(value)) {
      return value > 0 ? "+Inf" : "-Inf";
    }
    if (value == 0) {
      return 1 / value < 0 ? "-0" : "0";
    }
    return digits(value).toPlainString();
  }

  /** As JSON has it: with an exponent when it is very small or very large. Finite values only. */
  static String json(double value) {
    double size = Math.abs(value);
    if (size == 0 || (size >= LEAST_PLAIN && size < LEAST_LARGE)) {
      return plain(value);
    }
    BigDecimal number = digits(value);
    String digits = number.unscaledValue().abs().toString();
    int exponent = digits.length() - 1 - number.scale();
    StringBuilder out = new StringBuilder(value < 0 ? "-" : "");
    out.append(digits.charAt(0));
    if (digits.length() > 1) {
      out.append('.').append(digits, 1, digits.length());
    }
    return out.append(exponent < 0 ? "e-" : "e+").append(Math.abs(exponent)).toString();
  }

  private static BigDecimal digits(double value) {
    BigDecimal number = new BigDecimal(Double.toString(value)).stripTrailingZeros();
    if (number.precision() == 2) {
      // Java prefers two digits that are closer to one that would do.
      BigDecimal shorter = number.round(new MathContext(1));
      if (shorter.doubleValue() == value) {
        return shorter.stripTrailingZeros();
      }
    }
    return number;
  }
}
