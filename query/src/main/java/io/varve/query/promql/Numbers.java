package io.varve.query.promql;

/**
 * Values of number literals, as Go reads them: an integer in base 10, 8 (with a leading zero) or
 * 16, else a decimal fraction; underscores between digits; {@code Inf} and {@code NaN} in any case.
 */
final class Numbers {
  private Numbers() {}

  /** The value of a number token, or the seconds of a duration token. */
  static double value(Token token, TokenStream tokens) {
    try {
      return token.type() == TokenType.NUMBER
          ? parse(token.text())
          : Durations.seconds(Durations.parse(token.text()));
    } catch (IllegalArgumentException e) {
      throw tokens.error(token.position(), String.valueOf(e.getMessage()));
    }
  }

  /**
   * The value.
   *
   * @throws IllegalArgumentException if it is none; the message is Go's
   */
  static double parse(String text) {
    boolean underscoresFit = underscoresFit(text);
    String digits = text.replace("_", "");
    int base = 10;
    int from = 0;
    if (digits.startsWith("0x") || digits.startsWith("0X")) {
      base = 16;
      from = 2;
    } else if (digits.startsWith("0") && digits.length() > 1) {
      base = 8;
      from = 1;
    }
    if (underscoresFit && areDigits(digits, from, base)) {
      try {
        return Long.parseLong(digits, from, digits.length(), base);
      } catch (NumberFormatException e) {
        // more than 64 bits hold: perhaps a fraction can
      }
    }
    if (base == 16 || !underscoresFit) {
      throw invalid(text, "invalid syntax");
    }
    return fraction(text, digits);
  }

  private static double fraction(String text, String digits) {
    if (digits.equalsIgnoreCase("inf")) {
      return Double.POSITIVE_INFINITY;
    }
    if (digits.equalsIgnoreCase("nan")) {
      return Double.NaN;
    }
    double value;
    try {
      value = Double.parseDouble(digits);
    } catch (NumberFormatException e) {
      throw invalid(text, "invalid syntax");
    }
    if (Double.isInfinite(value)) {
      throw invalid(text, "value out of range");
    }
    return value;
  }

  private static boolean areDigits(String text, int from, int base) {
    for (int i = from; i < text.length(); i++) {
      if (text.charAt(i) >= 128 || Character.digit(text.charAt(i), base) < 0) {
        return false;
      }
    }
    return from < text.length();
  }

  /** True if every underscore stands between digits, or between the prefix and a digit. */
  private static boolean underscoresFit(String text) {
    if (text.indexOf('_') < 0) {
      return true;
    }
    boolean hex = text.startsWith("0x") || text.startsWith("0X");
    char before = hex ? '0' : '^';
    for (int i = hex ? 2 : 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < 128 && Character.digit(c, hex ? 16 : 10) >= 0) {
        before = '0';
      } else if (c == '_') {
        if (before != '0') {
          return false;
        }
        before = '_';
      } else {
        if (before == '_') {
          return false;
        }
        before = '!';
      }
    }
    return before != '_';
  }

  private static IllegalArgumentException invalid(String text, String why) {
    return new IllegalArgumentException(
        "error parsing number: strconv.ParseFloat: parsing " + GoText.quote(text) + ": " + why);
  }
}
