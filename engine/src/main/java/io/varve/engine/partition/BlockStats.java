package io.varve.engine.partition;

import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.StaleMarker;

/**
 * The aggregates of one block, as its chunk file's directory keeps them: over all float values that
 * are not stale markers. A plain holder, reused. A block with start timestamps, or with a value
 * that is neither finite nor a stale marker, or of histograms, has none.
 */
public final class BlockStats {
  /** Values, stale markers not included. */
  public long count;

  /** Stale markers. */
  public long staleCount;

  /** Time of the first value, milliseconds since the epoch; 0 when {@link #count} is 0. */
  public long firstTime;

  /** The first value, 0 without one. */
  public double first;

  /** Time of the last value, milliseconds since the epoch; 0 when {@link #count} is 0. */
  public long lastTime;

  /** The last value, 0 without one. */
  public double last;

  /** The smallest value, +Inf without one. */
  public double min;

  /** The largest value, −Inf without one. */
  public double max;

  /** The sum of the values, rounded to a double. */
  public double sum;

  /** What the rounding of {@link #sum} left out; a chunk file keeps it to 1/256 of sum's ulp. */
  public double sumLow;

  /** How many values are strictly smaller than the value before them. */
  public long resets;

  /** Sum of the values before those: what a counter's increase adds to last − first. */
  public double resetCorrection;

  /** An empty holder. */
  public BlockStats() {
    clear();
  }

  /** Back to "no values". */
  public void clear() {
    count = 0;
    staleCount = 0;
    firstTime = 0;
    first = 0;
    lastTime = 0;
    last = 0;
    min = Double.POSITIVE_INFINITY;
    max = Double.NEGATIVE_INFINITY;
    sum = 0;
    sumLow = 0;
    resets = 0;
    resetCorrection = 0;
  }

  /**
   * Puts what costs nothing to store in place of some aggregates.
   *
   * @param lacks which, as {@link ChunkReader#LACKS_FIRST} and the like
   */
  public void forget(int lacks) {
    if ((lacks & ChunkReader.LACKS_FIRST) != 0) {
      first = last;
    }
    if ((lacks & ChunkReader.LACKS_RESETS) != 0) {
      resets = 0;
      resetCorrection = 0;
    }
    // Without bounds of its own, a cell that ends as it began would look constant: its sum known,
    // and without resets.
    boolean endsAsItBegan = Double.doubleToRawLongBits(first) == Double.doubleToRawLongBits(last);
    boolean more = resets > 0 || (lacks & ChunkReader.LACKS_SUM) == 0;
    if ((lacks & ChunkReader.LACKS_BOUNDS) != 0 && !(endsAsItBegan && more)) {
      min = Math.min(first, last);
      max = Math.max(first, last);
    }
    if ((lacks & ChunkReader.LACKS_SUM) != 0) {
      sum = StatsPageBuilder.foretoldSum(this);
      sumLow = 0;
    }
  }

  /**
   * Fills this holder from float rows.
   *
   * @return false if these rows have no aggregates: a start timestamp, or a value that is neither
   *     finite nor a stale marker, or a sum beyond the largest double; the holder is garbage then
   */
  public boolean collect(SampleColumns rows, int from, int to) {
    clear();
    if (rows.histograms != null) {
      for (int i = from; i < to; i++) {
        if (rows.histograms[i] != null) {
          return false;
        }
      }
    }
    if (rows.starts != null) {
      for (int i = from; i < to; i++) {
        if (rows.starts[i] != 0) {
          return false;
        }
      }
    }
    double[] values = rows.values;
    if (from < to && isConstant(values, from, to)) {
      return constant(rows, from, to);
    }
    int firstRow = -1;
    int lastRow = -1;
    double previous = 0;
    double low = 0;
    double lost = 0;
    double lostLow = 0;
    for (int i = from; i < to; i++) {
      double v = values[i];
      if (!(Math.abs(v) <= Double.MAX_VALUE)) {
        if (!StaleMarker.is(v)) {
          return false;
        }
        staleCount++;
        continue;
      }
      if (firstRow < 0) {
        firstRow = i;
      } else if (v < previous) {
        resets++;
        double raised = lost + previous;
        lostLow += roundingOf(lost, previous, raised);
        lost = raised;
      }
      if (v < min) {
        min = v;
      }
      if (v > max) {
        max = v;
      }
      double total = sum + v;
      low += roundingOf(sum, v, total);
      sum = total;
      previous = v;
      lastRow = i;
    }
    if (firstRow < 0) {
      return true;
    }
    count = to - from - staleCount;
    firstTime = rows.times[firstRow];
    first = values[firstRow];
    lastTime = rows.times[lastRow];
    last = values[lastRow];
    if (min == max && Double.doubleToRawLongBits(first) == Double.doubleToRawLongBits(last)) {
      sum = count * first;
      sumLow = Math.fma((double) count, first, -sum);
    } else {
      double total = sum + low;
      sumLow = roundingOf(sum, low, total);
      sum = total;
    }
    resetCorrection = lost + lostLow;
    return Math.abs(sum) <= Double.MAX_VALUE && Math.abs(resetCorrection) <= Double.MAX_VALUE;
  }

  private static boolean isConstant(double[] values, int from, int to) {
    long all = Double.doubleToRawLongBits(values[from]);
    long different = 0;
    for (int i = from; i < to; i++) {
      different |= Double.doubleToRawLongBits(values[i]) ^ all;
    }
    return different == 0;
  }

  /** Most series stand still most of the time. */
  private boolean constant(SampleColumns rows, int from, int to) {
    double value = rows.values[from];
    if (StaleMarker.is(value)) {
      staleCount = (long) to - from;
      return true;
    }
    count = (long) to - from;
    firstTime = rows.times[from];
    lastTime = rows.times[to - 1];
    first = value;
    last = value;
    min = value;
    max = value;
    sum = count * value;
    sumLow = Math.fma((double) count, value, -sum);
    return Math.abs(sum) <= Double.MAX_VALUE;
  }

  /** What the rounding of {@code sum = a + b} left out, exactly (Knuth's TwoSum). */
  private static double roundingOf(double a, double b, double sum) {
    double part = sum - a;
    return (a - (sum - part)) + (b - part);
  }
}
