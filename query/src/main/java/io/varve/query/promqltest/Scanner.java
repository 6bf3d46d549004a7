package io.varve.query.promqltest;

/** Reads numbers, durations and words from a line of a script, and knows where it is. */
final class Scanner {
  private final String line;
  private final int number;
  private final int indent;
  private int at;

  /**
   * @param number of the line in its script
   * @param indent how many characters were cut off before the text
   */
  Scanner(String line, int number, int indent) {
    this.line = line;
    this.number = number;
    this.indent = indent;
  }

  /** Over a text that stands in a line from a column on. */
  Scanner inner(String text, int from) {
    return new Scanner(text, number, indent + from);
  }

  int at() {
    return at;
  }

  boolean atEnd() {
    return at >= line.length();
  }

  void space() {
    while (at < line.length() && Character.isWhitespace(line.charAt(at))) {
      at++;
    }
  }

  boolean atSpace() {
    return atEnd() || Character.isWhitespace(line.charAt(at));
  }

  boolean peek(String text) {
    return line.startsWith(text, at);
  }

  boolean take(String text) {
    if (peek(text)) {
      at += text.length();
      return true;
    }
    return false;
  }

  String rest() {
    return line.substring(at);
  }

  /** Text up to and including an end mark. */
  String upTo(String mark) {
    int end = line.indexOf(mark, at);
    if (end < 0) {
      throw error("missing " + mark);
    }
    String text = line.substring(at, end + mark.length());
    at = end + mark.length();
    return text;
  }

  /** A name with labels in braces, or either of them. */
  String metric() {
    int start = at;
    while (!atSpace() && line.charAt(at) != '{' && line.charAt(at) != '@') {
      at++;
    }
    if (!atEnd() && line.charAt(at) == '{') {
      char quote = 0;
      for (; !atEnd(); at++) {
        char c = line.charAt(at);
        if (quote != 0) {
          if (c == '\\' && quote != '`') {
            at++;
          } else if (c == quote) {
            quote = 0;
          }
        } else if (c == '"' || c == '\'' || c == '`') {
          quote = c;
        } else if (c == '}') {
          at++;
          break;
        }
      }
    }
    return line.substring(start, at);
  }

  int integer() {
    int start = at;
    while (!atEnd() && Character.isDigit(line.charAt(at))) {
      at++;
    }
    try {
      return Integer.parseInt(line.substring(start, at));
    } catch (NumberFormatException e) {
      throw error("expected a count");
    }
  }

  /** A number with sign, or a duration in seconds. */
  double number() {
    double sign = 1;
    if (take("-")) {
      sign = -1;
    } else {
      take("+");
    }
    for (String word : new String[] {"Inf", "inf", "INF"}) {
      if (take(word)) {
        return sign * Double.POSITIVE_INFINITY;
      }
    }
    for (String word : new String[] {"NaN", "nan"}) {
      if (take(word)) {
        return Double.NaN;
      }
    }
    int start = at;
    digits();
    if (take(".")) {
      digits();
    }
    if (!atEnd() && (line.charAt(at) == 'e' || line.charAt(at) == 'E')) {
      at++;
      if (!take("+")) {
        take("-");
      }
      digits();
    }
    if (start == at) {
      throw error("expected a number");
    }
    double value = parse(start);
    double seconds = 0;
    boolean duration = false;
    while (true) {
      double unit = unit();
      if (unit == 0 && duration) {
        throw error("expected a unit of time");
      }
      if (unit == 0) {
        break;
      }
      duration = true;
      seconds += value * unit;
      start = at;
      digits();
      if (start == at) {
        break;
      }
      value = parse(start);
    }
    return sign * (duration ? seconds : value);
  }

  private double parse(int start) {
    try {
      return Double.parseDouble(line.substring(start, at));
    } catch (NumberFormatException e) {
      throw error("not a number: " + line.substring(start, at));
    }
  }

  private void digits() {
    while (!atEnd() && Character.isDigit(line.charAt(at))) {
      at++;
    }
  }

  private double unit() {
    if (take("ms")) {
      return 0.001;
    }
    if (take("s")) {
      return 1;
    }
    if (take("m")) {
      return 60;
    }
    if (take("h")) {
      return 3600;
    }
    if (take("d")) {
      return 86400;
    }
    if (take("w")) {
      return 7 * 86400;
    }
    if (take("y")) {
      return 365 * 86400;
    }
    return 0;
  }

  ScriptException error(String problem) {
    return new ScriptException(number, indent + at + 1, problem);
  }

  /** A time or duration in milliseconds that is all of the text. */
  long millis() {
    space();
    double seconds = number();
    space();
    if (!atEnd()) {
      throw error("not a duration: " + line);
    }
    return Math.round(seconds * 1000);
  }
}
