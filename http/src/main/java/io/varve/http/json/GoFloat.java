package io.varve.http.json;

import java.util.Arrays;
import java.util.OptionalDouble;
import java.util.regex.Pattern;

/**
 * Numbers as Go prints them, which is what every client of Prometheus' API reads: always the
 * shortest decimal digits that read back as the same double, in one of three layouts.
 *
 * <p>The digits are those of {@link Double#toString(double)}, which has given the shortest ones
 * since JDK 19; only their layout differs. Integers below 2^53, which most samples are, need no
 * digits search at all.
 */
public final class GoFloat {
  /** Room that {@link #write} may need: sign, 21 digits or 17 digits with point and exponent. */
  public static final int MOST_CHARS = 32;

  private static final double EXACT_INTEGERS = 0x1p53;

  /** Of a long. */
  private static final int MOST_DIGITS = 19;

  private static final double[] POWERS_OF_TEN = {
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15
  };

  private static final Pattern DECIMAL =
      Pattern.compile("[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?");
  private static final Pattern HEX =
      Pattern.compile("[+-]?0[xX](\\p{XDigit}+\\.?\\p{XDigit}*|\\.\\p{XDigit}+)[pP][+-]?\\d+");
  private static final Pattern INFINITY = Pattern.compile("(?i)[+-]?inf(inity)?");
  private static final Pattern NAN = Pattern.compile("(?i)nan");

  private GoFloat() {}

  /** The number that a text is in Go's syntax; empty if it is none, or too large for a double. */
  public static OptionalDouble parse(String text) {
    double plain = plainDecimal(text);
    if (plain >= 0) {
      return OptionalDouble.of(plain);
    }
    if (DECIMAL.matcher(text).matches() || HEX.matcher(text).matches()) {
      double value = Double.parseDouble(text);
      return Double.isInfinite(value) ? OptionalDouble.empty() : OptionalDouble.of(value);
    }
    if (INFINITY.matcher(text).matches()) {
      return OptionalDouble.of(
          text.startsWith("-") ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY);
    }
    return NAN.matcher(text).matches() ? OptionalDouble.of(Double.NaN) : OptionalDouble.empty();
  }

  /**
   * Digits with at most one point between them that are an integer of 53 bits over a power of ten
   * of 53 bits, which is what times mostly are: both are doubles, so their quotient is the nearest
   * double (W. Clinger, How to Read Floating Point Numbers Accurately, 1990). −1 for other texts.
   */
  private static double plainDecimal(String text) {
    int length = text.length();
    int point = length;
    long digits = 0;
    for (int i = 0; i < length; i++) {
      char c = text.charAt(i);
      if (c == '.' && point == length && i > 0 && i < length - 1) {
        point = i;
      } else if (c < '0' || c > '9' || digits >= 1L << 49) {
        return -1;
      } else {
        digits = digits * 10 + (c - '0');
      }
    }
    int decimals = Math.max(0, length - 1 - point);
    if (length == 0 || decimals >= POWERS_OF_TEN.length) {
      return -1;
    }
    return digits / POWERS_OF_TEN[decimals];
  }

  /** How digits and exponent are laid out. */
  private enum Layout {
    /** Plain, but with an exponent below 1e-6 and from 1e21: sample values. */
    SAMPLE,
    /** Never an exponent, Go's format 'f' with precision −1: scalars. */
    PLAIN,
    /** Always an exponent, Go's format 'e' with precision −1: values of alerts. */
    EXPONENT
  }

  /** As a sample value: {@code 1}, {@code 0.000001}, {@code 1e-07}, {@code 1e+21}, {@code +Inf}. */
  public static String sample(double value) {
    return lay(value, Layout.SAMPLE);
  }

  /** Without exponent whatever the size: {@code 0.0000001}. */
  public static String plain(double value) {
    return lay(value, Layout.PLAIN);
  }

  /** With an exponent whatever the size: {@code 1e+00}. */
  public static String exponent(double value) {
    return lay(value, Layout.EXPONENT);
  }

  /**
   * Writes a sample value in the form of {@link #sample}.
   *
   * @param into with room for {@link #MOST_CHARS} more
   * @return the position after it
   */
  public static int write(double value, byte[] into, int position) {
    if (value == Math.rint(value) && Math.abs(value) < EXACT_INTEGERS && !negativeZero(value)) {
      return writeLong((long) value, into, position);
    }
    double size = Math.abs(value);
    if (size < 1e-6 || !(size < 1e21)) {
      return put(sample(value), into, position);
    }
    String text = Double.toString(value);
    // Java writes what is between 1e-3 and 1e7 plainly, too.
    return size >= 1e-3 && size < 1e7
        ? put(text, into, position)
        : putWithoutExponent(text, into, position);
  }

  private static int put(String text, byte[] into, int position) {
    return put(text, 0, text.length(), into, position);
  }

  /** Copies a part of a text that is ASCII. */
  @SuppressWarnings("deprecation") // for other texts; the other ways make an array first
  private static int put(String text, int from, int to, byte[] into, int position) {
    text.getBytes(from, to, into, position);
    return position + to - from;
  }

  /** Copies {@code d.dddE±n}, with the point where the exponent says. */
  private static int putWithoutExponent(String text, byte[] into, int position) {
    int point = text.charAt(0) == '-' ? 2 : 1;
    int e = text.indexOf('E', point);
    int exponent = Integer.parseInt(text, e + 1, text.length(), 10);
    int from = point + 1;
    int to = e - from == 1 && text.charAt(from) == '0' ? from : e; // a lone zero is no digit
    int p = put(text, 0, point - 1, into, position);
    if (exponent < 0) {
      into[p++] = '0';
      into[p++] = '.';
      p = putZeros(-exponent - 1, into, p);
      p = put(text, point - 1, point, into, p);
      return put(text, from, to, into, p);
    }
    p = put(text, point - 1, point, into, p);
    int middle = Math.min(to, from + exponent);
    p = put(text, from, middle, into, p);
    p = putZeros(exponent - (middle - from), into, p);
    if (middle < to) {
      into[p++] = '.';
      p = put(text, middle, to, into, p);
    }
    return p;
  }

  private static int putZeros(int count, byte[] into, int position) {
    Arrays.fill(into, position, position + count, (byte) '0');
    return position + count;
  }

  /**
   * Writes a time as the API's number of seconds: with exactly three decimals, or none for a whole
   * second.
   *
   * @param into with room for {@link #MOST_CHARS} more
   * @return the position after it
   */
  public static int writeSeconds(long millis, byte[] into, int position) {
    int p = position;
    long seconds = millis / 1000;
    int rest = (int) (millis % 1000);
    if (rest < 0) {
      rest = -rest;
      if (seconds == 0) {
        into[p++] = '-';
      }
    }
    p = writeLong(seconds, into, p);
    if (rest != 0) {
      into[p++] = '.';
      into[p++] = (byte) ('0' + rest / 100);
      into[p++] = (byte) ('0' + rest / 10 % 10);
      into[p++] = (byte) ('0' + rest % 10);
    }
    return p;
  }

  private static int writeLong(long value, byte[] into, int position) {
    int p = position;
    if (value < 0) {
      if (value == Long.MIN_VALUE) {
        return put(Long.toString(value), into, p);
      }
      into[p++] = '-';
      value = -value;
    }
    int end = p + digits(value);
    int at = end;
    while (value >= 100) {
      long hundreds = value / 100;
      int pair = (int) (value - 100 * hundreds);
      into[--at] = (byte) ('0' + pair % 10);
      into[--at] = (byte) ('0' + pair / 10);
      value = hundreds;
    }
    into[--at] = (byte) ('0' + value % 10);
    if (value >= 10) {
      into[--at] = (byte) ('0' + value / 10);
    }
    return end;
  }

  private static int digits(long value) {
    int digits = 1;
    for (long limit = 10; value >= limit && digits < MOST_DIGITS; limit *= 10) {
      digits++;
    }
    return digits;
  }

  private static boolean negativeZero(double value) {
    return Double.doubleToRawLongBits(value) == Long.MIN_VALUE;
  }

  private static String lay(double value, Layout layout) {
    if (Double.isNaN(value)) {
      return "NaN";
    }
    if (Double.isInfinite(value)) {
      return value > 0 ? "+Inf" : "-Inf";
    }
    StringBuilder out = new StringBuilder(MOST_CHARS);
    if (value < 0 || negativeZero(value)) {
      out.append('-');
    }
    double magnitude = Math.abs(value);
    if (magnitude == 0) {
      return out.append(layout == Layout.EXPONENT ? "0e+00" : "0").toString();
    }
    // Java's text is digits with a point, and perhaps E and an exponent: to digits × 10^exponent,
    // as d.ddd, without zeros at either end.
    String text =
        magnitude < Double.MIN_NORMAL ? shortSubnormal(magnitude) : Double.toString(magnitude);
    int e = text.indexOf('E');
    String mantissa = e < 0 ? text : text.substring(0, e);
    int exponent = e < 0 ? 0 : Integer.parseInt(text.substring(e + 1));
    int point = mantissa.indexOf('.');
    String digits = mantissa.substring(0, point) + mantissa.substring(point + 1);
    exponent += point - 1;
    int from = 0;
    while (digits.charAt(from) == '0') {
      from++;
    }
    exponent -= from;
    int to = digits.length();
    while (digits.charAt(to - 1) == '0') {
      to--;
    }
    boolean scientific =
        switch (layout) {
          case SAMPLE -> magnitude < 1e-6 || magnitude >= 1e21;
          case PLAIN -> false;
          case EXPONENT -> true;
        };
    if (scientific) {
      layExponent(digits, from, to, exponent, out);
    } else {
      layPlain(digits, from, to, exponent, out);
    }
    return out.toString();
  }

  /**
   * Java never prints fewer than two digits, and where two come closer than one it takes them even
   * if one would do: only the smallest subnormals, with their few bits, are so coarse.
   */
  private static String shortSubnormal(double magnitude) {
    String text = Double.toString(magnitude);
    int e = text.indexOf('E');
    if (e == 3 && text.charAt(2) != '0') {
      int tenths = (text.charAt(0) - '0') * 10 + text.charAt(2) - '0';
      int rounded = (tenths + 5) / 10;
      int exponent = Integer.parseInt(text.substring(e + 1)) + (rounded == 10 ? 1 : 0);
      String shorter = (rounded == 10 ? 1 : rounded) + ".0E" + exponent;
      if (Double.parseDouble(shorter) == magnitude) {
        return shorter;
      }
    }
    return text;
  }

  private static void layExponent(
      String digits, int from, int to, int exponent, StringBuilder out) {
    out.append(digits.charAt(from));
    if (to - from > 1) {
      out.append('.').append(digits, from + 1, to);
    }
    int magnitude = Math.abs(exponent);
    out.append('e').append(exponent < 0 ? '-' : '+');
    if (magnitude < 10) {
      out.append('0');
    }
    out.append(magnitude);
  }

  private static void layPlain(String digits, int from, int to, int exponent, StringBuilder out) {
    int count = to - from;
    if (exponent < 0) {
      out.append("0.").repeat("0", -exponent - 1).append(digits, from, to);
    } else if (exponent >= count - 1) {
      out.append(digits, from, to).repeat("0", exponent - count + 1);
    } else {
      out.append(digits, from, from + exponent + 1)
          .append('.')
          .append(digits, from + exponent + 1, to);
    }
  }
}
