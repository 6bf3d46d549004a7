package io.varve.query.exec;

import io.varve.engine.model.Labels;
import io.varve.query.exec.ExtendedSamples.Rows;
import io.varve.query.function.Absent;
import io.varve.query.function.ExtendedRanges;
import io.varve.query.histogram.ExtendedHistograms;
import io.varve.query.histogram.FloatHistogram;
import io.varve.query.histogram.HistogramNote;
import io.varve.query.histogram.ResetHint;
import io.varve.query.plan.Selection;
import io.varve.query.promql.Position;
import java.util.EnumSet;
import java.util.Set;

/**
 * A smoothed instant selector: at every step a point of the line between the samples before and
 * after it, not further away than the lookback; the one before if none comes after. Nothing where
 * floats and histograms stand side by side.
 */
final class SmoothedSelect extends SeriesOperator {
  private final Selection selection;
  private final Position position;
  private final ExtendedSamples source;
  private Labels[] labels = new Labels[0];

  SmoothedSelect(QueryContext query, StepGrid grid, Selection selection, Position position) {
    super(query, grid);
    this.selection = selection;
    this.position = position;
    this.source = new ExtendedSamples(query, grid, selection, 0, true);
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
    int row = -1;
    int from = 0;
    int to = 0;
    int looked = 0;
    for (int s = 0; s < grid.count(); s++) {
      long time = selection.reference(grid.time(s));
      while (row + 1 < rows.size && rows.times[row + 1] <= time) {
        row++;
      }
      while (to < rows.size && rows.times[to] <= source.after(time)) {
        to++;
      }
      while (from < to && rows.times[from] <= source.before(time)) {
        from++;
      }
      out[at + s] = row < from ? Absent.VALUE : value(rows, row, from, to, time, notes);
      looked += row < from ? 0 : 1;
      for (HistogramNote note : notes) {
        query.annotations.ofRange(note, labels[series].get(Labels.METRIC_NAME), position, grid, s);
      }
      notes.clear();
    }
    query.countQueryable(looked);
  }

  private double value(Rows rows, int row, int from, int to, long time, Set<HistogramNote> notes) {
    boolean between = rows.times[row] < time && row + 1 < to;
    int histograms = rows.histograms(from, to);
    if (histograms == 0) {
      return between
          ? ExtendedRanges.between(rows.times, rows.values, row, time, false)
          : rows.values[row];
    }
    if (histograms < to - from) {
      notes.add(HistogramNote.MIXED_FLOATS);
      return Absent.VALUE;
    }
    FloatHistogram before = rows.histograms[row];
    FloatHistogram after = between ? rows.histograms[row + 1] : before;
    if (before == null || after == null) {
      throw new IllegalStateException("a float among histograms");
    }
    boolean counter = before.hint() != ResetHint.GAUGE && after.hint() != ResetHint.GAUGE;
    FloatHistogram point =
        between
            ? ExtendedHistograms.between(
                before, rows.times[row], after, rows.times[row + 1], time, counter, notes)
            : before;
    return point == null ? Absent.VALUE : query.histograms.add(point);
  }
}
