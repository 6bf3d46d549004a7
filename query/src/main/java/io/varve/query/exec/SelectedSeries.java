package io.varve.query.exec;

import io.varve.engine.RangeAggregate;
import io.varve.engine.SeriesReader;
import io.varve.engine.SeriesSet;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.query.QueryException;
import java.util.List;

/** The stored series that a selector found, with a reader and reused columns for every worker. */
final class SelectedSeries {
  private final QueryContext query;
  private final SeriesSet set;
  private final SeriesReader[] readers;
  private final SampleColumns[] columns;

  SelectedSeries(QueryContext query, List<Matcher> matchers, TimeRange range) {
    this.query = query;
    this.set = query.snapshot.select(query.tenant, matchers, range, query);
    query.countSeries(set.size());
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
    SampleColumns mine = columns[worker.slot()];
    if (mine == null) {
      mine = new SampleColumns();
      columns[worker.slot()] = mine;
    }
    reader(worker).read(series, range, mine); // which charges the query for the columns
    return mine;
  }

  /** The aggregate of a range; false if the samples must be read. */
  boolean aggregate(int series, TimeRange range, RangeAggregate into, Worker worker) {
    into.clear();
    boolean known = reader(worker).aggregate(series, range, into);
    if (known) {
      query.countStoredBlocks(into.storedBlocks);
    }
    return known;
  }

  /** Refuses a row that is a native histogram, unless it says that the series ended. */
  void refuseHistogram(int series, SampleColumns samples, int row) {
    Histogram histogram = samples.histogram(row);
    if (histogram != null && !histogram.isStale()) {
      throw QueryException.execution(
          "native histograms: not supported by this version of Varve in queries; series "
              + set.labels(series)
              + " has one");
    }
  }
}
