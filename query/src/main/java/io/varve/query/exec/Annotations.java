package io.varve.query.exec;

import io.varve.engine.model.Labels;
import io.varve.query.function.GoText;
import io.varve.query.histogram.HistogramNote;
import io.varve.query.promql.Position;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * What the user should know about a result, collected while a query runs: warnings and infos in
 * Prometheus' words ({@code util/annotations}). The same text is kept once, with the place that
 * stands first in the query. Thread-safe; asked for rarely, so one lock does.
 */
final class Annotations {
  private static final String WARNING = "PromQL warning: ";
  private static final String INFO = "PromQL info: ";

  private final Map<String, Position> found = new HashMap<>();
  private final Map<String, Forced> forced = new HashMap<>();
  private final List<Consumer<Annotations>> open = new ArrayList<>();

  /** Where and how much bucket counts had to be lifted. */
  private static final class Forced {
    Position position = Position.NONE;
    long minTime = Long.MAX_VALUE;
    long maxTime = Long.MIN_VALUE;
    double minBound = Double.POSITIVE_INFINITY;
    double maxBound = Double.NEGATIVE_INFINITY;
    double maxDifference;
    long samples;
  }

  /** Asks somebody at the end of the query, who may be asked again. */
  synchronized void atEnd(Consumer<Annotations> teller) {
    open.add(teller);
  }

  synchronized void warn(String text, Position position) {
    found.merge(WARNING + text, position, Annotations::first);
  }

  synchronized void info(String text, Position position) {
    found.merge(INFO + text, position, Annotations::first);
  }

  private static Position first(Position a, Position b) {
    return a.start() <= b.start() ? a : b;
  }

  void invalidQuantile(double q, Position position) {
    warn("quantile value should be between 0 and 1, got " + GoText.general(q), position);
  }

  /**
   * @param name of the metric; "" if it is not told
   */
  void badBucket(String le, String name, Position position) {
    warn(
        "bucket label \"le\" is missing or has a malformed value of "
            + GoText.quote(le)
            + ofMetric(name),
        position);
  }

  private static String ofMetric(String name) {
    return name.isEmpty() ? "" : " for metric name " + GoText.quote(name);
  }

  void possiblyNoCounter(String name, Position position) {
    info(
        "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "
            + GoText.quote(name),
        position);
  }

  /** Says so if the labels of what is treated as a counter say that it is none. */
  void askForCounter(Labels series, boolean byType, Position position) {
    String name = series.get(Labels.METRIC_NAME);
    if (name.isEmpty()) {
      return;
    }
    String type = series.get("__type__");
    if (byType) {
      if (!type.equals("counter") && !type.equals("histogram")) {
        info(
            "metric might not be a counter, __type__ label is not set to \"counter\" or"
                + " \"histogram\", got "
                + GoText.quote(type)
                + ": "
                + GoText.quote(name),
            position);
      }
    } else if (!name.endsWith("_total")
        && !name.endsWith("_sum")
        && !name.endsWith("_count")
        && !name.endsWith("_bucket")) {
      possiblyNoCounter(name, position);
    }
  }

  void startOverlap(String name, Position position) {
    warn(
        "sample has start time that overlaps with previous sample timestamp for metric "
            + GoText.quote(name),
        position);
  }

  void invalidRatio(double ratio, double cap, Position position) {
    warn(
        "ratio value should be between -1 and 1, got "
            + GoText.general(ratio)
            + ", capping to "
            + GoText.general(cap),
        position);
  }

  void sortInRange(Position position) {
    warn(
        "sort is ineffective for range queries since results are always ordered by labels",
        position);
  }

  void incompatible(String operator, String left, String right, Position position) {
    info(
        "incompatible sample types encountered for binary operator "
            + GoText.quote(operator)
            + ": "
            + left
            + " "
            + operator
            + " "
            + right,
        position);
  }

  void mixedSchemas(String name, Position position) {
    warn(
        "vector contains a mix of histograms with exponential and custom buckets schemas for"
            + " metric name "
            + GoText.quote(name),
        position);
  }

  void mixedClassicAndNative(String name, Position position) {
    warn("vector contains a mix of classic and native histograms" + ofMetric(name), position);
  }

  void mixedFloatsInAggregation(Position position) {
    warn("encountered a mix of histograms and floats for aggregation", position);
  }

  void ignoredInAggregation(String aggregation, Position position) {
    info("ignored histogram in " + aggregation + " aggregation", position);
  }

  void incompatibleBuckets(String operator, Position position) {
    warn("incompatible bucket layout encountered for binary operator " + operator, position);
  }

  void resetCollision(String operation, Position position) {
    warn("conflicting counter resets during histogram " + operation, position);
  }

  void reconciled(String operation, Position position) {
    info("mismatched custom buckets were reconciled during " + operation, position);
  }

  void nanQuantile(boolean result, String name, Position position) {
    info(
        "input to histogram_quantile has NaN observations, result is "
            + (result ? "NaN" : "skewed higher")
            + ofMetric(name),
        position);
  }

  void nanFraction(String name, Position position) {
    info(
        "input to histogram_fraction has NaN observations, which are excluded from all fractions"
            + ofMetric(name),
        position);
  }

  /** What a range function noted of a series. */
  void ofRange(HistogramNote note, String name, Position position) {
    String quoted = GoText.quote(name);
    switch (note) {
      case MIXED_FLOATS ->
          warn("encountered a mix of histograms and floats for metric name " + quoted, position);
      case IGNORED_BESIDE_FLOATS ->
          info(
              "ignored histograms in a range containing both floats and histograms for metric"
                  + " name "
                  + quoted,
              position);
      case NOT_COUNTER ->
          warn("this native histogram metric is not a counter: " + quoted, position);
      case NOT_GAUGE -> warn("this native histogram metric is not a gauge: " + quoted, position);
      case MIXED_SCHEMAS -> mixedSchemas(name, position);
      case RECONCILED_ADDITION -> reconciled("addition", position);
      case RECONCILED_SUBTRACTION -> reconciled("subtraction", position);
      case RECONCILED_AGGREGATION -> reconciled("aggregation", position);
      case COLLISION -> resetCollision("aggregation", position);
    }
  }

  /**
   * @param name of the metric; "" if it is not told
   */
  synchronized void forcedMonotonic(
      String name,
      Position position,
      long time,
      double minBound,
      double maxBound,
      double difference) {
    Forced f =
        forced.computeIfAbsent(
            "input to histogram_quantile needed to be fixed for monotonicity (see"
                + " https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)"
                + ofMetric(name),
            key -> new Forced());
    f.position = f.samples == 0 ? position : first(f.position, position);
    f.minTime = Math.min(f.minTime, time);
    f.maxTime = Math.max(f.maxTime, time);
    f.minBound = Math.min(f.minBound, minBound);
    f.maxBound = Math.max(f.maxBound, maxBound);
    f.maxDifference = Math.max(f.maxDifference, difference);
    f.samples++;
  }

  /** The warnings, with places, in the order of the query. */
  List<String> warnings(String query) {
    return texts(WARNING, query);
  }

  /** The infos, with places, in the order of the query. */
  List<String> infos(String query) {
    return texts(INFO, query);
  }

  private synchronized List<String> texts(String kind, String query) {
    record Entry(String text, Position position) {}
    open.forEach(teller -> teller.accept(this));
    List<Entry> entries = new ArrayList<>();
    found.forEach(
        (text, position) -> {
          if (text.startsWith(kind)) {
            entries.add(new Entry(text, position));
          }
        });
    if (kind.equals(INFO)) {
      forced.forEach((text, f) -> entries.add(new Entry(INFO + text + details(f), f.position)));
    }
    entries.sort(
        Comparator.comparingInt((Entry e) -> e.position.start()).thenComparing(Entry::text));
    List<String> texts = new ArrayList<>();
    for (Entry e : entries) {
      texts.add(e.text + " (" + e.position.describe(query) + ")");
    }
    return List.copyOf(texts);
  }

  private static String details(Forced f) {
    return ", from buckets "
        + GoText.general(f.minBound)
        + " to "
        + GoText.general(f.maxBound)
        + ", with a max diff of "
        + GoText.general(f.maxDifference, 2)
        + ", over "
        + f.samples
        + " samples from "
        + time(f.minTime)
        + " to "
        + time(f.maxTime);
  }

  private static String time(long millis) {
    return DateTimeFormatter.ISO_INSTANT.format(
        Instant.ofEpochSecond(millis / 1000).atOffset(ZoneOffset.UTC));
  }
}
