package io.varve.query.exec;

import io.varve.engine.model.Labels;
import io.varve.engine.model.SampleColumns;
import io.varve.query.function.Absent;
import io.varve.query.function.ExtendedRanges;
import io.varve.query.plan.Selection;
import io.varve.query.promql.FunctionSignature;
import io.varve.query.promql.Position;

/** rate, increase, delta, resets and changes over a range that is anchored or smoothed. */
final class OverExtendedRange extends SeriesOperator {
  private final FunctionSignature function;
  private final Selection selection;
  private final long rangeMillis;
  private final boolean smoothed;
  private final Position position;
  private final ExtendedSamples source;
  private Labels[] labels = new Labels[0];

  OverExtendedRange(
      QueryContext query,
      StepGrid grid,
      FunctionSignature function,
      Selection selection,
      long rangeMillis,
      boolean smoothed,
      Position position) {
    super(query, grid);
    this.function = function;
    this.selection = selection;
    this.rangeMillis = rangeMillis;
    this.smoothed = smoothed;
    this.position = position;
    this.source = new ExtendedSamples(query, grid, selection, rangeMillis, smoothed);
  }

  @Override
  Labels[] prepare() {
    labels = source.prepare();
    return labels;
  }

  @Override
  void evaluate(int series, double[] out, int at, Worker worker) {
    SampleColumns samples = source.read(series, worker);
    int from = 0;
    int to = 0;
    long looked = 0;
    for (int s = 0; s < grid.count(); s++) {
      long end = selection.reference(grid.time(s));
      while (to < samples.size && samples.times[to] <= source.after(end)) {
        to++;
      }
      while (from < to && samples.times[from] <= source.before(end)) {
        from++;
      }
      looked += to - from;
      out[at + s] = from == to ? Absent.VALUE : value(samples, from, to, end);
    }
    query.countQueryable(looked);
    if ((function == FunctionSignature.RATE || function == FunctionSignature.INCREASE)
        && Absent.countPresent(out, at, grid.count()) > 0) {
      query.annotations.askForCounter(labels[series], query.typeLabels, position);
    }
  }

  private double value(SampleColumns samples, int from, int to, long end) {
    long start = end - rangeMillis;
    return switch (function) {
      case RESETS, CHANGES ->
          ExtendedRanges.count(
              samples.times, samples.values, from, to, start, function == FunctionSignature.RESETS);
      default ->
          ExtendedRanges.difference(
              samples.times,
              samples.values,
              from,
              to,
              start,
              end,
              smoothed,
              function != FunctionSignature.DELTA,
              function == FunctionSignature.RATE);
    };
  }
}
