package io.varve.query.exec;

import io.varve.engine.model.Labels;
import io.varve.engine.model.SampleColumns;
import io.varve.query.function.Absent;
import io.varve.query.function.ExtendedRanges;
import io.varve.query.plan.Selection;

/**
 * A smoothed instant selector: at every step a point of the line between the samples before and
 * after it, not further away than the lookback; the one before if none comes after.
 */
final class SmoothedSelect extends SeriesOperator {
  private final Selection selection;
  private final ExtendedSamples source;

  SmoothedSelect(QueryContext query, StepGrid grid, Selection selection) {
    super(query, grid);
    this.selection = selection;
    this.source = new ExtendedSamples(query, grid, selection, 0, true);
  }

  @Override
  Labels[] prepare() {
    return source.prepare();
  }

  @Override
  void evaluate(int series, double[] out, int at, Worker worker) {
    SampleColumns samples = source.read(series, worker);
    long[] times = samples.times;
    int row = -1;
    int looked = 0;
    for (int s = 0; s < grid.count(); s++) {
      long time = selection.reference(grid.time(s));
      while (row + 1 < samples.size && times[row + 1] <= time) {
        row++;
      }
      if (row < 0 || times[row] <= source.before(time)) {
        out[at + s] = Absent.VALUE;
        continue;
      }
      looked++;
      boolean between =
          times[row] < time && row + 1 < samples.size && times[row + 1] <= source.after(time);
      out[at + s] =
          between
              ? ExtendedRanges.between(times, samples.values, row, time, false)
              : samples.values[row];
    }
    query.countQueryable(looked);
  }
}
