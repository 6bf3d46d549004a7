package io.varve.http.metrics;

import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.Map;

/** Collects metric families for one scrape. For one thread. */
final class Families {
  private final MetricSnapshots.Builder families = MetricSnapshots.builder();

  /** A number that goes up and down. */
  Families gauge(String name, String help, double value) {
    families.metricSnapshot(
        GaugeSnapshot.builder()
            .name(name)
            .help(help)
            .dataPoint(GaugeDataPointSnapshot.builder().value(value).build())
            .build());
    return this;
  }

  /** The same for a whole number. */
  Families gauge(String name, String help, long value) {
    return gauge(name, help, (double) value);
  }

  /** The same, by a label. */
  Families gauges(String name, String help, String label, Map<String, Double> values) {
    GaugeSnapshot.Builder family = GaugeSnapshot.builder().name(name).help(help);
    values.forEach(
        (of, value) ->
            family.dataPoint(
                GaugeDataPointSnapshot.builder()
                    .labels(Labels.of(label, of))
                    .value(value)
                    .build()));
    families.metricSnapshot(family.build());
    return this;
  }

  /** A number that only rises, named without {@code _total}. */
  Families counter(String name, String help, double value) {
    families.metricSnapshot(
        CounterSnapshot.builder()
            .name(name)
            .help(help)
            .dataPoint(CounterDataPointSnapshot.builder().value(value).build())
            .build());
    return this;
  }

  /** The same for a whole number. */
  Families counter(String name, String help, long value) {
    return counter(name, help, (double) value);
  }

  /** The same, by a label. */
  Families counters(String name, String help, String label, Map<String, Double> values) {
    CounterSnapshot.Builder family = CounterSnapshot.builder().name(name).help(help);
    values.forEach(
        (of, value) ->
            family.dataPoint(
                CounterDataPointSnapshot.builder()
                    .labels(Labels.of(label, of))
                    .value(value)
                    .build()));
    families.metricSnapshot(family.build());
    return this;
  }

  MetricSnapshots all() {
    return families.build();
  }
}
