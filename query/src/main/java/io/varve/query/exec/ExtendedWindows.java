package io.varve.query.exec;

import io.varve.engine.model.Labels;
import io.varve.query.QueryException;
import io.varve.query.exec.ExtendedSamples.Rows;
import io.varve.query.function.ExtendedRanges;
import io.varve.query.function.Window;
import io.varve.query.plan.Selection;

/**
 * An anchored or smoothed range as it is: the samples within, and one made for either end. For the
 * one step of an instant query.
 */
final class ExtendedWindows extends WindowSource {
  private final Selection selection;
  private final boolean smoothed;
  private final ExtendedSamples source;

  ExtendedWindows(
      QueryContext query, StepGrid grid, Selection selection, long rangeMillis, boolean smoothed) {
    super(query, grid, rangeMillis);
    this.selection = selection;
    this.smoothed = smoothed;
    this.source = new ExtendedSamples(query, grid, selection, rangeMillis, smoothed);
  }

  @Override
  Labels[] prepare() {
    return source.prepare();
  }

  @Override
  long end(long evalTime) {
    return selection.reference(evalTime);
  }

  @Override
  boolean isPinned() {
    return selection.atMillis() != null;
  }

  @Override
  void load(int series, int step, Window into, Worker worker) {
    Rows samples = source.read(series, worker);
    long end = end(grid.last());
    long start = end - rangeMillis;
    long[] times = samples.times;
    double[] values = samples.values;
    int to = samples.size;
    into.size = 0;
    if (samples.hasHistograms) { // also if it is a stale marker only
      throw QueryException.execution(
          (smoothed ? "smoothed" : "anchored") + " modifier is not supported with histograms");
    }
    if (to == 0) {
      return;
    }
    int first = ExtendedRanges.firstRow(times, 0, to, start);
    int last = smoothed ? ExtendedRanges.lastRow(times, 0, to, end) : to - 1;
    if (times[last] <= start || (smoothed && times[first] > end)) {
      return;
    }
    double left = ExtendedRanges.left(times, values, first, start, smoothed, false);
    double right = ExtendedRanges.right(times, values, 0, last, end, smoothed, false);
    int inner = times[first] <= start ? first + 1 : first;
    int innerEnd = times[last] >= end ? last : last + 1;
    int count = Math.max(0, innerEnd - inner);
    into.times = new long[count + 2];
    into.values = new double[count + 2];
    into.times[0] = start;
    into.values[0] = left;
    System.arraycopy(times, inner, into.times, 1, count);
    System.arraycopy(values, inner, into.values, 1, count);
    into.times[count + 1] = end;
    into.values[count + 1] = right;
    into.size = count + 2;
  }
}
