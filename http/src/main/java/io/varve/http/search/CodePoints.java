package io.varve.http.search;

/**
 * The code points of one text after another, in memory that is used again. For one thread; holds
 * what it was last set to.
 */
final class CodePoints {
  private int[] points = new int[64];
  private int size;

  CodePoints() {}

  /**
   * Holds a text from now on.
   *
   * @param fold whether capital letters become small ones, each by itself whatever the language
   */
  void set(String text, boolean fold) {
    if (points.length < text.length()) {
      points = new int[Math.max(text.length(), 2 * points.length)];
    }
    size = 0;
    for (int i = 0; i < text.length(); ) {
      int point = text.codePointAt(i);
      i += Character.charCount(point);
      points[size++] = fold ? Character.toLowerCase(point) : point;
    }
  }

  int size() {
    return size;
  }

  int at(int index) {
    return points[index];
  }

  /** True if this begins with another. */
  boolean startsWith(CodePoints prefix) {
    return matchesAt(prefix, 0);
  }

  /** Where another begins in this for the first time; −1 if nowhere. */
  int indexOf(CodePoints part) {
    for (int i = 0; i <= size - part.size; i++) {
      if (matchesAt(part, i)) {
        return i;
      }
    }
    return -1;
  }

  private boolean matchesAt(CodePoints part, int from) {
    if (part.size > size - from) {
      return false;
    }
    for (int i = 0; i < part.size; i++) {
      if (points[from + i] != part.points[i]) {
        return false;
      }
    }
    return true;
  }
}
