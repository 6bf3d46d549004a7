package io.varve.query.promqltest;

import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.engine.model.SampleColumns;
import io.varve.query.function.GoText;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/** Native histograms with custom buckets, made of the classic ones that a script loads. */
final class ClassicHistograms {
  private ClassicHistograms() {}

  /** The histograms under the names without suffix. */
  static Map<Labels, SampleColumns> toCustomBuckets(Script.Load load) {
    Map<Labels, Map<Long, TreeMap<Double, Double>>> buckets = new HashMap<>();
    Map<Labels, Map<Long, double[]>> totals = new HashMap<>();
    for (Script.Series series : load.series()) {
      String name = series.labels().get(Labels.METRIC_NAME);
      String base = name.replaceFirst("_(bucket|count|sum)$", "");
      Labels labels =
          new Labels.Builder(series.labels().without("le")).set(Labels.METRIC_NAME, base).build();
      for (int i = 0; i < series.values().size(); i++) {
        Double value = series.values().get(i).number();
        if (value == null) {
          continue;
        }
        long time = i * load.stepMillis();
        if (name.endsWith("_bucket") && series.labels().has("le")) {
          double bound = GoText.parseFloat(series.labels().get("le"));
          buckets
              .computeIfAbsent(labels, key -> new TreeMap<>())
              .computeIfAbsent(time, key -> new TreeMap<>())
              .put(bound, value);
        } else if (name.endsWith("_sum") || name.endsWith("_count")) {
          double[] total =
              totals
                  .computeIfAbsent(labels, key -> new TreeMap<>())
                  .computeIfAbsent(time, key -> new double[2]);
          total[name.endsWith("_sum") ? 0 : 1] = value;
        }
      }
    }
    Map<Labels, SampleColumns> made = new LinkedHashMap<>();
    buckets.forEach(
        (labels, byTime) -> {
          SampleColumns samples = new SampleColumns(16);
          byTime.forEach(
              (time, cumulative) -> {
                double[] total =
                    totals.getOrDefault(labels, Map.of()).getOrDefault(time, new double[2]);
                samples.add(time, customBuckets(cumulative, total), 0);
              });
          made.put(labels, samples);
        });
    return made;
  }

  private static Histogram customBuckets(NavigableMap<Double, Double> cumulative, double[] total) {
    HistogramLiteral h = new HistogramLiteral();
    h.schema = Histogram.CUSTOM_BUCKETS_SCHEMA;
    h.sum = total[0];
    double previous = 0;
    int i = 0;
    for (Map.Entry<Double, Double> bucket : cumulative.entrySet()) {
      h.positive.put(i++, bucket.getValue() - previous);
      previous = bucket.getValue();
    }
    h.count = previous;
    h.customValues =
        cumulative.keySet().stream()
            .filter(bound -> bound != Double.POSITIVE_INFINITY)
            .mapToDouble(Double::doubleValue)
            .toArray();
    return h.toHistogram();
  }
}
