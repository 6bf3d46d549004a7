package io.varve.engine;

import io.varve.engine.model.Histogram;
import io.varve.engine.model.SampleColumns;

/**
 * Joins rows of one series from several sources into one column in time order, one row per
 * timestamp. Sources are added from the earlier to the later in log order; where they overlap the
 * {@link DuplicatePolicy} decides. The usual case, a source that begins after everything before it,
 * costs one comparison. One thread.
 */
final class RowMerge {
  private final DuplicatePolicy policy;
  private int[] order = new int[64];
  private int[] spare = new int[64];
  private SampleColumns scratch = new SampleColumns(64);

  RowMerge(DuplicatePolicy policy) {
    this.policy = policy;
  }

  /**
   * Makes one ascending column of rows whose first {@code mark} rows are ascending and whose others
   * were appended behind them from a later source, in any order.
   */
  void settle(SampleColumns rows, int mark) {
    settle(rows, mark, false);
  }

  /**
   * The same.
   *
   * @param correction true if the appended rows take the place of others at the same times whatever
   *     the policy
   */
  void settle(SampleColumns rows, int mark, boolean correction) {
    int n = rows.size;
    boolean ascending = true;
    for (int i = Math.max(1, mark); i < n && ascending; i++) {
      ascending = rows.times[i] > rows.times[i - 1];
    }
    if (ascending) {
      return;
    }
    int tail = n - mark;
    sortTail(rows, mark, tail);
    SampleColumns out = scratch;
    out.clear();
    out.ensure(n);
    int a = 0;
    int b = 0;
    while (a < mark || b < tail) {
      if (b == tail || (a < mark && rows.times[a] < rows.times[order[b]])) {
        out.addFrom(rows, a++);
        continue;
      }
      long time = rows.times[order[b]];
      int winner = order[b++];
      while (b < tail && rows.times[order[b]] == time) {
        winner = correction ? order[b++] : later(rows, winner, order[b++]);
      }
      if (a < mark && rows.times[a] == time) {
        winner = correction ? winner : later(rows, a, winner);
        a++;
      }
      out.addFrom(rows, winner);
    }
    copyBack(out, rows);
  }

  private static void copyBack(SampleColumns from, SampleColumns to) {
    to.clear();
    to.ensure(from.size);
    for (int i = 0; i < from.size; i++) {
      to.addFrom(from, i);
    }
  }

  /** Which of two rows with the same time stays; {@code second} was logged later. */
  private int later(SampleColumns rows, int first, int second) {
    return switch (policy) {
      case LAST -> second;
      case REJECT -> first;
      case MAX -> {
        Histogram a = rows.histogram(first);
        Histogram b = rows.histogram(second);
        if (a != null || b != null) {
          yield second; // histograms have no order: the later one stays
        }
        double x = rows.values[first];
        double y = rows.values[second];
        yield Double.isNaN(x) || y > x ? second : first;
      }
    };
  }

  /** Stable merge sort of the tail's row numbers by time. */
  private void sortTail(SampleColumns rows, int mark, int tail) {
    if (order.length < tail) {
      order = new int[Integer.highestOneBit(tail) * 2];
      spare = new int[order.length];
    }
    for (int i = 0; i < tail; i++) {
      order[i] = mark + i;
    }
    long[] times = rows.times;
    for (int width = 1; width < tail; width *= 2) {
      for (int from = 0; from < tail; from += 2 * width) {
        int middle = Math.min(from + width, tail);
        int end = Math.min(from + 2 * width, tail);
        int a = from;
        int b = middle;
        for (int k = from; k < end; k++) {
          boolean left = b == end || (a < middle && times[order[a]] <= times[order[b]]);
          spare[k] = left ? order[a++] : order[b++];
        }
      }
      int[] swap = order;
      order = spare;
      spare = swap;
    }
  }

  /** Removes the rows from {@code mark} on whose times lie in one of the ranges (a, b]. */
  static void remove(SampleColumns rows, int mark, long[] ranges) {
    int kept = mark;
    for (int i = mark; i < rows.size; i++) {
      long time = rows.times[i];
      boolean gone = false;
      for (int r = 0; r < ranges.length && !gone; r += 2) {
        gone = time > ranges[r] && time <= ranges[r + 1];
      }
      if (!gone) {
        move(rows, i, kept++);
      }
    }
    rows.size = kept;
  }

  /** Cuts rows in time order to a range (start, end]. */
  static void trim(SampleColumns rows, long start, long end) {
    trim(rows, 0, start, end);
  }

  /** The same of the rows from {@code mark} on, which are in time order. */
  static void trim(SampleColumns rows, int mark, long start, long end) {
    int size = rows.size;
    if (mark == size || (rows.times[mark] > start && rows.times[size - 1] <= end)) {
      return;
    }
    int from = firstAfter(rows, mark, start);
    int to = Math.max(from, firstAfter(rows, mark, end));
    int n = to - from;
    if (from > mark && n > 0) {
      System.arraycopy(rows.times, from, rows.times, mark, n);
      System.arraycopy(rows.values, from, rows.values, mark, n);
      if (rows.histograms != null) {
        System.arraycopy(rows.histograms, from, rows.histograms, mark, n);
      }
      if (rows.starts != null) {
        System.arraycopy(rows.starts, from, rows.starts, mark, n);
      }
    }
    rows.size = mark + n;
  }

  private static int firstAfter(SampleColumns rows, int mark, long time) {
    int low = mark;
    int high = rows.size;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (rows.times[middle] > time) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  private static void move(SampleColumns rows, int from, int to) {
    if (from == to) {
      return;
    }
    rows.times[to] = rows.times[from];
    rows.values[to] = rows.values[from];
    if (rows.histograms != null) {
      rows.histograms[to] = rows.histograms[from];
    }
    if (rows.starts != null) {
      rows.starts[to] = rows.starts[from];
    }
  }
}
