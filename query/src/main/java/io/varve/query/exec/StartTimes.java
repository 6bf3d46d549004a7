package io.varve.query.exec;

import io.varve.engine.model.Labels;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.query.function.Absent;
import io.varve.query.plan.Selection;
import org.jspecify.annotations.Nullable;

/**
 * start_timestamp(): at every step the start of the sample that an instant selector sees, in
 * seconds; 0 if it is not known.
 */
final class StartTimes extends SeriesOperator {
  private final Selection selection;
  private @Nullable SelectedSeries series;

  StartTimes(QueryContext query, StepGrid grid, Selection selection) {
    super(query, grid);
    this.selection = selection;
  }

  private TimeRange all() {
    return new TimeRange(
        selection.reference(grid.start()) - query.lookbackMillis, selection.reference(grid.last()));
  }

  @Override
  Labels[] prepare() {
    if (grid.count() == 0 || !query.useStarts) {
      return new Labels[0];
    }
    SelectedSeries found = new SelectedSeries(query, selection.matchers(), all());
    series = found;
    return found.labels();
  }

  @Override
  void evaluate(int number, double[] out, int at, Worker worker) {
    SelectedSeries found = series;
    if (found == null) {
      throw new IllegalStateException("not prepared");
    }
    SampleColumns samples = found.read(number, all(), worker);
    int row = -1;
    for (int s = 0; s < grid.count(); s++) {
      long time = selection.reference(grid.time(s));
      while (row + 1 < samples.size && samples.times[row + 1] <= time) {
        row++;
      }
      boolean seen =
          row >= 0
              && samples.times[row] > time - query.lookbackMillis
              && !Absent.is(samples.values[row]);
      out[at + s] = seen ? samples.start(row) / 1000.0 : Absent.VALUE;
    }
  }
}
