package io.varve.query.exec;

import io.varve.engine.CellColumns;
import io.varve.engine.RangeAggregate;
import io.varve.engine.SamplesGone;
import io.varve.engine.SeriesReader;
import io.varve.engine.SeriesSet;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.query.histogram.FloatHistogram;
import io.varve.query.histogram.HistogramRanges;
import io.varve.query.histogram.HistogramTable;
import io.varve.query.histogram.ResetHint;
import io.varve.query.promql.Durations;
import java.util.List;
import java.util.SortedSet;
import org.jspecify.annotations.Nullable;

/** The stored series that a selector found, with a reader and reused columns for every worker. */
final class SelectedSeries {
  private final QueryContext query;
  private final SeriesSet set;
  private final SelectorMeter meter;
  private final SamplesGone gone;
  private final SeriesReader[] readers;
  private final SampleColumns[] columns;

  SelectedSeries(QueryContext query, List<Matcher> matchers, TimeRange range) {
    this.query = query;
    this.meter = query.meter(matchers);
    this.set = query.snapshot.select(query.tenant, matchers, range, meter);
    meter.found(set.size(), set.windows());
    query.countSeries(meter, set.size());
    this.gone = set.samplesGone();
    if (gone.any() && set.size() > 0) {
      query.annotations.samplesGone(Durations.format(gone.cellMillis()));
    }
    this.readers = new SeriesReader[query.workers()];
    this.columns = new SampleColumns[query.workers()];
  }

  int size() {
    return set.size();
  }

  Labels[] labels() {
    Labels[] labels = new Labels[set.size()];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = set.labels(i);
    }
    return labels;
  }

  private SeriesReader reader(Worker worker) {
    SeriesReader reader = readers[worker.slot()];
    if (reader == null) {
      reader = query.owned(set.reader());
      readers[worker.slot()] = reader;
    }
    return reader;
  }

  /** The samples in a range, stale markers included; valid until the worker's next read here. */
  SampleColumns read(int series, TimeRange range, Worker worker) {
    SampleColumns mine = columns(worker);
    reader(worker).read(series, range, mine); // which charges the query for the columns
    return mine;
  }

  /** The same; a value that is no stale marker may be 0. */
  SampleColumns readTimes(int series, TimeRange range, Worker worker) {
    SampleColumns mine = columns(worker);
    reader(worker).readTimes(series, range, mine);
    return mine;
  }

  private SampleColumns columns(Worker worker) {
    SampleColumns mine = columns[worker.slot()];
    if (mine == null) {
      mine = new SampleColumns();
      columns[worker.slot()] = mine;
    }
    return mine;
  }

  /**
   * The aggregate of a range; false if the samples must be read.
   *
   * @param parts what is needed of cells, −1 to use none
   */
  boolean aggregate(int series, TimeRange range, int parts, RangeAggregate into, Worker worker) {
    into.clear();
    SeriesReader reader = reader(worker);
    boolean known =
        parts < 0
            ? reader.aggregate(series, range, into)
            : reader.aggregate(series, range, parts, into);
    if (known) {
      query.countStoredCells(into.storedCells);
      meter.countStoredCells(into.storedCells, into.cellMillis);
      query.countStoredBlocks(into.storedBlocks);
      meter.countStoredBlocks(into.storedBlocks);
    }
    return known;
  }

  /** Where samples are gone, of which the user is told. */
  SamplesGone samplesGone() {
    return gone;
  }

  /** The widths of cells that continuous aggregates have of these series. */
  SortedSet<Long> cellMillis() {
    return set.cellMillis();
  }

  /** The cells of a range, of consecutive series. */
  void cells(
      int first,
      TimeRange range,
      long cellMillis,
      int parts,
      List<CellColumns> into,
      Worker worker) {
    reader(worker).cells(first, range, cellMillis, parts, into);
    long stored = 0;
    for (int i = 0; i < into.size(); i++) {
      stored += into.get(i).storedCells();
    }
    query.countStoredCells(stored);
    meter.countStoredCells(stored, cellMillis);
  }

  /**
   * The value of a row of what was read. A histogram is put into the query's table, and its row
   * then has the value that stands for it.
   *
   * @param countsOnly true to leave out buckets and tell counter resets
   */
  double value(SampleColumns samples, int row, boolean countsOnly) {
    double value = samples.values[row];
    Histogram histogram = samples.histogram(row);
    if (histogram == null) {
      return HistogramTable.fromOutside(value);
    }
    if (histogram.isStale() || HistogramTable.isHistogram(value)) {
      return value;
    }
    FloatHistogram read = FloatHistogram.of(histogram);
    if (countsOnly) {
      read = HistogramRanges.hinted(before(samples, row), read, true);
    } else if (read.hint() == ResetHint.RESET) {
      read = read.withHint(ResetHint.UNKNOWN);
    }
    samples.values[row] = query.histograms.add(read);
    return samples.values[row];
  }

  private static @Nullable FloatHistogram before(SampleColumns samples, int row) {
    for (int i = row - 1; i >= 0; i--) {
      Histogram histogram = samples.histogram(i);
      if (histogram != null && !histogram.isStale()) {
        return FloatHistogram.of(histogram);
      }
    }
    return null;
  }
}
