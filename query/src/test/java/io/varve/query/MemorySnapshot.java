package io.varve.query;

import io.varve.engine.QueryBudget;
import io.varve.engine.RangeAggregate;
import io.varve.engine.SeriesReader;
import io.varve.engine.SeriesSet;
import io.varve.engine.Snapshot;
import io.varve.engine.model.Exemplar;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.Metadata;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.StaleMarker;
import io.varve.engine.model.TimeRange;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A store of a few series in memory, as queries see one: for tests of the query module without an
 * engine. Not thread-safe while samples are added.
 */
public final class MemorySnapshot implements Snapshot {
  /** A sample: a row of {@link SampleColumns}. */
  private record Row(SampleColumns column) {}

  private final TreeMap<Labels, TreeMap<Long, Row>> series = new TreeMap<>();

  /** How often {@link SeriesReader#aggregate} answered. */
  public int aggregatesAnswered;

  /** No series. */
  public MemorySnapshot() {}

  /** Forgets all series. */
  public void clear() {
    series.clear();
  }

  /** Adds a float sample; a later one of the same time replaces it. */
  public MemorySnapshot add(Labels labels, long time, double value) {
    SampleColumns row = new SampleColumns(1);
    row.add(time, value, 0);
    return add(labels, row);
  }

  /** Adds one sample of any kind. */
  public MemorySnapshot add(Labels labels, SampleColumns row) {
    series.computeIfAbsent(labels, key -> new TreeMap<>()).put(row.times[0], new Row(row));
    return this;
  }

  @Override
  public SeriesSet select(
      String tenant, List<Matcher> matchers, TimeRange range, QueryBudget budget) {
    List<Labels> found = new ArrayList<>();
    List<NavigableMap<Long, Row>> samples = new ArrayList<>();
    series.forEach(
        (labels, rows) -> {
          for (Matcher matcher : matchers) {
            if (!matcher.matches(labels.get(matcher.name()))) {
              return;
            }
          }
          if (!rows.subMap(range.startExclusive(), false, range.endInclusive(), true).isEmpty()) {
            found.add(labels);
            samples.add(rows);
          }
        });
    return new SeriesSet() {
      @Override
      public int size() {
        return found.size();
      }

      @Override
      public Labels labels(int number) {
        return found.get(number);
      }

      @Override
      public SeriesReader reader() {
        return new Reader(samples, budget);
      }
    };
  }

  private final class Reader implements SeriesReader {
    private final List<NavigableMap<Long, Row>> samples;
    private final QueryBudget budget;

    Reader(List<NavigableMap<Long, Row>> samples, QueryBudget budget) {
      this.samples = samples;
      this.budget = budget;
    }

    @Override
    public void read(int number, TimeRange range, SampleColumns into) {
      into.clear();
      if (range.isEmpty()) {
        return;
      }
      samples
          .get(number)
          .subMap(range.startExclusive(), false, range.endInclusive(), true)
          .forEach((time, row) -> into.addFrom(row.column, 0));
      budget.chargeSamples(into.size);
    }

    @Override
    public boolean aggregate(int number, TimeRange range, RangeAggregate into) {
      SampleColumns all = new SampleColumns();
      read(number, range, all);
      into.clear();
      double previous = 0;
      for (int i = 0; i < all.size; i++) {
        double value = all.values[i];
        if (all.histogram(i) != null || all.start(i) != 0) {
          return false;
        }
        if (StaleMarker.is(value)) {
          into.staleCount++;
          continue;
        }
        if (Double.isNaN(value) || Double.isInfinite(value)) {
          return false;
        }
        if (into.count == 0) {
          into.first = value;
          into.firstTime = all.times[i];
        } else if (value < previous) {
          into.resets++;
          into.resetCorrection += previous;
        }
        into.count++;
        into.last = value;
        into.lastTime = all.times[i];
        into.min = Math.min(into.min, value);
        into.max = Math.max(into.max, value);
        into.sum += value;
        previous = value;
      }
      into.storedBlocks = 1;
      synchronized (MemorySnapshot.this) {
        aggregatesAnswered++;
      }
      return true;
    }

    @Override
    public void close() {}
  }

  @Override
  public List<String> labelNames(
      String tenant, List<Matcher> matchers, TimeRange range, int limit, QueryBudget budget) {
    TreeSet<String> names = new TreeSet<>();
    SeriesSet set = select(tenant, matchers, range, budget);
    for (int i = 0; i < set.size(); i++) {
      for (int k = 0; k < set.labels(i).size(); k++) {
        names.add(set.labels(i).name(k));
      }
    }
    return names.stream().limit(limit == 0 ? Long.MAX_VALUE : limit).toList();
  }

  @Override
  public List<String> labelValues(
      String tenant,
      String name,
      List<Matcher> matchers,
      TimeRange range,
      int limit,
      QueryBudget budget) {
    TreeSet<String> values = new TreeSet<>();
    SeriesSet set = select(tenant, matchers, range, budget);
    for (int i = 0; i < set.size(); i++) {
      if (set.labels(i).has(name)) {
        values.add(set.labels(i).get(name));
      }
    }
    return values.stream().limit(limit == 0 ? Long.MAX_VALUE : limit).toList();
  }

  @Override
  public Map<Labels, List<Exemplar>> exemplars(
      String tenant, List<Matcher> matchers, TimeRange range, QueryBudget budget) {
    return Map.of();
  }

  @Override
  public Map<String, Metadata> metadata(String tenant) {
    return Map.of();
  }

  @Override
  public void close() {}
}
