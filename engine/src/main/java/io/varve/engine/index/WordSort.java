package io.varve.engine.index;

/**
 * Sorts byte strings by numbers that stand for them, eight bytes at a time: a three-way quicksort
 * on machine words that reads each string once per level (J. Bentley and R. Sedgewick, Fast
 * Algorithms for Sorting and Searching Strings, 1997).
 */
final class WordSort {
  private static final int SMALL = 12;

  private WordSort() {}

  /** The strings. */
  interface Text {
    /** Eight bytes of a string from {@code at}, first byte highest, zeros after its end. */
    long word(int number, int at);

    /** Length of a string in bytes. */
    int length(int number);

    /**
     * Compares two strings, of which the first {@code at} bytes are known to be equal if both are
     * filled up with zeros: as unsigned bytes, a prefix first.
     */
    int compare(int a, int b, int at);
  }

  /**
   * Sorts {@code order[from, to)}; the strings there are equal in their first {@code depth} bytes
   * if filled up with zeros.
   *
   * @param words scratch, as long as {@code order}
   */
  static void sort(int[] order, long[] words, int from, int to, int depth, Text text) {
    if (to - from <= SMALL) {
      insert(order, from, to, depth, text);
      return;
    }
    for (int i = from; i < to; i++) {
      words[i] = text.word(order[i], depth) ^ Long.MIN_VALUE; // signed order is unsigned order now
    }
    quick(order, words, from, to, depth, text);
  }

  private static void quick(int[] order, long[] words, int from, int to, int depth, Text text) {
    while (to - from > SMALL) {
      long pivot = pivot(words, from, to);
      int less = from;
      int more = to;
      int at = from;
      while (at < more) {
        long word = words[at];
        if (word < pivot) {
          swap(order, words, at++, less++);
        } else if (word > pivot) {
          swap(order, words, at, --more);
        } else {
          at++;
        }
      }
      same(order, words, less, more, depth, text);
      // Recurse into the smaller side: the stack stays logarithmic.
      if (less - from < to - more) {
        quick(order, words, from, less, depth, text);
        from = more;
      } else {
        quick(order, words, more, to, depth, text);
        to = less;
      }
    }
    insert(order, from, to, depth, text);
  }

  /** Sorts strings that have the same eight bytes at {@code depth}. */
  private static void same(int[] order, long[] words, int from, int to, int depth, Text text) {
    int next = depth + Long.BYTES;
    for (int i = from; i < to; i++) {
      if (text.length(order[i]) > next) {
        sort(order, words, from, to, next, text);
        return;
      }
    }
    // All end here, and differ at most in how many zero bytes they end with.
    insert(order, from, to, depth, text);
  }

  private static long pivot(long[] words, int from, int to) {
    long a = words[from];
    long b = words[(from + to) >>> 1];
    long c = words[to - 1];
    return a < b ? (b < c ? b : Math.max(a, c)) : (a < c ? a : Math.max(b, c));
  }

  private static void insert(int[] order, int from, int to, int depth, Text text) {
    for (int i = from + 1; i < to; i++) {
      int moved = order[i];
      int at = i;
      while (at > from && text.compare(order[at - 1], moved, depth) > 0) {
        order[at] = order[at - 1];
        at--;
      }
      order[at] = moved;
    }
  }

  private static void swap(int[] order, long[] words, int a, int b) {
    int number = order[a];
    order[a] = order[b];
    order[b] = number;
    long word = words[a];
    words[a] = words[b];
    words[b] = word;
  }
}
