package io.varve.retention.rules;

import io.varve.engine.QueryBudget;
import io.varve.engine.SeriesReader;
import io.varve.engine.SeriesSet;
import io.varve.engine.Snapshot;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/** What rules of a tenant stored earlier, as the store has it now. Any thread. */
final class StoredRules {
  /** The series that tell since when alerts are pending or fire. */
  static final String FOR_STATE = "ALERTS_FOR_STATE";

  private final Supplier<Snapshot> snapshots;
  private final String tenant;

  /**
   * @param snapshots a snapshot for each question, closed after it
   */
  StoredRules(Supplier<Snapshot> snapshots, String tenant) {
    this.snapshots = snapshots;
    this.tenant = tenant;
  }

  /** The last sample of a series. */
  record Last(long timeMillis, double value) {}

  /** By labels without the metric's name, the last samples of an alert's times in a range. */
  Map<Labels, Last> forState(String alert, TimeRange range) {
    Map<Labels, Last> found = new HashMap<>();
    last(List.of(Matcher.equal("alertname", alert)), FOR_STATE, range)
        .forEach((labels, last) -> found.put(labels.without(Labels.METRIC_NAME), last));
    return found;
  }

  /** By labels, the last samples of what a recording rule makes. */
  Map<Labels, Last> made(Rule.Recording rule, TimeRange range) {
    return last(matchers(rule), rule.name(), range);
  }

  private Map<Labels, Last> last(List<Matcher> more, String metric, TimeRange range) {
    Map<Labels, Last> found = new HashMap<>();
    each(
        more,
        metric,
        range,
        (labels, samples) -> {
          int row = samples.size - 1;
          // The value of a histogram is of no meaning, but it is none of a stale marker either.
          double value = samples.histogram(row) == null ? samples.values[row] : 0;
          found.put(labels, new Last(samples.times[row], value));
        });
    return found;
  }

  /** Adds the times at which a recording rule has stored anything. */
  void addTimes(Rule.Recording rule, TimeRange range, Set<Long> times) {
    each(
        matchers(rule),
        rule.name(),
        range,
        (labels, samples) -> {
          for (int row = 0; row < samples.size; row++) {
            times.add(samples.times[row]);
          }
        });
  }

  private static List<Matcher> matchers(Rule.Recording rule) {
    List<Matcher> matchers = new ArrayList<>();
    rule.labels().forEach((name, value) -> matchers.add(Matcher.equal(name, value)));
    return matchers;
  }

  /** Takes the samples of a series, at least one; they are good until it returns. */
  private interface Samples {
    void take(Labels labels, SampleColumns samples);
  }

  private void each(List<Matcher> more, String metric, TimeRange range, Samples to) {
    List<Matcher> matchers = new ArrayList<>(more);
    matchers.addFirst(Matcher.equal(Labels.METRIC_NAME, metric));
    try (Snapshot snapshot = snapshots.get()) {
      SeriesSet series = snapshot.select(tenant, matchers, range, QueryBudget.UNLIMITED);
      try (SeriesReader reader = series.reader()) {
        SampleColumns samples = new SampleColumns();
        for (int i = 0; i < series.size(); i++) {
          reader.read(i, range, samples);
          if (samples.size > 0) {
            to.take(series.labels(i), samples);
          }
        }
      }
    }
  }

  /** True if a recording rule has stored anything in a range. */
  boolean anyMade(Rule.Recording rule, TimeRange range) {
    List<Matcher> matchers = matchers(rule);
    matchers.add(Matcher.equal(Labels.METRIC_NAME, rule.name()));
    try (Snapshot snapshot = snapshots.get()) {
      SeriesSet series = snapshot.select(tenant, matchers, range, QueryBudget.UNLIMITED);
      try (SeriesReader reader = series.reader()) {
        for (int i = 0; i < series.size(); i++) {
          if (reader.anyIn(i, range)) {
            return true;
          }
        }
      }
    }
    return false;
  }

  /** Those of some series that have a sample in a range. */
  Set<Labels> present(Collection<Labels> wanted, TimeRange range) {
    Map<String, Set<Labels>> byMetric = new HashMap<>();
    for (Labels labels : wanted) {
      byMetric
          .computeIfAbsent(labels.get(Labels.METRIC_NAME), metric -> new HashSet<>())
          .add(labels);
    }
    Set<Labels> present = new HashSet<>();
    if (byMetric.isEmpty()) {
      return present;
    }
    try (Snapshot snapshot = snapshots.get()) {
      byMetric.forEach((metric, these) -> present(snapshot, metric, these, range, present));
    }
    return present;
  }

  private void present(
      Snapshot snapshot, String metric, Set<Labels> wanted, TimeRange range, Set<Labels> present) {
    List<Matcher> matchers = List.of(Matcher.equal(Labels.METRIC_NAME, metric));
    SeriesSet series = snapshot.select(tenant, matchers, range, QueryBudget.UNLIMITED);
    try (SeriesReader reader = series.reader()) {
      for (int i = 0; i < series.size(); i++) {
        Labels labels = series.labels(i);
        if (wanted.contains(labels) && reader.anyIn(i, range)) {
          present.add(labels);
        }
      }
    }
  }
}
