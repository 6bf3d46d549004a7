package io.varve.query.function;

/**
 * The samples of one series that a range function sees at one step: rows {@code [from, to)} of
 * columns that hold the series over all steps, without stale markers. Never empty when a function
 * sees it. A plain holder, moved from step to step by whoever owns it; one thread.
 */
public final class Window {
  /** Times in milliseconds, ascending, of all rows. */
  public long[] times = new long[0];

  /** Values of all rows. */
  public double[] values = new double[0];

  /** How many rows there are. */
  public int size;

  /** True if some of the values stand for histograms. */
  public boolean hasHistograms;

  /** First row of the window. */
  public int from;

  /** Row after the last one of the window. */
  public int to;

  /** The window's left bound in milliseconds, not part of it. */
  public long start;

  /** The window's right bound in milliseconds, part of it. */
  public long end;

  /** The evaluation time in milliseconds; not the same as {@link #end} with an offset. */
  public long evalTime;

  /** The function's first scalar argument at this step. */
  public double first;

  /** The function's second scalar argument at this step. */
  public double second;

  /**
   * Rows that {@link #to} and {@link #from} moved by last: the next step is likely to be as far.
   */
  private int lastTo;

  private int lastFrom;

  /** No samples. */
  public Window() {}

  /** Goes back to before the first row, as for samples that were put in anew. */
  public void rewind() {
    from = 0;
    to = 0;
    lastTo = 0;
    lastFrom = 0;
  }

  /** Moves on to the rows in (start, end], neither of which is before that of the last move. */
  public void move(long start, long end) {
    this.start = start;
    this.end = end;
    int before = to;
    to = firstAfter(times, before, size, end, lastTo);
    lastTo = to - before;
    before = from;
    from = firstAfter(times, before, to, start, lastFrom);
    lastFrom = from - before;
  }

  /**
   * The first of the rows {@code [from, size)} whose time is after a limit, {@code size} if none
   * is.
   *
   * @param guess how many rows from {@code from} on are not, if all goes on as it did
   */
  static int firstAfter(long[] times, int from, int size, long limit, int guess) {
    int low = from; // nothing before it is after the limit
    int high = size; // everything from here on is
    int at = from + guess;
    int stride = 1;
    if (at >= size || times[at] > limit) {
      high = Math.min(at, size);
      for (at = high - 1; at >= low; at -= stride, stride += stride) {
        if (times[at] <= limit) {
          low = at + 1;
          break;
        }
        high = at;
      }
    } else {
      do {
        low = at + 1;
        at += stride;
        stride += stride;
      } while (at < size && times[at] <= limit);
      high = Math.min(at, size);
    }
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (times[middle] <= limit) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** Samples in the window. */
  public int count() {
    return to - from;
  }
}
