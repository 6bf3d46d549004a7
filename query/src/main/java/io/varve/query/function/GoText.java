package io.varve.query.function;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;

/** Numbers and strings as Go writes and reads them, for labels and messages. */
public final class GoText {
  private GoText() {}

  /** All digits and no exponent, as {@code strconv.FormatFloat(v, 'f', -1, 64)}. */
  public static String plain(double value) {
    String special = special(value);
    if (special != null) {
      return special;
    }
    String text = new BigDecimal(Double.toString(value)).stripTrailingZeros().toPlainString();
    return value == 0 && 1 / value < 0 ? "-0" : text;
  }

  /** Shortest digits, with an exponent from 10^6 on and below 10^-4, as {@code %g}. */
  public static String general(double value) {
    String special = special(value);
    if (special != null) {
      return special;
    }
    if (value == 0) {
      return 1 / value < 0 ? "-0" : "0";
    }
    BigDecimal digits = new BigDecimal(Double.toString(value)).stripTrailingZeros();
    return general(digits, 6);
  }

  /** That many significant digits, as {@code %.<digits>g}. */
  public static String general(double value, int digits) {
    String special = special(value);
    if (special != null) {
      return special;
    }
    if (value == 0) {
      return 1 / value < 0 ? "-0" : "0";
    }
    BigDecimal rounded =
        new BigDecimal(value)
            .round(new MathContext(digits, RoundingMode.HALF_EVEN))
            .stripTrailingZeros();
    int threshold = digits;
    if (threshold > rounded.precision() && rounded.precision() >= exponent(rounded) + 1) {
      threshold = rounded.precision();
    }
    return general(rounded, threshold);
  }

  private static int exponent(BigDecimal value) {
    return value.precision() - value.scale() - 1;
  }

  private static String general(BigDecimal value, int threshold) {
    int exponent = exponent(value);
    if (exponent >= -4 && exponent < threshold) {
      return value.toPlainString();
    }
    String digits = value.unscaledValue().abs().toString();
    StringBuilder out = new StringBuilder();
    if (value.signum() < 0) {
      out.append('-');
    }
    out.append(digits.charAt(0));
    if (digits.length() > 1) {
      out.append('.').append(digits, 1, digits.length());
    }
    out.append('e').append(exponent < 0 ? '-' : '+');
    int size = Math.abs(exponent);
    if (size < 10) {
      out.append('0');
    }
    return out.append(size).toString();
  }

  /** Six digits after the point, as {@code %f}. */
  public static String fixed(double value) {
    String special = special(value);
    return special != null ? special : String.format(Locale.ROOT, "%.6f", value);
  }

  private static @org.jspecify.annotations.Nullable String special(double value) {
    if (Double.isNaN(value)) {
      return "NaN";
    }
    if (Double.isInfinite(value)) {
      return value > 0 ? "+Inf" : "-Inf";
    }
    return null;
  }

  /**
   * A number as {@code strconv.ParseFloat} reads it.
   *
   * @throws NumberFormatException if it is none, or too large for a double
   */
  public static double parseFloat(String text) {
    String bare = text;
    boolean negative = false;
    if (!bare.isEmpty() && (bare.charAt(0) == '+' || bare.charAt(0) == '-')) {
      negative = bare.charAt(0) == '-';
      bare = bare.substring(1);
    }
    String lower = bare.toLowerCase(Locale.ROOT);
    if (lower.equals("inf") || lower.equals("infinity")) {
      return negative ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
    }
    if (lower.equals("nan") && bare.length() == text.length()) {
      return Double.NaN;
    }
    boolean hex = lower.startsWith("0x");
    for (int i = hex ? 2 : 0; i < lower.length(); i++) {
      char c = lower.charAt(i);
      boolean allowed =
          (c >= '0' && c <= '9')
              || c == '.'
              || c == '+'
              || c == '-'
              || (hex ? (c >= 'a' && c <= 'f') || c == 'p' : c == 'e');
      if (!allowed) {
        throw new NumberFormatException(text); // Java would take a suffix, or space around it
      }
    }
    double value = Double.parseDouble(text);
    if (Double.isInfinite(value)) {
      throw new NumberFormatException(text);
    }
    return value;
  }

  /** A string between double quotes, as {@code %q}. */
  public static String quote(String text) {
    StringBuilder out = new StringBuilder(text.length() + 2).append('"');
    text.codePoints()
        .forEach(
            c -> {
              switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case 7 -> out.append("\\a");
                case 8 -> out.append("\\b");
                case 11 -> out.append("\\v");
                case 12 -> out.append("\\f");
                default -> {
                  if (c < 32 || c == 127) {
                    out.append(String.format(Locale.ROOT, "\\x%02x", c));
                  } else if (isPrintable(c)) {
                    out.appendCodePoint(c);
                  } else {
                    out.append(String.format(Locale.ROOT, c < 0x10000 ? "\\u%04x" : "\\U%08x", c));
                  }
                }
              }
            });
    return out.append('"').toString();
  }

  private static boolean isPrintable(int c) {
    if (c < 127) {
      return true;
    }
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.SPACE_SEPARATOR,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> true;
    };
  }
}
