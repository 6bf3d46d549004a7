package io.varve.query.exec;

import io.varve.engine.CellColumns;
import io.varve.engine.RangeAggregate;
import io.varve.engine.SamplesGone;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.query.function.Absent;
import io.varve.query.function.Window;
import io.varve.query.histogram.FloatHistogram;
import io.varve.query.histogram.HistogramRanges;
import io.varve.query.histogram.HistogramTable;
import io.varve.query.plan.Selection;
import java.util.List;
import java.util.SortedSet;
import org.jspecify.annotations.Nullable;

/** A range selector: the stored samples in {@code (end − range, end]}, stale markers left out. */
final class StoredWindows extends WindowSource {
  /** Windows with such gaps between them are read one by one. */
  private static final long SPARSE_GAP_MILLIS = 4 * 3600_000L;

  private final Selection selection;
  private @Nullable SelectedSeries series;
  private boolean timesOnly;

  StoredWindows(QueryContext query, StepGrid grid, Selection selection, long rangeMillis) {
    super(query, grid, rangeMillis);
    this.selection = selection;
  }

  @Override
  void needTimesOnly() {
    timesOnly = true;
  }

  @Override
  Labels[] prepare() {
    if (grid.count() == 0) {
      return new Labels[0];
    }
    SelectedSeries found = new SelectedSeries(query, selection.matchers(), range(-1));
    series = found;
    return found.labels();
  }

  private TimeRange range(int step) {
    return step < 0
        ? new TimeRange(end(grid.start()) - rangeMillis, end(grid.last()))
        : window(end(grid.time(step)));
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
  boolean isSparse() {
    return !isPinned() && grid.count() > 1 && grid.step() > rangeMillis + SPARSE_GAP_MILLIS;
  }

  private SelectedSeries series() {
    SelectedSeries found = series;
    if (found == null) {
      throw new IllegalStateException("not prepared");
    }
    return found;
  }

  @Override
  void load(int number, int step, Window into, Worker worker) {
    SelectedSeries found = series();
    TimeRange range = range(step);
    SampleColumns samples =
        timesOnly ? found.readTimes(number, range, worker) : found.read(number, range, worker);
    into.hasHistograms = false;
    @Nullable Histogram[] histograms = samples.histograms;
    if (histograms != null) {
      withHistograms(samples, histograms, into);
      return;
    }
    long[] times = samples.times;
    double[] values = samples.values;
    int kept = samples.finite || !mayHaveNans(values, samples.size) ? samples.size : 0;
    while (kept < samples.size && !isSpecial(values[kept])) {
      kept++;
    }
    for (int row = kept; row < samples.size; row++) {
      if (!Absent.is(values[row])) {
        times[kept] = times[row];
        values[kept] = HistogramTable.fromOutside(values[row]);
        kept++;
      }
    }
    into.times = times;
    into.values = values;
    into.size = kept;
  }

  /** True if a value is NaN or infinite; without branches, so that many are looked at at once. */
  private static boolean mayHaveNans(double[] values, int size) {
    long any = 0;
    for (int i = 0; i < size; i++) {
      // An exponent of ones carries into the sign.
      any |= (Double.doubleToRawLongBits(values[i]) & Long.MAX_VALUE) + (1L << 52);
    }
    return any < 0;
  }

  /** True for a stale marker, and for a float that looks like a histogram. */
  private static boolean isSpecial(double value) {
    return Double.isNaN(value) && (Absent.is(value) || HistogramTable.isHistogram(value));
  }

  /** The same for a series that has histograms: those in windows are put into the query's table. */
  private void withHistograms(
      SampleColumns samples, @Nullable Histogram[] histograms, Window into) {
    long[] times = samples.times;
    double[] values = samples.values;
    FloatHistogram previous = null;
    int kept = 0;
    for (int row = 0; row < samples.size; row++) {
      double value = values[row];
      Histogram histogram = histograms[row];
      if (Absent.is(value) || (histogram != null && !isInSomeWindow(times[row]))) {
        continue;
      }
      if (histogram == null) {
        value = HistogramTable.fromOutside(value);
        previous = selection.countsOnly() ? previous : null;
      } else {
        FloatHistogram read = FloatHistogram.of(histogram);
        value =
            query.histograms.add(HistogramRanges.hinted(previous, read, selection.countsOnly()));
        previous = read;
        into.hasHistograms = true;
      }
      times[kept] = times[row];
      values[kept++] = value;
    }
    into.times = times;
    into.values = values;
    into.size = kept;
  }

  /** False for a time between the windows of steps that are further apart than they are wide. */
  private boolean isInSomeWindow(long time) {
    if (isPinned() || grid.step() <= rangeMillis) {
      return true;
    }
    long sinceFirst = time - (end(grid.start()) - rangeMillis); // > 0, since it was read
    return (sinceFirst - 1) % grid.step() < rangeMillis;
  }

  @Override
  boolean hasAggregates() {
    return true;
  }

  @Override
  boolean aggregate(int number, TimeRange range, int parts, RangeAggregate into, Worker worker) {
    return series().aggregate(number, range, parts, into, worker);
  }

  @Override
  SamplesGone samplesGone() {
    return series().samplesGone();
  }

  @Override
  SortedSet<Long> cellMillis() {
    return series().cellMillis();
  }

  @Override
  void cells(
      int first,
      TimeRange range,
      long cellMillis,
      int parts,
      List<CellColumns> into,
      Worker worker) {
    series().cells(first, range, cellMillis, parts, into, worker);
  }

  @Override
  SampleColumns stored(int number, TimeRange range, Worker worker) {
    return series().read(number, range, worker);
  }
}
