package io.varve.query.exec;

import io.varve.engine.model.Labels;
import io.varve.query.function.Absent;
import io.varve.query.function.Window;
import io.varve.query.histogram.FloatHistogram;
import io.varve.query.histogram.HistogramTable;
import io.varve.query.histogram.ResetHint;
import io.varve.query.plan.Selection;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * A subquery: an expression evaluated at the multiples of its step, over all windows at once. The
 * first of these times is the smallest multiple that lies after the first window's left bound,
 * where the quotient is rounded towards zero as in Prometheus.
 */
final class SubqueryWindows extends WindowSource {
  private final SeriesOperator inner;
  private final long offsetMillis;
  private final boolean pinned;
  private final long pinnedMillis;
  private final Buffer[] buffers;

  /** A worker's memory for one series. */
  private static final class Buffer {
    double[] values = new double[0];
    long[] times = new long[0];
  }

  /**
   * @param inner over {@link #innerGrid}
   */
  SubqueryWindows(
      QueryContext query,
      StepGrid grid,
      SeriesOperator inner,
      long rangeMillis,
      long offsetMillis,
      boolean pinned,
      long pinnedMillis) {
    super(query, grid, rangeMillis);
    this.inner = inner;
    this.offsetMillis = offsetMillis;
    this.pinned = pinned;
    this.pinnedMillis = pinnedMillis;
    this.buffers = new Buffer[query.workers()];
  }

  /** The times at which this one evaluates what is in it. */
  StepGrid innerGrid() {
    return inner.grid;
  }

  /** The times at which a subquery evaluates what is in it. */
  static StepGrid innerGrid(
      QueryContext query,
      StepGrid.Scope scope,
      long firstEnd,
      long lastEnd,
      long rangeMillis,
      long stepMillis) {
    long left = firstEnd - rangeMillis;
    long start = stepMillis * (left / stepMillis);
    if (start <= left) {
      start += stepMillis;
    }
    long steps = lastEnd < start ? 0 : (lastEnd - start) / stepMillis + 1;
    query.checkSteps(steps);
    return new StepGrid(start, stepMillis, (int) steps, scope);
  }

  @Override
  Labels[] prepare() {
    return inner.prepare();
  }

  @Override
  @Nullable BitSet loseNames() {
    return inner.loseNames();
  }

  @Override
  long end(long evalTime) {
    return Selection.shift(pinned ? pinnedMillis : evalTime, offsetMillis);
  }

  @Override
  boolean isPinned() {
    return pinned;
  }

  @Override
  void load(int series, int step, Window into, Worker worker) {
    StepGrid times = inner.grid;
    Buffer buffer = buffers[worker.slot()];
    if (buffer == null) {
      query.chargeBytes(16L * times.count());
      buffer = new Buffer();
      buffer.values = new double[times.count()];
      buffer.times = new long[times.count()];
      buffers[worker.slot()] = buffer;
    }
    double[] values = buffer.values;
    inner.evaluate(series, values, 0, worker);
    into.hasHistograms = query.histograms.isUsed() && HistogramTable.any(values, 0, times.count());
    if (into.hasHistograms) {
      forgetHints(values);
    }
    int kept = 0;
    for (int i = 0; i < times.count(); i++) {
      if (!Absent.is(values[i])) {
        values[kept] = values[i];
        buffer.times[kept] = times.time(i);
        kept++;
      }
    }
    into.times = buffer.times;
    into.values = values;
    into.size = kept;
  }

  /**
   * Between the samples of a subquery others may have been left out, so what is known of a counter
   * reset before one of them does not hold any more.
   */
  private void forgetHints(double[] values) {
    for (int i = 0; i < inner.grid.count(); i++) {
      FloatHistogram histogram = query.histograms.get(values[i]);
      if (histogram != null
          && (histogram.hint() == ResetHint.RESET || histogram.hint() == ResetHint.NOT_RESET)) {
        values[i] = query.histograms.add(histogram.withHint(ResetHint.UNKNOWN));
      }
    }
  }
}
