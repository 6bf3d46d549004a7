package io.varve.ingest.otlp;

import static io.varve.ingest.otlp.OtlpReceiver.NANOS;
import static io.varve.ingest.otlp.OtlpReceiver.NOW;
import static io.varve.ingest.otlp.OtlpReceiver.attribute;
import static io.varve.ingest.otlp.OtlpReceiver.bytes;
import static io.varve.ingest.otlp.OtlpReceiver.gauge;
import static io.varve.ingest.otlp.OtlpReceiver.point;
import static io.varve.ingest.otlp.OtlpReceiver.request;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.ArrayValue;
import io.opentelemetry.proto.common.v1.InstrumentationScope;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.common.v1.KeyValueList;
import io.opentelemetry.proto.metrics.v1.AggregationTemporality;
import io.opentelemetry.proto.metrics.v1.Exemplar;
import io.opentelemetry.proto.metrics.v1.ExponentialHistogramDataPoint;
import io.opentelemetry.proto.metrics.v1.HistogramDataPoint;
import io.opentelemetry.proto.metrics.v1.Metric;
import io.opentelemetry.proto.metrics.v1.NumberDataPoint;
import io.opentelemetry.proto.metrics.v1.SummaryDataPoint;
import io.varve.engine.WriteMode;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Metadata;
import io.varve.engine.model.StaleMarker;
import io.varve.ingest.FakeHead;
import io.varve.ingest.IngestOutcome;
import io.varve.ingest.intake.Reason;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Every kind of metric becomes the series that Prometheus makes of it. */
final class OtlpTranslationTest {
  private static final AggregationTemporality CUMULATIVE =
      AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE;
  private static final AggregationTemporality DELTA =
      AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA;
  private static final int NO_VALUE = 1;

  private final OtlpReceiver to = new OtlpReceiver(OtlpSettings.DEFAULT);

  private static OtlpSettings settings(
      TranslationStrategy strategy,
      boolean promoteAll,
      Set<String> attributes,
      boolean keep,
      boolean custom,
      boolean scope,
      boolean delta,
      boolean types) {
    OtlpDeltas deltas =
        new OtlpDeltas(delta ? OtlpDeltas.Use.STORE : OtlpDeltas.Use.REFUSE, 300_000, 1 << 20);
    return new OtlpSettings(
        strategy, promoteAll, attributes, keep, custom, scope, true, true, deltas, types, 150_000);
  }

  private static OtlpSettings settings(boolean custom, boolean delta, boolean types) {
    return settings(
        OtlpSettings.DEFAULT.strategy(), false, Set.of(), false, custom, false, delta, types);
  }

  private static Metric.Builder sum(
      String name, boolean rises, AggregationTemporality temporality, NumberDataPoint.Builder p) {
    Metric.Builder metric = Metric.newBuilder().setName(name);
    metric
        .getSumBuilder()
        .setIsMonotonic(rises)
        .setAggregationTemporality(temporality)
        .addDataPoints(p);
    return metric;
  }

  private static Metric.Builder histogram(
      String name, AggregationTemporality temporality, HistogramDataPoint.Builder... points) {
    Metric.Builder metric = Metric.newBuilder().setName(name);
    metric.getHistogramBuilder().setAggregationTemporality(temporality);
    for (HistogramDataPoint.Builder p : points) {
      metric.getHistogramBuilder().addDataPoints(p);
    }
    return metric;
  }

  private static Metric.Builder exponential(
      String name, ExponentialHistogramDataPoint.Builder point) {
    Metric.Builder metric = Metric.newBuilder().setName(name);
    metric
        .getExponentialHistogramBuilder()
        .setAggregationTemporality(CUMULATIVE)
        .addDataPoints(point);
    return metric;
  }

  private static HistogramDataPoint.Builder buckets() {
    return HistogramDataPoint.newBuilder()
        .setTimeUnixNano(NANOS)
        .setStartTimeUnixNano(NANOS - 60_000_000_000L)
        .setCount(10)
        .setSum(12.5)
        .addAllExplicitBounds(List.of(0.1, 1.0, 10.0))
        .addAllBucketCounts(List.of(1L, 2L, 3L, 4L));
  }

  private void ok(IngestOutcome outcome) {
    assertThat(outcome.message()).isEmpty();
    assertThat(outcome.status()).isEqualTo(200);
    assertThat(to.head.lastMode).isEqualTo(WriteMode.PARTIAL);
  }

  @Test
  void gaugesAndSumsThatFallAreGauges() {
    ok(
        to.write(
            gauge("room.temp", "Cel", point(21.5, attribute("room", "a")))
                .setDescription("How warm it is"),
            gauge("fill", "1", NumberDataPoint.newBuilder().setTimeUnixNano(NANOS).setAsInt(-7)),
            sum("queue.length", false, CUMULATIVE, point(3)),
            gauge("empty.value", "", NumberDataPoint.newBuilder().setTimeUnixNano(NANOS))));
    assertThat(to.value("__name__", "room_temp_celsius", "room", "a")).isEqualTo(21.5);
    assertThat(to.value("__name__", "fill_ratio")).isEqualTo(-7);
    assertThat(to.value("__name__", "queue_length")).isEqualTo(3);
    assertThat(to.value("__name__", "empty_value")).isEqualTo(0);
    assertThat(to.head.series).hasSize(4);
    assertThat(to.head.metadata)
        .containsEntry("room_temp_celsius", new Metadata("gauge", "celsius", "How warm it is"))
        .containsEntry("fill_ratio", new Metadata("gauge", "", ""))
        .containsEntry("queue_length", new Metadata("gauge", "", ""));
  }

  @Test
  void sumsThatOnlyRiseAreCounters() {
    NumberDataPoint.Builder p = point(1e9).setStartTimeUnixNano(NANOS - 5_000_000_000L);
    p.addExemplars(
        Exemplar.newBuilder()
            .setTimeUnixNano(NANOS - 1_000_000)
            .setAsInt(5)
            .setTraceId(bytes(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255))
            .setSpanId(bytes(1, 2, 3, 4, 5, 6, 7, 8))
            .addFilteredAttributes(attribute("user.id", "x")));
    p.addExemplars(
        Exemplar.newBuilder()
            .setAsDouble(0.5)
            .setSpanId(bytes(0, 0, 0, 0, 0, 0, 0, 0))
            .addFilteredAttributes(attribute("long", "x".repeat(130))));
    p.addExemplars(Exemplar.newBuilder().setTimeUnixNano(NANOS));
    ok(to.write(sum("jobs.done", true, CUMULATIVE, p)));
    FakeHead.Stored stored = requireNonNull(to.get("__name__", "jobs_done_total"));
    assertThat(stored.samples).containsEntry(NOW, Double.doubleToRawLongBits(1e9));
    assertThat(stored.starts).containsEntry(NOW, NOW - 5_000);
    assertThat(to.head.metadata.get("jobs_done_total")).isEqualTo(new Metadata("counter", "", ""));
    assertThat(stored.exemplars).hasSize(2);
    assertThat(stored.exemplars.get(0).labels())
        .isEqualTo(
            Labels.of(
                "trace_id",
                "000102030405060708090a0b0c0d0eff",
                "span_id",
                "0102030405060708",
                "user.id",
                "x"));
    assertThat(stored.exemplars.get(0).time()).isEqualTo(NOW - 1);
    assertThat(stored.exemplars.get(0).value()).isEqualTo(5);
    assertThat(stored.exemplars.get(1).labels()).isEqualTo(Labels.EMPTY);
    assertThat(stored.exemplars.get(1).time()).isEqualTo(NOW);
    assertThat(to.ingestor.counters().rejected(Reason.EXEMPLAR)).isEqualTo(1);
  }

  @Test
  void explicitHistogramsAreClassicOnes() {
    HistogramDataPoint.Builder p = buckets();
    for (double value : new double[] {0.05, 10.0, 5, Double.NaN, 11}) {
      p.addExemplars(Exemplar.newBuilder().setAsDouble(value));
    }
    HistogramDataPoint.Builder bare =
        HistogramDataPoint.newBuilder()
            .setTimeUnixNano(NANOS)
            .setCount(-1)
            .addAttributes(attribute("kind", "bare"));
    ok(to.write(histogram("rpc.time", CUMULATIVE, p, bare).setUnit("s")));
    assertThat(to.value("__name__", "rpc_time_seconds_sum")).isEqualTo(12.5);
    assertThat(to.value("__name__", "rpc_time_seconds_count")).isEqualTo(10);
    String bucket = "rpc_time_seconds_bucket";
    assertThat(to.value("__name__", bucket, "le", "0.1")).isEqualTo(1);
    assertThat(to.value("__name__", bucket, "le", "1")).isEqualTo(3);
    assertThat(to.value("__name__", bucket, "le", "10")).isEqualTo(6);
    assertThat(to.value("__name__", bucket, "le", "+Inf")).isEqualTo(10);
    assertThat(requireNonNull(to.get("__name__", bucket, "le", "1")).starts)
        .containsEntry(NOW, NOW - 60_000);
    List<Integer> exemplars = new ArrayList<>();
    for (String le : new String[] {"0.1", "1", "10", "+Inf"}) {
      exemplars.add(requireNonNull(to.get("__name__", bucket, "le", le)).exemplars.size());
    }
    assertThat(exemplars).containsExactly(1, 0, 2, 2);
    assertThat(to.value("__name__", "rpc_time_seconds_count", "kind", "bare")).isEqualTo(0x1p64);
    assertThat(to.get("__name__", "rpc_time_seconds_sum", "kind", "bare")).isNull();
    assertThat(to.head.series).hasSize(8);
    assertThat(to.head.metadata.get("rpc_time_seconds"))
        .isEqualTo(new Metadata("histogram", "seconds", ""));
  }

  @Test
  void explicitHistogramsAreNativeOnesIfWished() {
    OtlpReceiver custom = new OtlpReceiver(settings(true, false, false));
    HistogramDataPoint.Builder gaps =
        HistogramDataPoint.newBuilder()
            .setTimeUnixNano(NANOS)
            .setCount(5)
            .addAttributes(attribute("a", "gaps"))
            .addAllExplicitBounds(List.of(1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0))
            .addAllBucketCounts(List.of(0L, 2L, 0L, 0L, 0L, 2L, 0L, 1L));
    HistogramDataPoint.Builder bare =
        HistogramDataPoint.newBuilder()
            .setTimeUnixNano(NANOS)
            .setCount(5)
            .addAttributes(attribute("a", "bare"));
    assertThat(custom.write(histogram("h", CUMULATIVE, buckets(), gaps, bare)).message()).isEmpty();
    Histogram plain =
        requireNonNull(requireNonNull(custom.get("__name__", "h")).histograms.get(NOW));
    assertThat(plain.schema()).isEqualTo(Histogram.CUSTOM_BUCKETS_SCHEMA);
    assertThat(plain.customValues()).containsExactly(0.1, 1, 10);
    assertThat(plain.positiveSpans()).containsExactly(0, 4);
    assertThat(plain.positiveDeltas()).containsExactly(1, 1, 1, 1);
    assertThat(plain.countBits()).isEqualTo(10);
    assertThat(plain.sum()).isEqualTo(12.5);
    assertThat(plain.resetHint()).isZero();
    Histogram gapped =
        requireNonNull(
            requireNonNull(custom.get("__name__", "h", "a", "gaps")).histograms.get(NOW));
    assertThat(gapped.positiveSpans()).containsExactly(1, 1, 3, 3);
    assertThat(gapped.positiveDeltas()).containsExactly(2, 0, -2, 1);
    Histogram one =
        requireNonNull(
            requireNonNull(custom.get("__name__", "h", "a", "bare")).histograms.get(NOW));
    assertThat(one.positiveSpans()).containsExactly(0, 1);
    assertThat(one.positiveDeltas()).containsExactly(5);
  }

  private static ExponentialHistogramDataPoint.Builder exponentialPoint(int scale) {
    return ExponentialHistogramDataPoint.newBuilder()
        .setTimeUnixNano(NANOS)
        .setStartTimeUnixNano(NANOS - 1_000_000)
        .setScale(scale)
        .setCount(17)
        .setSum(4)
        .setZeroCount(2)
        .setPositive(
            ExponentialHistogramDataPoint.Buckets.newBuilder()
                .setOffset(-3)
                .addAllBucketCounts(List.of(1L, 2L, 0L, 3L, 0L, 0L, 0L, 4L)))
        .setNegative(
            ExponentialHistogramDataPoint.Buckets.newBuilder()
                .setOffset(1)
                .addAllBucketCounts(List.of(0L, 5L)));
  }

  private Histogram stored(String name) {
    return requireNonNull(requireNonNull(to.get("__name__", name)).histograms.get(NOW));
  }

  @Test
  void exponentialHistogramsAreNativeOnes() {
    ExponentialHistogramDataPoint.Builder p = exponentialPoint(3);
    p.addExemplars(Exemplar.newBuilder().setAsDouble(2));
    ok(to.write(exponential("e.h", p)));
    Histogram h = stored("e_h");
    assertThat(h.schema()).isEqualTo(3);
    assertThat(h.zeroThreshold()).isEqualTo(1e-128);
    assertThat(h.zeroCountBits()).isEqualTo(2);
    assertThat(h.countBits()).isEqualTo(17);
    assertThat(h.sum()).isEqualTo(4);
    // OpenTelemetry's bucket -3 is bucket -2; a run of three empty ones begins a new span.
    assertThat(h.positiveSpans()).containsExactly(-2, 4, 3, 1);
    assertThat(h.positiveDeltas()).containsExactly(1, 1, -2, 3, 1);
    assertThat(h.negativeSpans()).containsExactly(3, 1);
    assertThat(h.negativeDeltas()).containsExactly(5);
    assertThat(h.resetHint()).isZero();
    FakeHead.Stored series = requireNonNull(to.get("__name__", "e_h"));
    assertThat(series.starts).containsEntry(NOW, NOW - 1);
    assertThat(series.exemplars).hasSize(1);
  }

  @Test
  void fineScalesAreReducedAndCoarseOnesRefused() {
    // Two steps down: buckets -3…4 of scale 10 are -1, -1, -1, 0, 0, 0, 0, 1 of scale 8.
    ok(to.write(exponential("fine", exponentialPoint(10).setZeroThreshold(0.5))));
    Histogram h = stored("fine");
    assertThat(h.schema()).isEqualTo(8);
    assertThat(h.zeroThreshold()).isEqualTo(0.5);
    assertThat(h.positiveSpans()).containsExactly(0, 3);
    assertThat(h.positiveDeltas()).containsExactly(3, 0, 1);
    assertThat(h.negativeSpans()).containsExactly(1, 1);
    assertThat(h.negativeDeltas()).containsExactly(5);

    ok(to.write(exponential("finest", exponentialPoint(Integer.MAX_VALUE))));
    assertThat(stored("finest").positiveSpans()).containsExactly(0, 2);
    assertThat(stored("finest").positiveDeltas()).containsExactly(3, 4);

    IngestOutcome outcome = to.write(exponential("coarse", exponentialPoint(-5)));
    assertThat(outcome.status()).isEqualTo(400);
    assertThat(outcome.message())
        .isEqualTo(
            "cannot convert exponential to native histogram. Scale must be >= -4, was -5\n"
                + "stored 0 of 1 samples");
    outcome = to.write(exponential("wrong", exponentialPoint(3).setCount(18)));
    assertThat(outcome.status()).isEqualTo(400);
    assertThat(outcome.message())
        .startsWith("17 observations found in buckets, but the Count field is 18");
    ExponentialHistogramDataPoint.Builder far = exponentialPoint(3);
    far.getPositiveBuilder().setOffset(Integer.MAX_VALUE);
    assertThat(to.write(exponential("far", far)).status()).isEqualTo(400);
    assertThat(to.head.series).hasSize(2);
  }

  @Test
  void summariesAreSummaries() {
    Metric.Builder metric = Metric.newBuilder().setName("gc").setUnit("s");
    metric
        .getSummaryBuilder()
        .addDataPoints(
            SummaryDataPoint.newBuilder()
                .setTimeUnixNano(NANOS)
                .setCount(4)
                .setSum(0.5)
                .addQuantileValues(
                    SummaryDataPoint.ValueAtQuantile.newBuilder().setQuantile(0.99).setValue(0.2))
                .addQuantileValues(
                    SummaryDataPoint.ValueAtQuantile.newBuilder().setQuantile(1).setValue(0.3)));
    ok(to.write(metric));
    assertThat(to.value("__name__", "gc_seconds_sum")).isEqualTo(0.5);
    assertThat(to.value("__name__", "gc_seconds_count")).isEqualTo(4);
    assertThat(to.value("__name__", "gc_seconds", "quantile", "0.99")).isEqualTo(0.2);
    assertThat(to.value("__name__", "gc_seconds", "quantile", "1")).isEqualTo(0.3);
    assertThat(to.head.metadata.get("gc_seconds"))
        .isEqualTo(new Metadata("summary", "seconds", ""));
  }

  @Test
  void noRecordedValueIsAStaleMarker() {
    ok(
        to.write(
            gauge("g", "", point(1).setFlags(NO_VALUE)),
            histogram("h", CUMULATIVE, buckets().setFlags(NO_VALUE)),
            exponential("e", exponentialPoint(0).setFlags(NO_VALUE))));
    for (FakeHead.Key key : to.head.series.keySet()) {
      FakeHead.Stored stored = requireNonNull(to.head.series.get(key));
      if (key.labels().get("__name__").equals("e")) {
        assertThat(requireNonNull(stored.histograms.get(NOW)).isStale()).isTrue();
      } else {
        assertThat(stored.samples).as(key.toString()).containsEntry(NOW, StaleMarker.BITS);
      }
    }
    assertThat(to.head.series).hasSize(8);
  }

  @Test
  void attributesOfEveryKindAreText() {
    AnyValue.Builder list =
        AnyValue.newBuilder()
            .setArrayValue(
                ArrayValue.newBuilder()
                    .addValues(AnyValue.newBuilder().setStringValue("<a>\"\n\u0001"))
                    .addValues(AnyValue.newBuilder().setIntValue(-3))
                    .addValues(AnyValue.newBuilder())
                    .addValues(AnyValue.newBuilder().setBytesValue(bytes(1, 2, 3))));
    AnyValue.Builder map =
        AnyValue.newBuilder()
            .setKvlistValue(
                KeyValueList.newBuilder()
                    .addValues(attribute("z", AnyValue.newBuilder().setBoolValue(true)))
                    .addValues(attribute("a", AnyValue.newBuilder().setDoubleValue(1e-9)))
                    .addValues(attribute("l", list)));
    AnyValue.Builder unwritable =
        AnyValue.newBuilder()
            .setArrayValue(
                ArrayValue.newBuilder()
                    .addValues(AnyValue.newBuilder().setDoubleValue(Double.NaN)));
    ok(
        to.write(
            gauge(
                "g",
                "",
                point(
                    1,
                    attribute("b", AnyValue.newBuilder().setBoolValue(true)),
                    attribute("i", AnyValue.newBuilder().setIntValue(Long.MIN_VALUE)),
                    attribute("d", AnyValue.newBuilder().setDoubleValue(2.50)),
                    attribute("n", AnyValue.newBuilder().setDoubleValue(Double.NaN)),
                    attribute("y", AnyValue.newBuilder().setBytesValue(bytes(255, 0))),
                    attribute("e", AnyValue.newBuilder()),
                    attribute("u", unwritable),
                    attribute("l", list),
                    attribute("m", map)))));
    String text = "[\"<a>\\\"\\n\\u0001\",-3,null,\"AQID\"]";
    assertThat(to.head.series.keySet())
        .containsExactly(
            new FakeHead.Key(
                "",
                Labels.of(
                    "__name__",
                    "g",
                    "b",
                    "true",
                    "i",
                    "-9223372036854775808",
                    "d",
                    "2.5",
                    "n",
                    "json: unsupported value: NaN",
                    "y",
                    "/wA=",
                    "l",
                    text,
                    "m",
                    "{\"a\":1e-9,\"l\":" + text + ",\"z\":true}")));
  }

  @Test
  void namesThatBecomeTheSameAreJoined() {
    ok(
        to.write(
            gauge(
                "g",
                "",
                point(
                    1,
                    attribute("a_b", "3"),
                    attribute("a.b", "2"),
                    attribute("a-b", "1"),
                    attribute("__name__", "other"),
                    attribute("gone", "")),
                point(2, attribute("c_d", ""), attribute("c.d", "x")))));
    assertThat(to.value("__name__", "g", "a_b", "1;2;3")).isEqualTo(1);
    assertThat(to.value("__name__", "g", "c_d", "x;")).isEqualTo(2);
  }

  private static final List<KeyValue> SERVICE =
      List.of(
          attribute("service.namespace", "shop"),
          attribute("service.name", "cart"),
          attribute("service.instance.id", "i-1"),
          attribute("host.name", "h1"),
          attribute("deployment.environment", "test"));

  private static NumberDataPoint.Builder at(long millis) {
    return point(1).setTimeUnixNano(millis * 1_000_000);
  }

  @Test
  void resourcesBecomeJobInstanceAndTargetInfo() {
    ok(to.write(request(SERVICE, gauge("g", "", at(NOW), at(NOW - 400_000)))));
    assertThat(to.value("__name__", "g", "job", "shop/cart", "instance", "i-1")).isEqualTo(1);
    FakeHead.Stored info =
        requireNonNull(
            to.get(
                "__name__",
                "target_info",
                "job",
                "shop/cart",
                "instance",
                "i-1",
                "host_name",
                "h1",
                "deployment_environment",
                "test"));
    assertThat(info.samples.keySet())
        .containsExactly(NOW - 400_000, NOW - 250_000, NOW - 100_000, NOW);
    assertThat(new TreeMap<>(info.samples).values()).containsOnly(Double.doubleToRawLongBits(1));
    assertThat(to.head.metadata.get("target_info"))
        .isEqualTo(new Metadata("gauge", "", "Target metadata"));
  }

  @Test
  void targetInfoNeedsSomethingToTellAndSomebodyToTellOf() {
    ok(to.write(request(SERVICE.subList(0, 3), gauge("g", "", point(1)))));
    ok(to.write(request(SERVICE.subList(3, 5), gauge("g", "", point(1)))));
    assertThat(to.head.series.keySet())
        .extracting(key -> key.labels().get("__name__"))
        .containsOnly("g");
  }

  @Test
  void resourceAttributesCanBePromotedAndIdentifyingOnesKept() {
    OtlpReceiver some =
        new OtlpReceiver(
            settings(
                OtlpSettings.DEFAULT.strategy(),
                false,
                Set.of("host.name"),
                true,
                false,
                false,
                false,
                false));
    some.write(request(SERVICE, gauge("g", "", point(1), point(2, attribute("host.name", "own")))));
    assertThat(
            some.value("__name__", "g", "job", "shop/cart", "instance", "i-1", "host_name", "h1"))
        .isEqualTo(1);
    assertThat(
            some.value("__name__", "g", "job", "shop/cart", "instance", "i-1", "host_name", "own"))
        .isEqualTo(2);
    assertThat(
            some.value(
                "__name__",
                "target_info",
                "job",
                "shop/cart",
                "instance",
                "i-1",
                "host_name",
                "h1",
                "deployment_environment",
                "test",
                "service_name",
                "cart",
                "service_namespace",
                "shop",
                "service_instance_id",
                "i-1"))
        .isEqualTo(1);
    OtlpReceiver all =
        new OtlpReceiver(
            settings(
                TranslationStrategy.NO_TRANSLATION,
                true,
                Set.of("host.name"),
                false,
                false,
                false,
                false,
                false));
    all.write(request(SERVICE, gauge("g.a", "By", point(1))));
    assertThat(
            all.value(
                "__name__",
                "g.a",
                "job",
                "shop/cart",
                "instance",
                "i-1",
                "deployment.environment",
                "test",
                "service.name",
                "cart",
                "service.namespace",
                "shop",
                "service.instance.id",
                "i-1"))
        .isEqualTo(1);
  }

  @Test
  void scopesBecomeLabelsIfWished() {
    OtlpReceiver scoped =
        new OtlpReceiver(
            settings(
                OtlpSettings.DEFAULT.strategy(),
                false,
                Set.of(),
                false,
                false,
                true,
                false,
                false));
    var message = request(SERVICE, gauge("g", "", point(1))).toBuilder();
    message
        .getResourceMetricsBuilder(0)
        .getScopeMetricsBuilder(0)
        .setSchemaUrl("http://schema")
        .setScope(
            InstrumentationScope.newBuilder()
                .setName("lib")
                .setVersion("1.2")
                .addAttributes(attribute("a.b", "c")));
    assertThat(scoped.write(message.build()).message()).isEmpty();
    assertThat(
            scoped.value(
                "__name__",
                "g",
                "job",
                "shop/cart",
                "instance",
                "i-1",
                "otel_scope_name",
                "lib",
                "otel_scope_version",
                "1.2",
                "otel_scope_schema_url",
                "http://schema",
                "otel_scope_a_b",
                "c"))
        .isEqualTo(1);
    ok(to.write(message.build()));
    assertThat(to.value("__name__", "g", "job", "shop/cart", "instance", "i-1")).isEqualTo(1);
  }

  @Test
  void typeAndUnitAreLabelsIfWished() {
    OtlpReceiver typed = new OtlpReceiver(settings(false, true, true));
    Metric.Builder deltas = sum("d", true, DELTA, point(1)).setUnit("By");
    assertThat(typed.write(deltas, gauge("g", "", point(2))).message()).isEmpty();
    assertThat(typed.value("__name__", "d_bytes_total", "__unit__", "bytes")).isEqualTo(1);
    assertThat(typed.value("__name__", "g", "__type__", "gauge")).isEqualTo(2);
  }

  @Test
  void deltasAreRefusedUnlessTheyAreAccepted() {
    IngestOutcome outcome =
        to.write(
            sum("d", true, DELTA, point(1)),
            sum("u", true, AggregationTemporality.AGGREGATION_TEMPORALITY_UNSPECIFIED, point(1)),
            sum("c", true, CUMULATIVE, point(1)));
    assertThat(outcome.status()).isEqualTo(400);
    assertThat(outcome.message())
        .startsWith("invalid temporality and type combination for metric \"d\": deltas are refused")
        .contains("\ninvalid temporality and type combination for metric \"u\"\n")
        .endsWith("stored 1 of 3 samples");
    assertThat(to.value("__name__", "c_total")).isEqualTo(1);
    assertThat(to.ingestor.counters().rejected(Reason.UNTRANSLATABLE)).isEqualTo(2);

    OtlpReceiver accepting = new OtlpReceiver(settings(true, true, false));
    assertThat(
            accepting
                .write(sum("d", true, DELTA, point(1)), histogram("h", DELTA, buckets()))
                .message())
        .isEmpty();
    assertThat(accepting.value("__name__", "d_total")).isEqualTo(1);
    assertThat(accepting.head.metadata.get("d_total")).isEqualTo(new Metadata("unknown", "", ""));
    FakeHead.Stored h = requireNonNull(accepting.get("__name__", "h"));
    assertThat(requireNonNull(h.histograms.get(NOW)).resetHint()).isEqualTo(3);
  }

  @Test
  void whatIsWrongWithOneMetricDoesNotHinderTheOthers() {
    IngestOutcome outcome =
        to.write(
            gauge("none", ""),
            Metric.newBuilder().setName("typeless"),
            gauge("...", "", point(1)),
            gauge("labels", "", point(1, attribute("", "x")), point(2)),
            gauge("timeless", "", point(1).setTimeUnixNano(0)),
            gauge("future", "", at(NOW + 3_600_000)),
            gauge("good", "", point(5)));
    assertThat(outcome.status()).isEqualTo(400);
    assertThat(outcome.message())
        .isEqualTo(
            """
            empty data points. "none" is dropped
            could not get aggregation temporality for "typeless" as it has unsupported metric type Empty
            normalization for metric "..." resulted in empty name
            label name is empty
            out of bounds: a data point of "timeless" has no timestamp
            out of bounds: timestamp is too far in the future for series {__name__="future"}
            stored 2 of 6 samples\
            """);
    assertThat(to.value("__name__", "good")).isEqualTo(5);
    assertThat(to.value("__name__", "labels")).isEqualTo(2);
    assertThat(to.head.series).hasSize(2);
  }

  @Test
  void seriesThatAreKnownAreRecognisedAndMetadataIsToldOnce() {
    for (int i = 0; i < 3; i++) {
      to.head.metadata.clear();
      ok(to.write(histogram("h", CUMULATIVE, buckets())));
    }
    assertThat(to.head.metadata).isEmpty();
    assertThat(to.ingestor.counters().seriesUnknown()).isEqualTo(6);
    assertThat(to.ingestor.counters().seriesGuessed()).isGreaterThanOrEqualTo(10);
    to.head.renumber();
    ok(to.write(histogram("h", CUMULATIVE, buckets())));
    assertThat(to.head.series).hasSize(6);
    assertThat(to.ingestor.inFlightBytes()).isZero();
  }
}
