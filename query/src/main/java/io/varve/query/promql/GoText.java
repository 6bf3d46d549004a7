package io.varve.query.promql;

import java.io.ByteArrayOutputStream;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Numbers and strings written as Prometheus writes them, which is how Go's standard library does:
 * canonical text and messages must be the same to the letter.
 */
final class GoText {
  /** What a byte that is not UTF-8 is added to, in place of a char. */
  private static final int STRAY_BYTES = 0xDC00;

  private GoText() {}

  /** The shortest digits that name the number, never an exponent; {@code +Inf, -Inf, NaN}. */
  static String plain(double value) {
    if (!Double.isFinite(value)) {
      return special(value);
    }
    if (value == 0) {
      return 1 / value < 0 ? "-0" : "0";
    }
    String text = new BigDecimal(Double.toString(value)).toPlainString();
    if (text.indexOf('.') < 0) {
      return text;
    }
    int end = text.length();
    while (text.charAt(end - 1) == '0') {
      end--;
    }
    return text.substring(0, text.charAt(end - 1) == '.' ? end - 1 : end);
  }

  /** The shortest digits, with an exponent below 1e-4 and from 1e6 on ({@code %v}). */
  static String general(double value) {
    if (!Double.isFinite(value) || value == 0) {
      return plain(value);
    }
    BigDecimal decimal = new BigDecimal(Double.toString(value)).stripTrailingZeros();
    int exponent = decimal.precision() - decimal.scale() - 1;
    if (exponent >= -4 && exponent < 6) {
      return plain(value);
    }
    String digits = decimal.unscaledValue().abs().toString();
    StringBuilder out = new StringBuilder(value < 0 ? "-" : "").append(digits.charAt(0));
    if (digits.length() > 1) {
      out.append('.').append(digits, 1, digits.length());
    }
    out.append('e').append(exponent < 0 ? '-' : '+');
    int size = Math.abs(exponent);
    return out.append(size < 10 ? "0" : "").append(size).toString();
  }

  /** Six decimals, {@code %f}. */
  static String sixDecimals(double value) {
    return Double.isFinite(value)
        ? new BigDecimal(value).setScale(6, RoundingMode.HALF_EVEN).toPlainString()
        : special(value);
  }

  private static String special(double value) {
    return Double.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
  }

  /** In double quotes, with escapes where a character cannot be printed. */
  static String quote(String text) {
    StringBuilder out = new StringBuilder(text.length() + 2).append('"');
    for (int i = 0; i < text.length(); ) {
      int c = text.codePointAt(i);
      i += Character.charCount(c);
      escape(out, c, '"');
    }
    return out.append('"').toString();
  }

  /** In double quotes, cut after ten characters if it has more than ten bytes. */
  static String quoteShort(String text) {
    if (text.getBytes(StandardCharsets.UTF_8).length <= 10) {
      return quote(text);
    }
    int end =
        text.codePointCount(0, text.length()) <= 10
            ? text.length()
            : text.offsetByCodePoints(0, 10);
    return quote(text.substring(0, end)) + "...";
  }

  /** In single quotes; what is no character is the replacement character. */
  static String quote(int codePoint) {
    StringBuilder out = new StringBuilder().append('\'');
    escape(out, Character.isValidCodePoint(codePoint) ? codePoint : 0xFFFD, '\'');
    return out.append('\'').toString();
  }

  /** As a code point, {@code %#U}: {@code U+0041 'A'}. */
  static String unicode(int codePoint) {
    String name = String.format(Locale.ROOT, "U+%04X", codePoint);
    return isPrintable(codePoint) ? name + " '" + Character.toString(codePoint) + "'" : name;
  }

  /**
   * The text of a string literal without its quotes and escapes, which the lexer has checked. A
   * byte that is not UTF-8, as {@code \xff} may spell it, becomes a lone surrogate: U+DC00 + byte.
   */
  static String unquote(String literal) {
    String inner = literal.substring(1, literal.length() - 1);
    if (literal.charAt(0) == '`' || inner.indexOf('\\') < 0) {
      return inner;
    }
    // Escapes may spell the bytes of a character one by one.
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    int at = 0;
    while (at < inner.length()) {
      int escape = inner.indexOf('\\', at);
      int end = escape < 0 ? inner.length() : escape;
      out.writeBytes(inner.substring(at, end).getBytes(StandardCharsets.UTF_8));
      at = escape < 0 ? end : unescape(inner, escape + 1, out);
    }
    return decode(ByteBuffer.wrap(out.toByteArray()));
  }

  private static String decode(ByteBuffer bytes) {
    CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
    CharBuffer out = CharBuffer.allocate(bytes.remaining());
    while (true) {
      CoderResult result = decoder.decode(bytes, out, true);
      if (!result.isMalformed()) {
        return out.flip().toString();
      }
      for (int left = result.length(); left > 0; left--) {
        out.put((char) (STRAY_BYTES + (bytes.get() & 0xFF)));
      }
    }
  }

  /** True if no lone surrogate stands for a byte that is not UTF-8. */
  static boolean isUtf8(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        if (Character.charCount(text.codePointAt(i)) == 1) {
          return false;
        }
        i++;
      }
    }
    return true;
  }

  /** Writes what the escape whose letter stands at an index means; the index after it. */
  private static int unescape(String inner, int at, ByteArrayOutputStream out) {
    char c = inner.charAt(at);
    switch (c) {
      case 'a' -> out.write(0x07);
      case 'b' -> out.write('\b');
      case 'f' -> out.write('\f');
      case 'n' -> out.write('\n');
      case 'r' -> out.write('\r');
      case 't' -> out.write('\t');
      case 'v' -> out.write(0x0B);
      case 'x' -> out.write(Integer.parseInt(inner, at + 1, at + 3, 16));
      case 'u', 'U' -> {
        int digits = c == 'u' ? 4 : 8;
        int codePoint = Integer.parseInt(inner, at + 1, at + 1 + digits, 16);
        out.writeBytes(Character.toString(codePoint).getBytes(StandardCharsets.UTF_8));
        return at + 1 + digits;
      }
      case '0', '1', '2', '3', '4', '5', '6', '7' -> {
        out.write(Integer.parseInt(inner, at, at + 3, 8));
        return at + 3;
      }
      default -> out.write(c); // a backslash or a quote
    }
    return c == 'x' ? at + 3 : at + 1;
  }

  private static void escape(StringBuilder out, int c, char quote) {
    switch (c) {
      case '\\' -> out.append("\\\\");
      case 0x07 -> out.append("\\a");
      case '\b' -> out.append("\\b");
      case '\f' -> out.append("\\f");
      case '\n' -> out.append("\\n");
      case '\r' -> out.append("\\r");
      case '\t' -> out.append("\\t");
      case 0x0B -> out.append("\\v");
      default -> {
        if (c == quote) {
          out.append('\\').append(quote);
        } else if (c > STRAY_BYTES + 0x7F && c <= STRAY_BYTES + 0xFF) {
          out.append(String.format(Locale.ROOT, "\\x%02x", c - STRAY_BYTES));
        } else if (isPrintable(c)) {
          out.appendCodePoint(c);
        } else if (c < 0x80) {
          out.append(String.format(Locale.ROOT, "\\x%02x", c));
        } else if (c < 0x10000) {
          out.append(String.format(Locale.ROOT, "\\u%04x", c));
        } else {
          out.append(String.format(Locale.ROOT, "\\U%08x", c));
        }
      }
    }
  }

  /** True for letters, marks, numbers, punctuation, symbols and the space. */
  static boolean isPrintable(int codePoint) {
    if (codePoint < 0x80) {
      return codePoint >= ' ' && codePoint < 0x7F;
    }
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SPACE_SEPARATOR ->
          false;
      default -> true;
    };
  }
}
