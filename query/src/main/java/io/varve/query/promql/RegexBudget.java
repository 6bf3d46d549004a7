package io.varve.query.promql;

/**
 * Keeps the regular expressions of one query from costing more than a query should: RE2 runs in
 * linear time, but repetitions multiply the size of its program, and nesting costs stack.
 */
final class RegexBudget {
  private static final int MOST_DEPTH = 250;
  private static final long MOST_SIZE = 1 << 19;

  /** What a class of characters may weigh, such as {@code \p{L}}. */
  private static final int CLASS_SIZE = 64;

  private long used;

  /**
   * Adds the estimated size of an expression; does not find errors of syntax.
   *
   * @throws IllegalArgumentException if it is nested too deeply, or all together are too large
   */
  void add(String regex) {
    long[] sizes = new long[MOST_DEPTH + 1]; // of the open groups
    long atom = 0; // size of the last piece, which a repetition multiplies
    int depth = 0;
    for (int i = 0; i < regex.length(); i++) {
      switch (regex.charAt(i)) {
        case '(' -> {
          sizes[depth] += atom;
          atom = 0;
          if (++depth > MOST_DEPTH) {
            throw new IllegalArgumentException("error parsing regexp: expression nests too deeply");
          }
          sizes[depth] = 0;
        }
        case ')' -> {
          if (depth > 0) {
            atom += sizes[depth--] + 2;
          }
        }
        case '{' -> {
          int close = regex.indexOf('}', i);
          atom *= close < 0 ? 1 : repetitions(regex, i + 1, close);
        }
        case '\\' -> {
          sizes[depth] += atom;
          char letter = ++i < regex.length() ? regex.charAt(i) : 0;
          atom = Character.isLetter(letter) ? CLASS_SIZE : 1;
          if (letter == 'p' || letter == 'P') {
            int close = regex.indexOf('}', i);
            i = regex.startsWith("{", i + 1) && close > 0 ? close : i + 1;
          }
        }
        case '[' -> {
          int close = endOfClass(regex, i);
          sizes[depth] += atom;
          atom = CLASS_SIZE + (long) (close - i);
          i = close;
        }
        default -> {
          sizes[depth] += atom;
          atom = 1;
        }
      }
      // Checked at every step, so no product can overflow.
      if (used + sizes[depth] + atom > MOST_SIZE) {
        throw new IllegalArgumentException("error parsing regexp: expression too large");
      }
    }
    used += sizes[0] + atom;
  }

  /** Index of the bracket that closes a class, or of the last char. */
  private static int endOfClass(String regex, int open) {
    int i = open + 1;
    if (i < regex.length() && regex.charAt(i) == '^') {
      i++;
    }
    for (int first = i; i < regex.length(); i++) {
      char c = regex.charAt(i);
      if (c == '\\') {
        i++;
      } else if (c == '[' && regex.startsWith("[:", i)) {
        int named = regex.indexOf(":]", i + 2);
        i = named < 0 ? i : named + 1;
      } else if (c == ']' && i > first) {
        return i;
      }
    }
    return regex.length() - 1;
  }

  /** The greater count of {@code n,m}; 1 if that is no repetition. */
  private static long repetitions(String regex, int from, int to) {
    long most = 1;
    long number = 0;
    for (int i = from; i < to; i++) {
      char c = regex.charAt(i);
      if (c >= '0' && c <= '9') {
        number = Math.min(MOST_SIZE, number * 10 + (c - '0'));
      } else if (c == ',') {
        most = Math.max(most, number);
        number = 0;
      } else {
        return 1;
      }
    }
    return Math.max(most, number);
  }
}
