package io.varve.query.exec;

import io.varve.engine.CellColumns;
import io.varve.engine.RangeAggregate;
import io.varve.engine.SamplesGone;
import io.varve.engine.model.Labels;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.query.function.Window;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.SortedSet;
import org.jspecify.annotations.Nullable;

/**
 * Where the samples of range vectors come from: stored series, or a subquery. First {@link
 * #prepare}, then the others from any worker.
 */
abstract class WindowSource {
  final QueryContext query;
  final StepGrid grid;
  final long rangeMillis;

  WindowSource(QueryContext query, StepGrid grid, long rangeMillis) {
    this.query = query;
    this.grid = grid;
    this.rangeMillis = rangeMillis;
  }

  /** The series, distinct. */
  abstract Labels[] prepare();

  /** After {@link #prepare}: as {@link SeriesOperator#loseNames}. */
  @Nullable BitSet loseNames() {
    return null;
  }

  /** The right end of the window that belongs to an evaluation time. */
  abstract long end(long evalTime);

  /** True if all steps have the same window. */
  abstract boolean isPinned();

  /** True if windows lie so far apart that each should be loaded by itself. */
  boolean isSparse() {
    return false;
  }

  /**
   * Loads the samples of a series that lie in a step's window, or in any step's.
   *
   * @param step the step, −1 for all
   */
  abstract void load(int series, int step, Window into, Worker worker);

  /** Before {@link #prepare}: nobody is going to look at values that are floats. */
  void needTimesOnly() {}

  /**
   * Aggregates a series over a range; false if it must be loaded.
   *
   * @param parts what is needed of cells, −1 to use none
   */
  boolean aggregate(int series, TimeRange range, int parts, RangeAggregate into, Worker worker) {
    return false;
  }

  /** Where samples are gone. */
  SamplesGone samplesGone() {
    return SamplesGone.NOWHERE;
  }

  /** The widths of cells that continuous aggregates have of the series, ascending. */
  SortedSet<Long> cellMillis() {
    return Collections.emptySortedSet();
  }

  /** The cells of consecutive series in a range that is made of them. */
  void cells(
      int first,
      TimeRange range,
      long cellMillis,
      int parts,
      List<CellColumns> into,
      Worker worker) {
    throw new IllegalStateException("BUG: there are no cells of a subquery");
  }

  /** The samples of a series in a range as they are stored, valid until the next are asked for. */
  SampleColumns stored(int series, TimeRange range, Worker worker) {
    throw new IllegalStateException("BUG: nothing is stored of a subquery");
  }

  /** The window that ends there. */
  TimeRange window(long end) {
    return new TimeRange(end - rangeMillis, end);
  }

  /** True if {@link #aggregate} is worth being asked for windows of this width. */
  boolean hasAggregates() {
    return false;
  }
}
