package io.varve.retention.rules.template;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Values as Go's package fmt writes them. */
final class GoFormat {
  private GoFormat() {}

  /** A number of a template: a long if it is whole, else a double. */
  static Object number(String text) {
    try {
      String plain = text.replace("_", "");
      if (plain.matches("[+-]?0[xX][0-9a-fA-F]+")) {
        return Long.decode(plain);
      }
      if (plain.matches("[+-]?[0-9]+")) {
        return Long.parseLong(plain);
      }
      return Double.parseDouble(plain);
    } catch (NumberFormatException e) {
      throw new TemplateException("bad number syntax: \"" + text + "\"");
    }
  }

  /** {@code %v}. */
  static String plain(@Nullable Object value) {
    return switch (value) {
      case null -> "<no value>";
      case Double d -> general(d, -1);
      case Map<?, ?> map ->
          new TreeMap<>(map)
              .entrySet().stream()
                  .map(e -> plain(e.getKey()) + ":" + plain(e.getValue()))
                  .collect(Collectors.joining(" ", "map[", "]"));
      case List<?> list ->
          list.stream().map(GoFormat::plain).collect(Collectors.joining(" ", "[", "]"));
      case Sample sample -> "{" + plain(sample.labels()) + " " + plain(sample.value()) + "}";
      default -> value.toString();
    };
  }

  /** {@code %.<digits>g}; the fewest digits that tell the number if negative. */
  static String general(double value, int digits) {
    if (Double.isNaN(value)) {
      return "NaN";
    }
    if (Double.isInfinite(value)) {
      return value > 0 ? "+Inf" : "-Inf";
    }
    if (value == 0) {
      return 1 / value < 0 ? "-0" : "0";
    }
    BigDecimal decimal =
        digits < 0
            ? new BigDecimal(Double.toString(value)).stripTrailingZeros()
            : new BigDecimal(value)
                .round(new MathContext(Math.max(1, digits), RoundingMode.HALF_EVEN))
                .stripTrailingZeros();
    int exponent = decimal.precision() - decimal.scale() - 1;
    int most = digits < 0 ? 6 : Math.max(1, digits);
    if (digits >= 0 && most > decimal.precision() && decimal.precision() >= exponent + 1) {
      most = decimal.precision();
    }
    if (exponent >= -4 && exponent < most) {
      return decimal.toPlainString();
    }
    return scientific(decimal, decimal.precision() - 1, exponent, 'e');
  }

  private static String scientific(BigDecimal decimal, int fraction, int exponent, char letter) {
    String digits = decimal.unscaledValue().abs().toString();
    StringBuilder out = new StringBuilder(decimal.signum() < 0 ? "-" : "");
    out.append(digits.charAt(0));
    if (fraction > 0) {
      out.append('.').append(digits, 1, digits.length());
      out.append("0".repeat(Math.max(0, fraction - digits.length() + 1)));
    }
    out.append(letter).append(exponent < 0 ? '-' : '+');
    return out.append(String.format(Locale.ROOT, "%02d", Math.abs(exponent))).toString();
  }

  /** {@code fmt.Sprintf}. */
  static String printf(String format, List<@Nullable Object> arguments) {
    StringBuilder out = new StringBuilder();
    int next = 0;
    for (int i = 0; i < format.length(); i++) {
      char c = format.charAt(i);
      if (c != '%') {
        out.append(c);
        continue;
      }
      int start = ++i;
      while (i < format.length() && "+-# 0".indexOf(format.charAt(i)) >= 0) {
        i++;
      }
      final String flags = format.substring(start, i);
      int widthStart = i;
      while (i < format.length() && Character.isDigit(format.charAt(i))) {
        i++;
      }
      final int width = bounded(format.substring(widthStart, i));
      int precision = -1;
      if (i < format.length() && format.charAt(i) == '.') {
        int precisionStart = ++i;
        while (i < format.length() && Character.isDigit(format.charAt(i))) {
          i++;
        }
        precision = bounded(format.substring(precisionStart, i));
      }
      if (i >= format.length()) {
        out.append("%!(NOVERB)");
        break;
      }
      char verb = format.charAt(i);
      if (verb == '%') {
        out.append('%');
        continue;
      }
      if (next >= arguments.size()) {
        out.append("%!").append(verb).append("(MISSING)");
        continue;
      }
      pad(out, formatted(verb, flags, precision, arguments.get(next++)), flags, width);
    }
    if (next < arguments.size()) {
      out.append("%!(EXTRA ");
      for (int i = next; i < arguments.size(); i++) {
        out.append(i > next ? ", " : "").append(typed(arguments.get(i)));
      }
      out.append(')');
    }
    return out.toString();
  }

  private static int bounded(String digits) {
    if (digits.length() > 3) {
      throw new TemplateException("a width or precision of printf is too large");
    }
    return digits.isEmpty() ? 0 : Integer.parseInt(digits);
  }

  private static void pad(StringBuilder out, String text, String flags, int width) {
    int missing = width - text.codePointCount(0, text.length());
    if (missing <= 0) {
      out.append(text);
    } else if (flags.contains("-")) {
      out.append(text).append(" ".repeat(missing));
    } else if (flags.contains("0") && !text.isEmpty()) {
      boolean sign = text.charAt(0) == '-' || text.charAt(0) == '+';
      out.append(sign ? text.substring(0, 1) : "")
          .append("0".repeat(missing))
          .append(sign ? text.substring(1) : text);
    } else {
      out.append(" ".repeat(missing)).append(text);
    }
  }

  private static String formatted(char verb, String flags, int precision, @Nullable Object value) {
    String plus = flags.contains("+") ? "+" : "";
    return switch (value) {
      case Double d when "feEgGv".indexOf(verb) >= 0 -> {
        String text = real(verb, precision, d);
        yield d >= 0 && !text.startsWith("+") ? plus + text : text;
      }
      case Long l when verb == 'd' || verb == 'v' -> l >= 0 ? plus + l : l.toString();
      case Long l when verb == 'x' -> Long.toHexString(l);
      case Long l when verb == 'c' -> Character.toString(l.intValue());
      case String s when verb == 's' || verb == 'v' ->
          precision >= 0 && precision < s.length() ? s.substring(0, precision) : s;
      case String s when verb == 'q' -> quote(s);
      case Boolean b when verb == 't' || verb == 'v' -> b.toString();
      case null -> "%!" + verb + "(<nil>)";
      default -> {
        if (verb == 'v'
            || (verb == 's' && !(value instanceof Number || value instanceof Boolean))) {
          yield plain(value);
        }
        yield "%!" + verb + "(" + typed(value) + ")";
      }
    };
  }

  private static String real(char verb, int precision, double value) {
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      return general(value, -1);
    }
    BigDecimal exact = new BigDecimal(value);
    return switch (verb) {
      case 'f' ->
          (1 / value < 0 && value == 0 ? "-" : "")
              + exact
                  .setScale(precision < 0 ? 6 : precision, RoundingMode.HALF_EVEN)
                  .toPlainString();
      case 'e', 'E' -> {
        int digits = precision < 0 ? 6 : precision;
        if (value == 0) {
          yield "0" + (digits > 0 ? "." + "0".repeat(digits) : "") + verb + "+00";
        }
        BigDecimal rounded = exact.round(new MathContext(digits + 1, RoundingMode.HALF_EVEN));
        yield scientific(rounded, digits, rounded.precision() - rounded.scale() - 1, verb);
      }
      default -> general(value, precision);
    };
  }

  private static String typed(@Nullable Object value) {
    return switch (value) {
      case null -> "<nil>";
      case String s -> "string=" + s;
      case Double d -> "float64=" + plain(d);
      case Long l -> "int=" + l;
      case Boolean b -> "bool=" + b;
      default -> plain(value);
    };
  }

  /** {@code %q}. */
  static String quote(String text) {
    StringBuilder out = new StringBuilder("\"");
    text.chars()
        .forEach(
            c -> {
              switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\t' -> out.append("\\t");
                case '\r' -> out.append("\\r");
                default -> out.append((char) c);
              }
            });
    return out.append('"').toString();
  }
}
