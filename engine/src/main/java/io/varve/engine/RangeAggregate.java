package io.varve.engine;

/**
 * What is known about the float samples of one series in a time range without the samples
 * themselves; stale markers are counted apart and left out of everything else. A plain holder,
 * reused.
 */
public final class RangeAggregate {
  /** Samples, stale markers not included. */
  public long count;

  /** Stale markers. */
  public long staleCount;

  /** Time of the first sample, milliseconds. */
  public long firstTime;

  /** The first value. */
  public double first;

  /** Time of the last sample, milliseconds. */
  public long lastTime;

  /** The last value. */
  public double last;

  /** The smallest value. */
  public double min;

  /** The largest value. */
  public double max;

  /** Compensated sum of the values: high part. */
  public double sum;

  /** What is to be added to {@link #sum}: low part. */
  public double sumLow;

  /** How often a value was smaller than the one before it. */
  public long resets;

  /** Sum of the values before those resets: what {@code increase} adds. */
  public double resetCorrection;

  /** Samples that were decoded to find this. */
  public long decodedSamples;

  /** Blocks that were answered from stored aggregates. */
  public long storedBlocks;

  /** Cells of continuous aggregates that were read. */
  public long storedCells;

  /** Width of the widest of them, milliseconds. */
  public long cellMillis;

  /** An empty holder. */
  public RangeAggregate() {}

  /** Back to "no samples". */
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
    decodedSamples = 0;
    storedBlocks = 0;
    storedCells = 0;
    cellMillis = 0;
  }

  /**
   * Adds a sample behind all others.
   *
   * @param value finite
   */
  public void add(long time, double value) {
    if (count == 0) {
      firstTime = time;
      first = value;
    } else if (value < last) {
      resets++;
      resetCorrection += last;
    }
    count++;
    lastTime = time;
    last = value;
    min = Math.min(min, value);
    max = Math.max(max, value);
    addToSum(value);
  }

  /** Adds what is known of the range behind this one. */
  public void append(RangeAggregate next) {
    staleCount += next.staleCount;
    decodedSamples += next.decodedSamples;
    storedBlocks += next.storedBlocks;
    storedCells += next.storedCells;
    cellMillis = Math.max(cellMillis, next.cellMillis);
    if (next.count == 0) {
      return;
    }
    if (count == 0) {
      firstTime = next.firstTime;
      first = next.first;
    } else if (next.first < last) {
      resets++;
      resetCorrection += last;
    }
    count += next.count;
    lastTime = next.lastTime;
    last = next.last;
    min = Math.min(min, next.min);
    max = Math.max(max, next.max);
    addToSum(next.sum);
    addToSum(next.sumLow);
    resets += next.resets;
    resetCorrection += next.resetCorrection;
  }

  /** Adds to the compensated sum (Neumaier 1974). */
  void addToSum(double value) {
    double before = sum;
    sum = before + value;
    sumLow += Math.abs(before) >= Math.abs(value) ? (before - sum) + value : (value - sum) + before;
  }
}
