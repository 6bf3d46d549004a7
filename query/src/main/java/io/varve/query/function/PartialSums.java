package io.varve.query.function;

/**
 * Compensated sums over windows that slide along a series. A sum cannot be taken apart again
 * without changing its last bits, so nothing is ever subtracted: rows are summed in groups of
 * {@value #GROUP} once, and a long window is put together from groups and the rows at its ends.
 * Mutable; one thread.
 */
final class PartialSums {
  /** Rows of a group. */
  static final int GROUP = 64;

  private static final int SHIFT = 6;

  /** From so many rows on, putting together is less work than adding up. */
  private static final int LONG = 4 * GROUP;

  private static final double NEAR_OVERFLOW = 1e300;

  private double[] high = new double[16];
  private double[] low = new double[16];
  private int known; // groups from the first window's on

  /** Another series begins. */
  void begin(Window series) {
    int groups = series.size >> SHIFT;
    if (high.length < groups) {
      high = new double[Math.max(groups, 2 * high.length)];
      low = new double[high.length];
    }
    known = 0;
  }

  /**
   * Sums the rows of a window; those of the next one do not begin before this one's.
   *
   * @return false if it is short, or a sum on the way is not finite: it is to be added up row by
   *     row
   */
  boolean sum(Window w, KahanSum into) {
    if (w.count() < LONG) {
      return false;
    }
    int first = (w.from + GROUP - 1) >> SHIFT;
    int end = w.to >> SHIFT;
    double[] values = w.values;
    into.clear();
    addRows(values, w.from, first << SHIFT, into);
    for (int group = Math.max(known, first); group < end; group++) {
      double before = into.high;
      double lost = into.low;
      into.clear();
      addRows(values, group << SHIFT, (group + 1) << SHIFT, into);
      high[group] = into.high;
      low[group] = into.low;
      into.set(before, lost);
    }
    known = Math.max(known, end);
    for (int group = first; group < end; group++) {
      if (!(Math.abs(high[group]) < NEAR_OVERFLOW)) {
        return false; // row by row, the sum may overflow on the way
      }
      into.add(high[group]);
      into.low += low[group];
    }
    addRows(values, end << SHIFT, w.to, into);
    return Double.isFinite(into.high);
  }

  private static void addRows(double[] values, int from, int to, KahanSum into) {
    double sum = into.high;
    double lost = into.low;
    for (int i = from; i < to; i++) {
      lost = KahanSum.lowAfter(values[i], sum, lost);
      sum += values[i];
    }
    into.set(sum, lost);
  }
}
