package io.varve.query.exec;

import io.varve.engine.model.Labels;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.query.QueryException;
import io.varve.query.function.Absent;
import io.varve.query.histogram.HistogramTable;
import io.varve.query.plan.Selection;
import org.jspecify.annotations.Nullable;

/**
 * The samples around ranges that are anchored or smoothed: also those of the lookback before each
 * range, and if smoothed, of as long a time after it. Stale markers are left out.
 */
final class ExtendedSamples {
  private final QueryContext query;
  private final StepGrid grid;
  private final Selection selection;
  private final long rangeMillis;
  private final boolean smoothed;
  private Labels[] labels = new Labels[0];
  private @Nullable SelectedSeries series;

  /**
   * @param rangeMillis width of each range; 0 for a point in time, with the lookback on both sides
   */
  ExtendedSamples(
      QueryContext query, StepGrid grid, Selection selection, long rangeMillis, boolean smoothed) {
    this.query = query;
    this.grid = grid;
    this.selection = selection;
    this.rangeMillis = rangeMillis;
    this.smoothed = smoothed;
  }

  Labels[] prepare() {
    if (grid.count() > 0) {
      SelectedSeries found = new SelectedSeries(query, selection.matchers(), all());
      series = found;
      labels = found.labels();
    }
    return labels;
  }

  private TimeRange all() {
    return new TimeRange(
        before(selection.reference(grid.start())), after(selection.reference(grid.last())));
  }

  /** The time after which samples are seen from a range that ends there. */
  long before(long end) {
    return end - rangeMillis - query.lookbackMillis;
  }

  /** The time up to which samples are seen from a range that ends there. */
  long after(long end) {
    return smoothed ? end + query.lookbackMillis : end;
  }

  /** All samples of a series that any step sees; valid until the worker's next read here. */
  SampleColumns read(int number, Worker worker) {
    SelectedSeries found = series;
    if (found == null) {
      throw new IllegalStateException("not prepared");
    }
    SampleColumns samples = found.read(number, all(), worker);
    int kept = 0;
    for (int row = 0; row < samples.size; row++) {
      if (samples.histogram(row) != null && !Absent.is(samples.values[row])) {
        throw QueryException.execution(
            "native histograms: not supported by this version of Varve in anchored or smoothed"
                + " ranges; series "
                + labels[number]
                + " has one");
      }
      if (!Absent.is(samples.values[row])) {
        samples.times[kept] = samples.times[row];
        samples.values[kept++] = HistogramTable.fromOutside(samples.values[row]);
      }
    }
    samples.size = kept;
    return samples;
  }
}
