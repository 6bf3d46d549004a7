package io.varve.http.metrics;

import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.DataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.Label;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.prometheus.metrics.model.snapshots.UnknownSnapshot;
import io.varve.http.json.Json;
import java.io.IOException;
import java.util.function.Predicate;

/**
 * Metric families in the JSON form of {@code io.prometheus.client.MetricFamily}: field names in
 * camel case, 64-bit integers as strings, numbers that JSON does not have as strings.
 */
final class ProtoJson {
  private ProtoJson() {}

  /** Writes a list of the families whose names pass. */
  static void write(Json json, MetricSnapshots families, Predicate<String> names)
      throws IOException {
    json.beginList();
    for (MetricSnapshot family : families) {
      String name = family.getMetadata().getPrometheusName();
      switch (family) {
        case CounterSnapshot counter -> name += "_total";
        case InfoSnapshot info -> name += "_info";
        default -> {
          // The others are exposed under the family's name.
        }
      }
      if (names.test(name)) {
        family(json, name, family);
      }
    }
    json.endList();
  }

  private static void family(Json json, String name, MetricSnapshot family) throws IOException {
    String help = family.getMetadata().getHelp();
    json.beginObject().key("name").string(name).key("help").string(help == null ? "" : help);
    json.key("type")
        .string(
            switch (family) {
              case CounterSnapshot counter -> "COUNTER";
              case HistogramSnapshot histogram -> "HISTOGRAM";
              case GaugeSnapshot gauge -> "GAUGE";
              case InfoSnapshot info -> "GAUGE";
              default -> "UNTYPED";
            });
    json.key("metric").beginList();
    for (DataPointSnapshot point : family.getDataPoints()) {
      json.beginObject().key("label").beginList();
      for (Label label : point.getLabels()) {
        json.beginObject()
            .key("name")
            .string(label.getName())
            .key("value")
            .string(label.getValue())
            .endObject();
      }
      json.endList();
      point(json, point);
      json.endObject();
    }
    json.endList().endObject();
  }

  private static void point(Json json, DataPointSnapshot point) throws IOException {
    switch (point) {
      case CounterSnapshot.CounterDataPointSnapshot counter ->
          value(json, "counter", counter.getValue());
      case GaugeSnapshot.GaugeDataPointSnapshot gauge -> value(json, "gauge", gauge.getValue());
      case InfoSnapshot.InfoDataPointSnapshot info -> value(json, "gauge", 1);
      case UnknownSnapshot.UnknownDataPointSnapshot unknown ->
          value(json, "untyped", unknown.getValue());
      case HistogramSnapshot.HistogramDataPointSnapshot histogram -> histogram(json, histogram);
      default -> throw new IllegalStateException("BUG: a metric of " + point.getClass());
    }
  }

  private static void value(Json json, String kind, double value) throws IOException {
    json.key(kind).beginObject().key("value");
    number(json, value);
    json.endObject();
  }

  private static void histogram(Json json, HistogramSnapshot.HistogramDataPointSnapshot histogram)
      throws IOException {
    json.key("histogram").beginObject();
    json.key("sampleCount").string(Long.toString(histogram.getCount())).key("sampleSum");
    number(json, histogram.getSum());
    json.key("bucket").beginList();
    ClassicHistogramBuckets buckets = histogram.getClassicBuckets();
    long count = 0;
    for (int i = 0; i < buckets.size(); i++) {
      count += buckets.getCount(i);
      json.beginObject().key("cumulativeCount").string(Long.toString(count)).key("upperBound");
      number(json, buckets.getUpperBound(i));
      json.endObject();
    }
    json.endList().endObject();
  }

  private static void number(Json json, double value) throws IOException {
    if (Double.isFinite(value)) {
      json.number(value);
    } else {
      json.string(Double.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
    }
  }
}
