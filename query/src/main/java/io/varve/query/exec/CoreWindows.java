package io.varve.query.exec;

import io.varve.engine.RangeAggregate;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.query.function.Absent;

/**
 * Long windows that slide a little: what lies in all of them, the core, is aggregated once, mostly
 * from what is stored with blocks, and only the samples before and behind it, which some windows
 * have and others lack, are decoded. One series at a time; one thread.
 */
final class CoreWindows {
  private static final int AGGREGATE_BYTES = 128;

  private final WindowSource source;
  private final int parts;
  private final StepGrid grid;
  private final TimeRange before;
  private final TimeRange core;
  private final TimeRange behind;
  private final RangeAggregate[] upToCore; // by step: the window's samples before the core
  private final RangeAggregate inCore = new RangeAggregate();
  private final RangeAggregate[] behindCore; // by step
  private final RangeAggregate all = new RangeAggregate();

  /**
   * Windows of which the last begins before the first ends.
   *
   * @param parts what is needed of cells, −1 to use none
   */
  CoreWindows(WindowSource source, int parts) {
    this.source = source;
    this.parts = parts;
    this.grid = source.grid;
    long firstEnd = source.end(grid.start());
    long lastEnd = source.end(grid.last());
    before = new TimeRange(firstEnd - source.rangeMillis, lastEnd - source.rangeMillis);
    core = new TimeRange(before.endInclusive(), firstEnd);
    behind = new TimeRange(firstEnd, lastEnd);
    source.query.chargeBytes(2L * AGGREGATE_BYTES * grid.count());
    upToCore = new RangeAggregate[grid.count()];
    behindCore = new RangeAggregate[grid.count()];
    for (int s = 0; s < grid.count(); s++) {
      upToCore[s] = new RangeAggregate();
      behindCore[s] = new RangeAggregate();
    }
  }

  /** Takes a series; false if its samples are more than aggregates can express. */
  boolean load(int series, Worker worker) {
    return source.aggregate(series, core, parts, inCore, worker)
        && loadBefore(source.stored(series, before, worker))
        && loadBehind(source.stored(series, behind, worker));
  }

  /** What the window of a step has; valid until the next is asked for. */
  RangeAggregate at(int step) {
    all.clear();
    all.append(upToCore[step]);
    all.append(inCore);
    all.append(behindCore[step]);
    return all;
  }

  private boolean loadBefore(SampleColumns rows) {
    if (rows.starts != null || rows.histograms != null) {
      return false;
    }
    int row = 0;
    for (int s = 0; s < grid.count(); s++) {
      // First what this window has and the next one lacks.
      RangeAggregate part = upToCore[s];
      part.clear();
      long start = source.end(grid.time(s)) - source.rangeMillis;
      while (row < rows.size && rows.times[row] <= start) {
        row++;
      }
      long end =
          s + 1 < grid.count()
              ? source.end(grid.time(s + 1)) - source.rangeMillis
              : before.endInclusive();
      for (; row < rows.size && rows.times[row] <= end; row++) {
        if (!add(rows, row, part)) {
          return false;
        }
      }
    }
    for (int s = grid.count() - 2; s >= 0; s--) {
      upToCore[s].append(upToCore[s + 1]);
    }
    return true;
  }

  private boolean loadBehind(SampleColumns rows) {
    if (rows.starts != null || rows.histograms != null) {
      return false;
    }
    int row = 0;
    for (int s = 0; s < grid.count(); s++) {
      RangeAggregate part = behindCore[s];
      part.clear();
      if (s > 0) {
        part.append(behindCore[s - 1]);
      }
      long end = source.end(grid.time(s));
      for (; row < rows.size && rows.times[row] <= end; row++) {
        if (!add(rows, row, part)) {
          return false;
        }
      }
    }
    return true;
  }

  /** False for a value that sums do not come back from. */
  private static boolean add(SampleColumns rows, int row, RangeAggregate into) {
    double value = rows.values[row];
    if (Absent.is(value)) {
      return true; // a stale marker
    }
    if (!Double.isFinite(value)) {
      return false;
    }
    into.add(rows.times[row], value);
    return true;
  }
}
