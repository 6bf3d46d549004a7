package io.varve.query.exec;

import io.varve.engine.model.Labels;
import io.varve.query.exec.ExtendedSamples.Rows;
import io.varve.query.function.Absent;
import io.varve.query.function.ExtendedRanges;
import io.varve.query.function.RangeFunctions;
import io.varve.query.histogram.ExtendedHistograms;
import io.varve.query.histogram.FloatHistogram;
import io.varve.query.histogram.HistogramNote;
import io.varve.query.plan.Selection;
import io.varve.query.promql.FunctionSignature;
import io.varve.query.promql.Position;
import java.util.EnumSet;
import java.util.Set;

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
    Rows rows = source.read(series, worker);
    Set<HistogramNote> notes = EnumSet.noneOf(HistogramNote.class);
    int from = 0;
    int to = 0;
    long looked = 0;
    for (int s = 0; s < grid.count(); s++) {
      long end = selection.reference(grid.time(s));
      while (to < rows.size && rows.times[to] <= source.after(end)) {
        to++;
      }
      while (from < to && rows.times[from] <= source.before(end)) {
        from++;
      }
      looked += to - from;
      double value = from == to ? Absent.VALUE : value(rows, from, to, end, notes);
      out[at + s] = value;
      for (HistogramNote note : notes) {
        query.annotations.ofRange(note, labels[series].get(Labels.METRIC_NAME), position, grid, s);
      }
      notes.clear();
    }
    query.countQueryable(looked);
    if (function == FunctionSignature.RATE || function == FunctionSignature.INCREASE) {
      query.annotations.askForCounter(labels[series], query.typeLabels, position, grid, out, at);
    }
  }

  private double value(Rows rows, int from, int to, long end, Set<HistogramNote> notes) {
    long start = end - rangeMillis;
    boolean counter = function != FunctionSignature.DELTA;
    boolean perSecond = function == FunctionSignature.RATE;
    if (function == FunctionSignature.RESETS || function == FunctionSignature.CHANGES) {
      boolean resets = function == FunctionSignature.RESETS;
      return rows.hasHistograms
          ? count(rows, from, to, start, resets)
          : ExtendedRanges.count(rows.times, rows.values, from, to, start, resets);
    }
    int histograms = rows.histograms(from, to);
    if (histograms == 0) {
      return ExtendedRanges.difference(
          rows.times, rows.values, from, to, start, end, smoothed, counter, perSecond);
    }
    if (histograms < to - from) {
      notes.add(HistogramNote.MIXED_FLOATS);
      return Absent.VALUE;
    }
    int first = ExtendedRanges.firstRow(rows.times, from, to, start);
    int last = smoothed ? ExtendedRanges.lastRow(rows.times, from, to, end) : to - 1;
    if (rows.times[last] <= start || (smoothed && rows.times[first] > end)) {
      return Absent.VALUE;
    }
    FloatHistogram result =
        ExtendedHistograms.difference(
            rows.times, rows.histograms, first, last, start, end, smoothed, counter, notes);
    if (result == null) {
      return Absent.VALUE;
    }
    return query.histograms.add(
        perSecond ? result.dividedBy(RangeFunctions.seconds(rangeMillis)) : result);
  }

  /** resets or changes since the last sample at or before the start, of whatever kind. */
  private static double count(Rows rows, int from, int to, long start, boolean onlyResets) {
    int row = from;
    while (row < to && rows.times[row] <= start) {
      row++;
    }
    if (row == to) {
      return Absent.VALUE;
    }
    int count = 0;
    for (int i = Math.max(from + 1, row); i < to; i++) {
      count += differs(rows, i, onlyResets) ? 1 : 0;
    }
    return count;
  }

  private static boolean differs(Rows rows, int row, boolean onlyResets) {
    FloatHistogram previous = rows.histograms[row - 1];
    FloatHistogram current = rows.histograms[row];
    if (previous == null && current == null) {
      return RangeFunctions.differs(rows.values[row - 1], rows.values[row], onlyResets);
    }
    if (previous == null || current == null) {
      return true;
    }
    return onlyResets ? current.isResetAfter(previous) : !current.equals(previous);
  }
}
