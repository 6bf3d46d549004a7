package io.varve.engine.partition;

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

  /** What the rounding of {@link #sum} left out. */
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
}
