package io.varve.engine;

import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.StaleMarker;
import io.varve.engine.model.TimeRange;
import io.varve.engine.partition.BlockStats;
import java.util.Arrays;

/**
 * The aggregates of one series in consecutive cells of one width, as columns; only the parts that
 * were asked for. Cell {@code i} is the range {@code (start + i × width, start + (i + 1) × width]}.
 * A plain holder, reused.
 */
public final class CellColumns {
  private static final long[] NO_LONGS = {};
  private static final double[] NO_DOUBLES = {};

  private long start;
  private long width = 1;
  private int size;
  private int filled; // cells from here on are empty
  private long decodedSamples;
  private long storedCells;
  private boolean known;
  private boolean hasFirst;
  private boolean hasResets;
  private boolean hasSum;
  private boolean hasBounds;

  private long[] count = NO_LONGS;
  private long[] lastTime = NO_LONGS;
  private double[] last = NO_DOUBLES;
  private long[] firstTime = NO_LONGS;
  private double[] first = NO_DOUBLES;
  private long[] resets = NO_LONGS;
  private double[] resetCorrection = NO_DOUBLES;
  private double[] sum = NO_DOUBLES;
  private double[] sumLow = NO_DOUBLES;
  private double[] min = NO_DOUBLES;
  private double[] max = NO_DOUBLES;

  /** No cells. */
  public CellColumns() {}

  /**
   * Begins anew, with empty cells; the range is made of whole ones.
   *
   * @param parts which are to be kept, as {@link CellPart#bits}
   */
  void begin(TimeRange range, long cellMillis, int parts) {
    int cells = Math.toIntExact((range.endInclusive() - range.startExclusive()) / cellMillis);
    start = range.startExclusive();
    width = cellMillis;
    size = cells;
    filled = 0;
    decodedSamples = 0;
    storedCells = 0;
    known = true;
    hasResets = (parts & CellPart.RESETS.bit()) != 0;
    hasFirst = hasResets || (parts & CellPart.FIRST.bit()) != 0;
    hasSum = (parts & CellPart.SUM.bit()) != 0;
    hasBounds = (parts & CellPart.BOUNDS.bit()) != 0;
    count = atLeast(cells, count);
    lastTime = atLeast(cells, lastTime);
    last = atLeast(cells, last);
    firstTime = hasFirst ? atLeast(cells, firstTime) : firstTime;
    first = hasFirst ? atLeast(cells, first) : first;
    resets = hasResets ? atLeast(cells, resets) : resets;
    resetCorrection = hasResets ? atLeast(cells, resetCorrection) : resetCorrection;
    sum = hasSum ? atLeast(cells, sum) : sum;
    sumLow = hasSum ? atLeast(cells, sumLow) : sumLow;
    min = hasBounds ? atLeast(cells, min) : min;
    max = hasBounds ? atLeast(cells, max) : max;
    Arrays.fill(count, 0, cells, 0);
  }

  private static long[] atLeast(int size, long[] array) {
    return array.length >= size ? array : new long[size];
  }

  private static double[] atLeast(int size, double[] array) {
    return array.length >= size ? array : new double[size];
  }

  /** The cells hold nothing: the range has what cells cannot express. */
  void giveUp() {
    known = false;
  }

  /**
   * False if the range has histograms, start timestamps, NaN or infinite values: read the samples.
   */
  public boolean isKnown() {
    return known;
  }

  /** How many cells. */
  public int size() {
    return size;
  }

  /** Memory of the columns. */
  long residentBytes() {
    return 8L * (count.length + lastTime.length + last.length + firstTime.length + first.length)
        + 8L * (resets.length + resetCorrection.length + sum.length + sumLow.length)
        + 8L * (min.length + max.length);
  }

  /** Samples that were decoded for want of stored cells. */
  public long decodedSamples() {
    return decodedSamples;
  }

  /** Stored cells that were read. */
  public long storedCells() {
    return storedCells;
  }

  private int cellOf(long time) {
    return (int) Math.floorDiv(time - 1 - start, width);
  }

  /** True if nothing at or behind this time is in the cells. */
  boolean endsBefore(long time) {
    int cell = cellOf(time);
    return filled <= cell || (filled == cell + 1 && lastTime[cell] < time);
  }

  /** Where the next sample or stored cell goes; cells in between stay empty. */
  private int next(long time) {
    int cell = cellOf(time);
    filled = cell + 1;
    return cell;
  }

  /**
   * Adds a stored cell of the same width or one that divides it, behind everything else.
   *
   * @param s with at least one value, and all parts that are kept
   */
  void add(BlockStats s) {
    storedCells++;
    int i = next(s.firstTime);
    if (count[i] == 0) {
      begin(i, s);
    } else {
      append(i, s);
    }
    lastTime[i] = s.lastTime;
    last[i] = s.last;
  }

  private void begin(int i, BlockStats s) {
    count[i] = s.count;
    if (hasFirst) {
      firstTime[i] = s.firstTime;
      first[i] = s.first;
    }
    if (hasResets) {
      resets[i] = s.resets;
      resetCorrection[i] = s.resetCorrection;
    }
    if (hasSum) {
      sum[i] = s.sum;
      sumLow[i] = s.sumLow;
    }
    if (hasBounds) {
      min[i] = s.min;
      max[i] = s.max;
    }
  }

  private void append(int i, BlockStats s) {
    count[i] += s.count;
    if (hasResets) {
      if (s.first < last[i]) {
        resets[i]++;
        resetCorrection[i] += last[i];
      }
      resets[i] += s.resets;
      resetCorrection[i] += s.resetCorrection;
    }
    if (hasSum) {
      addToSum(i, s.sum);
      addToSum(i, s.sumLow);
    }
    if (hasBounds) {
      min[i] = Math.min(min[i], s.min);
      max[i] = Math.max(max[i], s.max);
    }
  }

  /**
   * Adds samples behind everything else.
   *
   * @return false if one is more than a cell can express; then nothing is known of any
   */
  boolean add(SampleColumns rows, int from, int to) {
    known &= rows.starts == null;
    for (int row = from; row < to && known; row++) {
      double value = rows.values[row];
      if (rows.histogram(row) != null) {
        known = false;
      } else if (!StaleMarker.is(value)) {
        if (Math.abs(value) <= Double.MAX_VALUE) {
          add(rows.times[row], value);
        } else {
          known = false;
        }
      }
    }
    decodedSamples += to - from;
    return known;
  }

  private void add(long time, double value) {
    int i = next(time);
    if (count[i] == 0) {
      begin(i, time, value);
    } else {
      if (hasResets && value < last[i]) {
        resets[i]++;
        resetCorrection[i] += last[i];
      }
      if (hasSum) {
        addToSum(i, value);
      }
      if (hasBounds) {
        min[i] = Math.min(min[i], value);
        max[i] = Math.max(max[i], value);
      }
    }
    count[i]++;
    lastTime[i] = time;
    last[i] = value;
  }

  private void begin(int i, long time, double value) {
    if (hasFirst) {
      firstTime[i] = time;
      first[i] = value;
    }
    if (hasResets) {
      resets[i] = 0;
      resetCorrection[i] = 0;
    }
    if (hasSum) {
      sum[i] = value;
      sumLow[i] = 0;
    }
    if (hasBounds) {
      min[i] = value;
      max[i] = value;
    }
  }

  private void addToSum(int i, double value) {
    double before = sum[i];
    double after = before + value;
    sum[i] = after;
    sumLow[i] +=
        Math.abs(before) >= Math.abs(value) ? (before - after) + value : (value - after) + before;
  }

  /** Adds a cell to an aggregate, behind everything in it: the parts that are kept. */
  public void appendTo(int i, RangeAggregate into) {
    long values = count[i];
    if (values == 0) {
      return;
    }
    if (hasFirst) {
      if (into.count == 0) {
        into.firstTime = firstTime[i];
        into.first = first[i];
      } else if (hasResets && first[i] < into.last) {
        into.resets++;
        into.resetCorrection += into.last;
      }
    }
    into.count += values;
    into.lastTime = lastTime[i];
    into.last = last[i];
    if (hasResets) {
      into.resets += resets[i];
      into.resetCorrection += resetCorrection[i];
    }
    if (hasSum) {
      into.addToSum(sum[i]);
      into.addToSum(sumLow[i]);
    }
    if (hasBounds) {
      into.min = Math.min(into.min, min[i]);
      into.max = Math.max(into.max, max[i]);
    }
  }

  /** Samples of a cell, stale markers not included. */
  public long count(int i) {
    return count[i];
  }
}
