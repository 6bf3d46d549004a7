package io.varve.query.exec;

import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.query.function.Absent;
import io.varve.query.histogram.FloatHistogram;
import io.varve.query.histogram.HistogramRanges;
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
  private final Rows[] rows;
  private Labels[] labels = new Labels[0];
  private @Nullable SelectedSeries series;

  /** Samples of one series. */
  static final class Rows {
    long[] times = new long[0];

    /** Of no meaning where there is a histogram. */
    double[] values = new double[0];

    /** Null for floats. */
    @Nullable FloatHistogram[] histograms = new FloatHistogram[0];

    int size;
    boolean hasHistograms;

    /** How many of the rows are histograms. */
    int histograms(int from, int to) {
      int found = 0;
      for (int i = from; i < to && hasHistograms; i++) {
        found += histograms[i] == null ? 0 : 1;
      }
      return found;
    }
  }

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
    this.rows = new Rows[query.workers()];
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
  Rows read(int number, Worker worker) {
    SelectedSeries found = series;
    if (found == null) {
      throw new IllegalStateException("not prepared");
    }
    Rows mine = rows[worker.slot()];
    if (mine == null) {
      mine = new Rows();
      rows[worker.slot()] = mine;
    }
    SampleColumns samples = found.read(number, all(), worker);
    mine.times = samples.times;
    mine.values = samples.values;
    mine.hasHistograms = samples.histograms != null;
    if (mine.hasHistograms) {
      mine.histograms = new FloatHistogram[samples.size];
    }
    FloatHistogram previous = null;
    int kept = 0;
    for (int row = 0; row < samples.size; row++) {
      if (Absent.is(samples.values[row])) {
        continue;
      }
      Histogram histogram = samples.histogram(row);
      if (mine.hasHistograms) {
        FloatHistogram read = histogram == null ? null : FloatHistogram.of(histogram);
        mine.histograms[kept] = read == null ? null : HistogramRanges.hinted(previous, read, false);
        previous = read;
      }
      samples.times[kept] = samples.times[row];
      samples.values[kept++] = HistogramTable.fromOutside(samples.values[row]);
    }
    mine.size = kept;
    return mine;
  }
}
