package io.varve.query.exec;

import io.varve.engine.CellColumns;
import io.varve.engine.RangeAggregate;
import io.varve.engine.model.TimeRange;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;

/**
 * Windows that are made of whole cells of continuous aggregates: each is put together from its
 * cells, long ones by way of sums over 8, 64, … cells. One series at a time; one thread.
 */
final class CellWindows {
  /** Cells, and sums of cells, that one of the next level sums up. */
  private static final int FAN = 8;

  private static final int AGGREGATE_BYTES = 128;

  /** How many cells, of how many series, are read together, at some 60 bytes each. */
  private static final int MOST_CELLS_READ = 1 << 18;

  private static final int MOST_SERIES_READ = 64;

  private final WindowSource source;
  private final StepGrid grid;
  private final long cellMillis;
  private final int parts;
  private final TimeRange range;
  private final int inWindow;
  private final long first; // number of the first cell, from the epoch
  private final List<CellColumns> read = new ArrayList<>(); // of consecutive series
  private final int mostRead;
  private int firstRead;
  private CellColumns cells = new CellColumns(); // of the series at hand
  private final RangeAggregate[][] sums;
  private final RangeAggregate all = new RangeAggregate();

  private CellWindows(WindowSource source, long cellMillis, int parts) {
    this.source = source;
    this.parts = parts;
    this.grid = source.grid;
    this.cellMillis = cellMillis;
    this.inWindow = Math.toIntExact(Math.max(1, source.rangeMillis / cellMillis));
    this.first = Math.floorDiv(source.end(grid.start()), cellMillis) - inWindow;
    long last = Math.floorDiv(source.end(grid.last()), cellMillis);
    this.range = new TimeRange(first * cellMillis, last * cellMillis);
    // Windows that have little in common are put together each by itself.
    boolean sliding = grid.count() > 1 && grid.step() * 2 < source.rangeMillis;
    this.sums = new RangeAggregate[sliding ? levels(inWindow) : 0][];
    long size = (range.endInclusive() - range.startExclusive()) / cellMillis;
    this.mostRead = (int) Math.clamp(MOST_CELLS_READ / size, 1, MOST_SERIES_READ);
    for (int level = 0; level < sums.length; level++) {
      size = (size + FAN - 1) / FAN;
      source.query.chargeBytes(AGGREGATE_BYTES * size);
      sums[level] = new RangeAggregate[Math.toIntExact(size)];
      for (int i = 0; i < sums[level].length; i++) {
        sums[level][i] = new RangeAggregate();
      }
    }
  }

  /** How many levels of sums a window can make use of. */
  private static int levels(int cellsInWindow) {
    int levels = 0;
    for (long n = cellsInWindow; n >= 2L * FAN; n /= FAN) {
      levels++;
    }
    return levels;
  }

  /** The widest cells that all windows are made of; 0 if there are none. */
  static long widest(WindowSource source) {
    SortedSet<Long> widths = source.cellMillis();
    long widest = 0;
    long end = source.end(source.grid.start());
    boolean sliding = source.grid.count() > 1 && !source.isPinned();
    for (long width : widths) {
      if (source.rangeMillis % width == 0
          && Math.floorMod(end, width) == 0
          && (!sliding || source.grid.step() % width == 0)) {
        widest = width;
      }
    }
    return widest;
  }

  /**
   * The windows of a source, of cells of such a width. If they are not made of whole cells, they
   * are moved back to where they are, and shortened.
   *
   * @param parts what of the cells is needed
   */
  static CellWindows of(WindowSource source, long cellMillis, int parts) {
    return new CellWindows(source, cellMillis, parts);
  }

  /**
   * Takes a series; false if its samples are more than cells can express.
   *
   * @param expected one more than the last series that is likely to be asked for next, one after
   *     the other
   */
  boolean load(int series, int expected, Worker worker) {
    if (series < firstRead || series >= firstRead + read.size()) {
      int together = Math.clamp(expected - series, 1, mostRead);
      while (read.size() < together) {
        read.add(new CellColumns());
      }
      read.subList(together, read.size()).clear();
      firstRead = series;
      source.cells(series, range, cellMillis, parts, read, worker);
    }
    cells = read.get(series - firstRead);
    if (!cells.isKnown()) {
      return false;
    }
    for (int level = 0; level < sums.length; level++) {
      RangeAggregate[] below = level == 0 ? null : sums[level - 1];
      int size = below == null ? cells.size() : below.length;
      for (int i = 0; i < sums[level].length; i++) {
        RangeAggregate sum = sums[level][i];
        sum.clear();
        for (int j = i * FAN; j < Math.min(size, (i + 1) * FAN); j++) {
          if (below == null) {
            cells.appendTo(j, sum);
          } else {
            sum.append(below[j]);
          }
        }
      }
    }
    return true;
  }

  /** The end of the last whole cell in a step's window. */
  long roundedEnd(int step) {
    return Math.floorDiv(source.end(grid.time(step)), cellMillis) * cellMillis;
  }

  /** Width of the cells of a window together. */
  long roundedMillis() {
    return inWindow * cellMillis;
  }

  /** What the window of a step has; valid until the next is asked for. */
  RangeAggregate at(int step) {
    all.clear();
    int to = Math.toIntExact(Math.floorDiv(source.end(grid.time(step)), cellMillis) - first);
    add(0, to - inWindow, to);
    return all;
  }

  /** Adds what lies between two cells, or two sums of a level, in order. */
  private void add(int level, int from, int to) {
    int firstWhole = (from + FAN - 1) / FAN;
    int lastWhole = to / FAN;
    if (level == sums.length || lastWhole <= firstWhole) {
      each(level, from, to);
      return;
    }
    each(level, from, firstWhole * FAN);
    add(level + 1, firstWhole, lastWhole);
    each(level, lastWhole * FAN, to);
  }

  private void each(int level, int from, int to) {
    for (int i = from; i < to; i++) {
      if (level == 0) {
        cells.appendTo(i, all);
      } else {
        all.append(sums[level - 1][i]);
      }
    }
  }
}
