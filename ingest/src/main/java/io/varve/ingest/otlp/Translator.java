package io.varve.ingest.otlp;

import com.google.protobuf.ByteString;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.metrics.v1.AggregationTemporality;
import io.opentelemetry.proto.metrics.v1.DataPointFlags;
import io.opentelemetry.proto.metrics.v1.Exemplar;
import io.opentelemetry.proto.metrics.v1.ExponentialHistogramDataPoint;
import io.opentelemetry.proto.metrics.v1.HistogramDataPoint;
import io.opentelemetry.proto.metrics.v1.Metric;
import io.opentelemetry.proto.metrics.v1.NumberDataPoint;
import io.opentelemetry.proto.metrics.v1.ResourceMetrics;
import io.opentelemetry.proto.metrics.v1.ScopeMetrics;
import io.opentelemetry.proto.metrics.v1.Sum;
import io.opentelemetry.proto.metrics.v1.SummaryDataPoint;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.Metadata;
import io.varve.engine.model.StaleMarker;
import io.varve.engine.model.WriteBatch;
import io.varve.ingest.intake.Intake;
import io.varve.ingest.intake.NativeHistogram;
import io.varve.ingest.intake.Reason;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Turns OpenTelemetry metrics into series, samples and histograms, by the rules of Prometheus 3.14
 * ({@code storage/remote/otlptranslator}); {@link io.varve.ingest.otlp} tells where they differ.
 * What cannot be translated is left out and told. Not thread-safe; reused.
 */
final class Translator {
  private static final long NANOS_PER_MILLI = 1_000_000;
  private static final int COARSEST_SCALE = -4;
  private static final int FINEST_SCALE = 8;
  private static final int GAUGE_HINT = 3;
  private static final double DEFAULT_ZERO_THRESHOLD = 1e-128;
  private static final int MOST_EXEMPLAR_CHARACTERS = 128;

  /** Of one resource of a request; one wrong timestamp must not make millions. */
  private static final long MOST_TARGET_INFO = 1_000;

  private final Intake intake;
  private final WriteBatch batch;
  private final OtlpSettings settings;
  private final SeriesWriter writer;
  private final MetricNames metricNames;
  private final SeriesLabels labels;
  private final MetadataTold metadata = new MetadataTold();
  private final NativeHistogram histogram = new NativeHistogram();
  private final @Nullable DeltaConversion deltas;
  private OtlpEncoding encoding = OtlpEncoding.PROTOBUF;

  private int[] bucketRows = new int[32];

  // What the metric in hand is.
  private String family = "";
  private Metadata about = new Metadata("unknown", "", "");
  private boolean delta; // stored as it comes
  private boolean converting; // a delta that is made cumulative
  private long earliest; // of the resource in hand, nanoseconds, unsigned
  private long latest;

  /**
   * @param totals where deltas are added up; null if they are not
   */
  Translator(Intake intake, OtlpSettings settings, @Nullable RunningTotals totals) {
    this.intake = intake;
    this.batch = intake.batch;
    this.settings = settings;
    this.writer = new SeriesWriter(intake);
    this.deltas = totals == null ? null : new DeltaConversion(intake, totals);
    this.metricNames = new MetricNames(settings.strategy());
    this.labels = new SeriesLabels(settings, intake.labels.most(), intake.labels.mostBytes());
  }

  boolean isLarge() {
    return writer.isLarge();
  }

  void translate(ExportMetricsServiceRequest request, OtlpEncoding wire) {
    encoding = wire;
    writer.begin();
    if (deltas != null) {
      deltas.begin();
    }
    metadata.begin(batch.tenant, intake.latestTime());
    for (ResourceMetrics resource : request.getResourceMetricsList()) {
      try {
        labels.resource(resource.getResource());
      } catch (UntranslatableException e) {
        refuse(e, points(resource));
        continue;
      }
      earliest = -1;
      latest = 0;
      if (deltas != null) {
        deltas.resource(resource.getResource());
      }
      for (ScopeMetrics scope : resource.getScopeMetricsList()) {
        scope(scope);
      }
      if (earliest != -1) {
        targetInfo();
      }
    }
  }

  /** Keeps the deltas of the request in the running totals, or takes them out again. */
  void end(boolean stored) {
    if (deltas != null && stored) {
      deltas.keepAll();
    } else if (deltas != null) {
      deltas.takeBackAll();
    }
  }

  private void scope(ScopeMetrics scope) {
    try {
      labels.scope(scope);
    } catch (UntranslatableException e) {
      refuse(e, points(scope));
      return;
    }
    if (deltas != null) {
      deltas.scope(scope);
    }
    for (Metric metric : scope.getMetricsList()) {
      try {
        metric(metric);
      } catch (UntranslatableException e) {
        refuse(e, points(metric));
      }
    }
  }

  private void refuse(UntranslatableException e, long points) {
    intake.refusals.tell(e.text());
    intake.refusals.countSamples(e.reason(), points);
    intake.checkEntries();
  }

  private static long points(ResourceMetrics resource) {
    long points = 0;
    for (ScopeMetrics scope : resource.getScopeMetricsList()) {
      points += points(scope);
    }
    return points;
  }

  private static long points(ScopeMetrics scope) {
    long points = 0;
    for (Metric metric : scope.getMetricsList()) {
      points += points(metric);
    }
    return points;
  }

  private static int points(Metric metric) {
    return switch (metric.getDataCase()) {
      case GAUGE -> metric.getGauge().getDataPointsCount();
      case SUM -> metric.getSum().getDataPointsCount();
      case HISTOGRAM -> metric.getHistogram().getDataPointsCount();
      case EXPONENTIAL_HISTOGRAM -> metric.getExponentialHistogram().getDataPointsCount();
      case SUMMARY -> metric.getSummary().getDataPointsCount();
      case DATA_NOT_SET -> 0;
    };
  }

  private void metric(Metric metric) {
    delta = false;
    converting = false;
    switch (metric.getDataCase()) {
      case GAUGE -> {
        begin(metric, MetricNames.Kind.GAUGE, "gauge");
        for (NumberDataPoint point : metric.getGauge().getDataPointsList()) {
          number(point, false);
        }
      }
      case SUM -> {
        Sum sum = metric.getSum();
        temporality(metric, sum.getAggregationTemporality());
        boolean rises = sum.getIsMonotonic();
        begin(
            metric,
            rises ? MetricNames.Kind.COUNTER : MetricNames.Kind.OTHER,
            rises ? "counter" : "gauge");
        for (NumberDataPoint point : sum.getDataPointsList()) {
          NumberDataPoint total = deltas == null || !converting ? point : deltas.number(point);
          if (total != null) {
            int before = entries();
            number(total, true);
            settle(before);
          }
        }
      }
      case HISTOGRAM -> {
        temporality(metric, metric.getHistogram().getAggregationTemporality());
        begin(metric, MetricNames.Kind.OTHER, "histogram");
        for (HistogramDataPoint point : metric.getHistogram().getDataPointsList()) {
          HistogramDataPoint total =
              deltas == null || !converting ? point : deltas.histogram(point);
          if (total != null) {
            int before = entries();
            if (settings.customBuckets()) {
              customBuckets(total);
            } else {
              classic(total);
            }
            settle(before);
          }
        }
      }
      case EXPONENTIAL_HISTOGRAM -> {
        temporality(metric, metric.getExponentialHistogram().getAggregationTemporality());
        begin(metric, MetricNames.Kind.OTHER, "histogram");
        for (ExponentialHistogramDataPoint point :
            metric.getExponentialHistogram().getDataPointsList()) {
          ExponentialHistogramDataPoint total =
              deltas == null || !converting ? point : deltas.exponential(point);
          if (total != null) {
            int before = entries();
            exponential(total);
            settle(before);
          }
        }
      }
      case SUMMARY -> {
        begin(metric, MetricNames.Kind.OTHER, "summary");
        for (SummaryDataPoint point : metric.getSummary().getDataPointsList()) {
          summary(point);
        }
      }
      case DATA_NOT_SET ->
          throw new UntranslatableException(
              "could not get aggregation temporality for "
                  + UntranslatableException.quoted(metric.getName())
                  + " as it has unsupported metric type Empty");
    }
  }

  private void temporality(Metric metric, AggregationTemporality temporality) {
    boolean isDelta = temporality == AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA;
    OtlpDeltas.Use use = settings.deltas().use();
    delta = isDelta && use == OtlpDeltas.Use.STORE;
    converting = isDelta && use == OtlpDeltas.Use.CONVERT;
    if (converting && deltas != null) {
      deltas.metric(metric);
    }
    boolean known = temporality == AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE;
    if (!known && !delta && !converting) {
      throw new UntranslatableException(
          "invalid temporality and type combination for metric "
              + UntranslatableException.quoted(metric.getName())
              + (isDelta
                  ? ": deltas are refused unless otlp.deltatocumulative or"
                      + " otlp.native_delta_ingestion is true; or let the sender or a collector"
                      + " make them cumulative"
                  : ""));
    }
  }

  private int entries() {
    return batch.sampleCount + batch.histogramCount;
  }

  /** A delta of which nothing was stored is not in its stream's total. */
  private void settle(int entriesBefore) {
    if (converting && deltas != null && entries() == entriesBefore) {
      deltas.takeBackLast();
    }
  }

  private void begin(Metric metric, MetricNames.Kind kind, String type) {
    family = metricNames.of(metric.getName(), metric.getUnit(), kind);
    if (family.length() > intake.labels.mostBytes()) {
      throw new UntranslatableException(
          Reason.LABEL_LIMIT,
          "label_value_length_limit exceeded (metric: "
              + UntranslatableException.quoted(family)
              + ", length: "
              + family.length()
              + ")");
    }
    about =
        new Metadata(
            delta ? "unknown" : type, // there is no type for deltas yet
            MetadataTold.cut(MetricNames.unit(metric.getUnit(), true)),
            MetadataTold.cut(metric.getDescription()));
    labels.metric(about.type(), metric.getUnit());
    if (points(metric) == 0) {
      throw new UntranslatableException(
          "empty data points. " + UntranslatableException.quoted(metric.getName()) + " is dropped");
    }
    metadata.tell(intake, family, about);
  }

  /** Milliseconds of a time that may be that of target_info too. */
  private long time(long nanos) {
    if (nanos != 0) {
      if (Long.compareUnsigned(nanos, earliest) < 0) {
        earliest = nanos;
      }
      if (Long.compareUnsigned(nanos, latest) > 0) {
        latest = nanos;
      }
    }
    return millis(nanos);
  }

  private static long millis(long nanos) {
    return Long.divideUnsigned(nanos, NANOS_PER_MILLI);
  }

  /** Labels of the data point in hand; false if it cannot be stored, which is told. */
  private boolean begin(List<KeyValue> attributes, long nanos) {
    try {
      labels.point(attributes);
    } catch (UntranslatableException e) {
      refuse(e, 1);
      return false;
    }
    if (nanos == 0) {
      refuse(
          new UntranslatableException(
              "out of bounds: a data point of "
                  + UntranslatableException.quoted(family)
                  + " has no timestamp"),
          1);
      return false;
    }
    return true;
  }

  private static boolean isStale(int flags) {
    return (flags & DataPointFlags.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK_VALUE) != 0;
  }

  private static long bits(double value, boolean stale) {
    return stale ? StaleMarker.BITS : Double.doubleToRawLongBits(value);
  }

  private static double unsigned(long count) {
    return count >= 0 ? (double) count : ((double) (count >>> 1 | (count & 1))) * 2.0;
  }

  private void number(NumberDataPoint point, boolean withExemplars) {
    long time = time(point.getTimeUnixNano());
    if (!begin(point.getAttributesList(), point.getTimeUnixNano())) {
      return;
    }
    double value =
        switch (point.getValueCase()) {
          case AS_DOUBLE -> point.getAsDouble();
          case AS_INT -> point.getAsInt();
          case VALUE_NOT_SET -> 0;
        };
    long start = millis(point.getStartTimeUnixNano());
    int row = sample(labels.of(family), time, bits(value, isStale(point.getFlags())), start);
    if (withExemplars) {
      for (Exemplar exemplar : point.getExemplarsList()) {
        exemplar(row, exemplar, time);
      }
    }
  }

  /** Adds a float sample; returns the row of its series, −1 if it is refused. */
  private int sample(LabelSet set, long time, long bits, long start) {
    int row = writer.row(set);
    int before = batch.sampleCount;
    intake.addSample(row, time, bits, start);
    if (row >= 0 && batch.sampleCount == before) {
      intake.removeLastSeries(); // refused: no trace of the series
      return -1;
    }
    return row;
  }

  private void classic(HistogramDataPoint point) {
    long time = time(point.getTimeUnixNano());
    if (!begin(point.getAttributesList(), point.getTimeUnixNano())) {
      return;
    }
    boolean stale = isStale(point.getFlags());
    long start = millis(point.getStartTimeUnixNano());
    if (point.hasSum()) {
      sample(labels.of(family + "_sum"), time, bits(point.getSum(), stale), start);
    }
    long countBits = bits(unsigned(point.getCount()), stale);
    sample(labels.of(family + "_count"), time, countBits, start);
    int bounds = Math.min(point.getExplicitBoundsCount(), point.getBucketCountsCount());
    String bucket = family + "_bucket";
    if (bucketRows.length <= bounds) {
      bucketRows = new int[2 * bounds];
    }
    long count = 0;
    for (int i = 0; i < bounds; i++) {
      count += point.getBucketCounts(i);
      LabelSet set = labels.of(bucket, "le", Decimal.plain(point.getExplicitBounds(i)));
      bucketRows[i] = sample(set, time, bits(unsigned(count), stale), start);
    }
    bucketRows[bounds] = sample(labels.of(bucket, "le", "+Inf"), time, countBits, start);
    for (Exemplar exemplar : point.getExemplarsList()) {
      exemplar(bucketRows[bucket(point, bounds, value(exemplar))], exemplar, time);
    }
  }

  /** The first of the buckets with bounds that the value is in, or the one behind them. */
  private static int bucket(HistogramDataPoint point, int bounds, double value) {
    int low = 0;
    int high = bounds;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (value <= point.getExplicitBounds(middle)) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  private void summary(SummaryDataPoint point) {
    long time = time(point.getTimeUnixNano());
    if (!begin(point.getAttributesList(), point.getTimeUnixNano())) {
      return;
    }
    boolean stale = isStale(point.getFlags());
    long start = millis(point.getStartTimeUnixNano());
    sample(labels.of(family + "_sum"), time, bits(point.getSum(), stale), start);
    long countBits = bits(unsigned(point.getCount()), stale);
    sample(labels.of(family + "_count"), time, countBits, start);
    for (SummaryDataPoint.ValueAtQuantile quantile : point.getQuantileValuesList()) {
      LabelSet set = labels.of(family, "quantile", Decimal.plain(quantile.getQuantile()));
      sample(set, time, bits(quantile.getValue(), stale), start);
    }
  }

  private void exponential(ExponentialHistogramDataPoint point) {
    histogram.clear();
    histogram.time = time(point.getTimeUnixNano());
    if (!begin(point.getAttributesList(), point.getTimeUnixNano())) {
      return;
    }
    int scale = point.getScale();
    if (scale < COARSEST_SCALE) {
      refuse(
          new UntranslatableException(
              "cannot convert exponential to native histogram. Scale must be >= -4, was " + scale),
          1);
      return;
    }
    histogram.schema = Math.min(scale, FINEST_SCALE);
    double zeroThreshold = point.getZeroThreshold();
    histogram.zeroThresholdBits =
        Double.doubleToRawLongBits(zeroThreshold > 0 ? zeroThreshold : DEFAULT_ZERO_THRESHOLD);
    if (!isStale(point.getFlags())) {
      int scaleDown = scale - histogram.schema;
      buckets(histogram.positive, point.getPositive(), scaleDown);
      buckets(histogram.negative, point.getNegative(), scaleDown);
      histogram.zeroCountInt = point.getZeroCount();
    }
    nativeHistogram(
        point.getStartTimeUnixNano(),
        point.getCount(),
        point.hasSum() ? point.getSum() : 0,
        isStale(point.getFlags()),
        point.getExemplarsList());
  }

  private void buckets(
      NativeHistogram.Buckets side, ExponentialHistogramDataPoint.Buckets from, int scaleDown) {
    DenseBuckets.exponential(
        histogram,
        side,
        from::getBucketCounts,
        from.getBucketCountsCount(),
        from.getOffset(),
        scaleDown);
  }

  private void customBuckets(HistogramDataPoint point) {
    histogram.clear();
    histogram.time = time(point.getTimeUnixNano());
    if (!begin(point.getAttributesList(), point.getTimeUnixNano())) {
      return;
    }
    histogram.schema = Histogram.CUSTOM_BUCKETS_SCHEMA;
    for (int i = 0; i < point.getExplicitBoundsCount(); i++) {
      histogram.customValue(Double.doubleToRawLongBits(point.getExplicitBounds(i)));
    }
    if (!isStale(point.getFlags())) {
      // Without bounds and counts, all observations are in the one bucket that ends at +Inf.
      boolean none = point.getExplicitBoundsCount() == 0 && point.getBucketCountsCount() == 0;
      if (none) {
        DenseBuckets.custom(histogram, i -> point.getCount(), 1);
      } else {
        DenseBuckets.custom(histogram, point::getBucketCounts, point.getBucketCountsCount());
      }
    }
    nativeHistogram(
        point.getStartTimeUnixNano(),
        point.getCount(),
        point.hasSum() ? point.getSum() : 0,
        isStale(point.getFlags()),
        point.getExemplarsList());
  }

  private void nativeHistogram(
      long startNanos, long count, double sum, boolean stale, List<Exemplar> exemplars) {
    histogram.start = millis(startNanos);
    histogram.sumBits = bits(sum, stale);
    histogram.countBits = stale ? 0 : count;
    histogram.resetHint = delta ? GAUGE_HINT : 0;
    int row = writer.row(labels.of(family));
    int before = batch.histogramCount;
    histogram.addTo(intake, row);
    if (row >= 0 && batch.histogramCount == before) {
      intake.removeLastSeries(); // refused: no trace of the series
      row = -1;
    }
    for (Exemplar exemplar : exemplars) {
      exemplar(row, exemplar, histogram.time);
    }
  }

  private static double value(Exemplar exemplar) {
    return switch (exemplar.getValueCase()) {
      case AS_DOUBLE -> exemplar.getAsDouble();
      case AS_INT -> exemplar.getAsInt();
      case VALUE_NOT_SET -> Double.NaN;
    };
  }

  private void exemplar(int row, Exemplar exemplar, long pointTime) {
    if (exemplar.getValueCase() == Exemplar.ValueCase.VALUE_NOT_SET) {
      intake.refusals.countSilently(Reason.EXEMPLAR);
      return;
    }
    writer.beginExemplar();
    int characters = 0;
    String trace = id(exemplar.getTraceId(), 16);
    if (!trace.isEmpty()) {
      writer.exemplarLabel("trace_id", trace);
      characters += "trace_id".length() + trace.length();
    }
    String span = id(exemplar.getSpanId(), 8);
    if (!span.isEmpty()) {
      writer.exemplarLabel("span_id", span);
      characters += "span_id".length() + span.length();
    }
    // Attributes that make the labels too long are left out; the ids stay.
    for (KeyValue attribute : exemplar.getFilteredAttributesList()) {
      String text = AttributeText.of(attribute.getValue());
      String key = attribute.getKey();
      characters += key.codePointCount(0, key.length()) + text.codePointCount(0, text.length());
      if (characters > MOST_EXEMPLAR_CHARACTERS) {
        break;
      }
    }
    if (characters <= MOST_EXEMPLAR_CHARACTERS) {
      for (KeyValue attribute : exemplar.getFilteredAttributesList()) {
        writer.exemplarLabel(attribute.getKey(), AttributeText.of(attribute.getValue()));
      }
    }
    long time = exemplar.getTimeUnixNano() == 0 ? pointTime : millis(exemplar.getTimeUnixNano());
    writer.addExemplar(row, time, Double.doubleToRawLongBits(value(exemplar)));
  }

  /** An id in hexadecimal digits; "" if there is none, or all of it is 0. */
  private String id(ByteString bytes, int length) {
    if (bytes.isEmpty()) {
      return "";
    }
    String digits;
    if (encoding == OtlpEncoding.JSON) {
      // The digits of OTLP/JSON were read as if they were Base64, which can be undone.
      digits = Base64.getEncoder().encodeToString(bytes.toByteArray()).toLowerCase(Locale.ROOT);
    } else {
      digits = HexFormat.of().formatHex(bytes.toByteArray());
    }
    if (digits.length() != 2 * length || !digits.chars().allMatch(HexFormat::isHexDigit)) {
      throw new OtlpFormatException(
          "the trace or span id of an exemplar is not of " + length + " bytes");
    }
    return digits.chars().allMatch(c -> c == '0') ? "" : digits;
  }

  /** The attributes of the resource in hand as a series, for as long as its data points span. */
  private void targetInfo() {
    LabelSet set;
    try {
      set = labels.targetInfo();
    } catch (UntranslatableException e) {
      refuse(e, 0);
      return;
    }
    if (set.size() == 0) {
      return;
    }
    metadata.tell(intake, SeriesLabels.TARGET_INFO, new Metadata("gauge", "", "Target metadata"));
    long one = Double.doubleToRawLongBits(1);
    long last = millis(latest);
    long interval = settings.targetInfoMillis();
    long first = millis(earliest);
    long tooMany = (last - first) / interval - MOST_TARGET_INFO;
    first += Math.max(0, tooMany + 1) * interval;
    int row = writer.row(set);
    int before = batch.sampleCount;
    for (long time = first; time < last; time += interval) {
      intake.addSample(row, time, one, 0);
      intake.checkEntries();
    }
    intake.addSample(row, last, one, 0);
    if (row >= 0 && batch.sampleCount == before) {
      intake.removeLastSeries();
    }
  }
}
