package io.varve.engine;

import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.StaleMarker;
import io.varve.engine.model.TimeRange;
import io.varve.engine.partition.BlockStats;
import java.util.Arrays;

/**
 * The aggregates of one series in consecutive cells of one width, as columns. Cell {@code i} is the
 * range {@code (start + i × width, start + (i + 1) × width]}. A plain holder, reused.
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

  private long[] count = NO_LONGS;
  private long[] firstTime = NO_LONGS;
  private long[] lastTime = NO_LONGS;
  private long[] resets = NO_LONGS;
  private double[] first = NO_DOUBLES;
  private double[] last = NO_DOUBLES;
  private double[] min = NO_DOUBLES;
  private double[] max = NO_DOUBLES;
  private double[] sum = NO_DOUBLES;
  private double[] sumLow = NO_DOUBLES;
  private double[] resetCorrection = NO_DOUBLES;

  /** Bytes of one cell. */
  static final int CELL_BYTES = 11 * 8;

  /** No cells. */
  public CellColumns() {}

  /** Begins anew, with empty cells; the range is made of whole ones. */
  void begin(TimeRange range, long cellMillis) {
    int cells = Math.toIntExact((range.endInclusive() - range.startExclusive()) / cellMillis);
    start = range.startExclusive();
    width = cellMillis;
    size = cells;
    filled = 0;
    decodedSamples = 0;
    storedCells = 0;
    if (count.length < cells) {
      count = new long[cells];
      firstTime = new long[cells];
      lastTime = new long[cells];
      resets = new long[cells];
      first = new double[cells];
      last = new double[cells];
      min = new double[cells];
      max = new double[cells];
      sum = new double[cells];
      sumLow = new double[cells];
      resetCorrection = new double[cells];
    }
    Arrays.fill(count, 0, cells, 0);
  }

  /** How many cells. */
  public int size() {
    return size;
  }

  /** Memory of the columns. */
  long residentBytes() {
    return (long) CELL_BYTES * count.length;
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
   * @param s with at least one value
   */
  void add(BlockStats s) {
    storedCells++;
    int i = next(s.firstTime);
    if (count[i] == 0) {
      count[i] = s.count;
      firstTime[i] = s.firstTime;
      first[i] = s.first;
      min[i] = s.min;
      max[i] = s.max;
      sum[i] = s.sum;
      sumLow[i] = s.sumLow;
      resets[i] = s.resets;
      resetCorrection[i] = s.resetCorrection;
    } else {
      if (s.first < last[i]) {
        resets[i]++;
        resetCorrection[i] += last[i];
      }
      count[i] += s.count;
      min[i] = Math.min(min[i], s.min);
      max[i] = Math.max(max[i], s.max);
      addToSum(i, s.sum);
      addToSum(i, s.sumLow);
      resets[i] += s.resets;
      resetCorrection[i] += s.resetCorrection;
    }
    lastTime[i] = s.lastTime;
    last[i] = s.last;
  }

  /**
   * Adds samples behind everything else.
   *
   * @return false if one is more than a cell can express
   */
  boolean add(SampleColumns rows, int from, int to) {
    if (rows.starts != null) {
      return false;
    }
    for (int row = from; row < to; row++) {
      double value = rows.values[row];
      if (rows.histogram(row) != null) {
        return false;
      }
      if (StaleMarker.is(value)) {
        continue;
      }
      if (!(Math.abs(value) <= Double.MAX_VALUE)) {
        return false;
      }
      add(rows.times[row], value);
    }
    decodedSamples += to - from;
    return true;
  }

  private void add(long time, double value) {
    int i = next(time);
    if (count[i] == 0) {
      firstTime[i] = time;
      first[i] = value;
      min[i] = value;
      max[i] = value;
      sum[i] = value;
      sumLow[i] = 0;
      resets[i] = 0;
      resetCorrection[i] = 0;
    } else {
      if (value < last[i]) {
        resets[i]++;
        resetCorrection[i] += last[i];
      }
      min[i] = Math.min(min[i], value);
      max[i] = Math.max(max[i], value);
      addToSum(i, value);
    }
    count[i]++;
    lastTime[i] = time;
    last[i] = value;
  }

  private void addToSum(int i, double value) {
    double before = sum[i];
    double after = before + value;
    sum[i] = after;
    sumLow[i] +=
        Math.abs(before) >= Math.abs(value) ? (before - after) + value : (value - after) + before;
  }

  /** Adds a cell to an aggregate, behind everything in it. */
  public void appendTo(int i, RangeAggregate into) {
    if (count[i] == 0) {
      return;
    }
    if (into.count == 0) {
      into.firstTime = firstTime[i];
      into.first = first[i];
    } else if (first[i] < into.last) {
      into.resets++;
      into.resetCorrection += into.last;
    }
    into.count += count[i];
    into.lastTime = lastTime[i];
    into.last = last[i];
    into.min = Math.min(into.min, min[i]);
    into.max = Math.max(into.max, max[i]);
    into.addToSum(sum[i]);
    into.addToSum(sumLow[i]);
    into.resets += resets[i];
    into.resetCorrection += resetCorrection[i];
  }

  /** Samples of a cell, stale markers not included. */
  public long count(int i) {
    return count[i];
  }
}
