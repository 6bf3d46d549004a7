package io.varve.query.promql;

/**
 * Keeps the regular expressions of one request from costing more than a request should. RE2 matches
 * in linear time, but repetitions multiply the size of its program, nesting costs stack, and RE2/J
 * takes a time to compile that grows with the square of the length: lists of plain alternatives
 * take the least, classes the most (16 Ki chars of them half a second). Not thread-safe.
 */
public final class RegexBudget {
  private static final int MOST_DEPTH = 250;
  private static final long MOST_SIZE = 1 << 18;

  /** The square of 16 Ki chars. */
  private static final long MOST_TIME = 1 << 28;

  /** What a class of characters may weigh, such as {@code \p{L}}. */
  private static final int CLASS_SIZE = 64;

  /** The longest name of a class, with what stands around it. */
  private static final int LONGEST_NAME = 64;

  private long usedSize;
  private long usedTime;

  /** Of a request that has named no expression yet. */
  public RegexBudget() {}

  /**
   * Adds the estimated size of an expression; does not find errors of syntax.
   *
   * @throws IllegalArgumentException if it is nested too deeply, or all together are too large
   */
  public void add(String regex) {
    usedTime += time(regex);
    if (usedTime > MOST_TIME) {
      throw tooLarge();
    }
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
          atom *= repetitions(regex, i + 1);
        }
        case '\\' -> {
          sizes[depth] += atom;
          char letter = ++i < regex.length() ? regex.charAt(i) : 0;
          atom = Character.isLetter(letter) ? CLASS_SIZE : 1;
          if (letter == 'p' || letter == 'P') {
            i = regex.startsWith("{", i + 1) ? near(regex, "}", i) : i + 1;
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
      if (usedSize + sizes[depth] + atom > MOST_SIZE) {
        throw tooLarge();
      }
    }
    usedSize += sizes[0] + atom;
  }

  private static IllegalArgumentException tooLarge() {
    return new IllegalArgumentException("error parsing regexp: expression too large");
  }

  /** Time to compile, relative to the square of the length; lists of names are cheap. */
  private static long time(String regex) {
    int shift = 6;
    for (int i = 0; i < regex.length(); i++) {
      char c = regex.charAt(i);
      if (c == '.') {
        shift = Math.min(shift, 4);
      } else if (c == '\\' && i + 1 < regex.length()) {
        shift = Character.isLetterOrDigit(regex.charAt(++i)) ? 0 : shift;
      } else if ("*+?[]{}()^$".indexOf(c) >= 0) {
        shift = 0;
      }
    }
    return ((long) regex.length() * regex.length()) >> shift;
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
        i = near(regex, ":]", i);
      } else if (c == ']' && i > first) {
        return i;
      }
    }
    return regex.length() - 1;
  }

  /** Where a short name ends that begins at an index; the index itself if it does not. */
  private static int near(String regex, String end, int at) {
    int found = regex.indexOf(end, at, Math.min(regex.length(), at + LONGEST_NAME));
    return found < 0 ? at : found + end.length() - 1;
  }

  /** The greater count of a repetition {@code n,m}; 1 if it is none. */
  private static long repetitions(String regex, int from) {
    long most = 1;
    long number = 0;
    for (int i = from; i < regex.length(); i++) {
      char c = regex.charAt(i);
      if (c >= '0' && c <= '9') {
        number = Math.min(MOST_SIZE, number * 10 + (c - '0'));
      } else if (c == ',') {
        most = Math.max(most, number);
        number = 0;
      } else {
        return c == '}' ? Math.max(most, number) : 1;
      }
    }
    return 1;
  }
}
