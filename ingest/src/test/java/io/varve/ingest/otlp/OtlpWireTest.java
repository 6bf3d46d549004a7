package io.varve.ingest.otlp;

import static io.varve.ingest.otlp.OtlpReceiver.attribute;
import static io.varve.ingest.otlp.OtlpReceiver.bytes;
import static io.varve.ingest.otlp.OtlpReceiver.gauge;
import static io.varve.ingest.otlp.OtlpReceiver.point;
import static io.varve.ingest.otlp.OtlpReceiver.request;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.metrics.v1.AggregationTemporality;
import io.opentelemetry.proto.metrics.v1.Exemplar;
import io.opentelemetry.proto.metrics.v1.ExponentialHistogramDataPoint;
import io.opentelemetry.proto.metrics.v1.HistogramDataPoint;
import io.opentelemetry.proto.metrics.v1.Metric;
import io.varve.engine.Seeds;
import io.varve.engine.model.Labels;
import io.varve.ingest.FakeHead;
import io.varve.ingest.IngestLimits;
import io.varve.ingest.IngestOutcome;
import io.varve.ingest.intake.Reason;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests in both encodings, compressed and not, and what is no request at all. */
final class OtlpWireTest {
  private static final String PROTOBUF = "application/x-protobuf";
  private static final String JSON = "application/json";

  private OtlpReceiver to = new OtlpReceiver(OtlpSettings.DEFAULT);

  private static byte[] gzip(byte[] bytes) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (OutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(bytes);
    }
    return out.toByteArray();
  }

  /** A request with something of everything. */
  private static ExportMetricsServiceRequest everything() {
    Metric.Builder counter = Metric.newBuilder().setName("c");
    counter
        .getSumBuilder()
        .setIsMonotonic(true)
        .setAggregationTemporality(AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE)
        .addDataPoints(
            point(1, attribute("a", "b"))
                .addExemplars(
                    Exemplar.newBuilder()
                        .setAsDouble(1)
                        .setSpanId(bytes(1, 2, 3, 4, 5, 6, 7, 200))
                        .setTraceId(bytes(1, 2, 3, 4, 5, 6, 7, 200, 1, 2, 3, 4, 5, 6, 7, 200))));
    Metric.Builder exponential = Metric.newBuilder().setName("e");
    exponential
        .getExponentialHistogramBuilder()
        .setAggregationTemporality(AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE)
        .addDataPoints(
            ExponentialHistogramDataPoint.newBuilder()
                .setTimeUnixNano(OtlpReceiver.NANOS)
                .setCount(3)
                .setPositive(
                    ExponentialHistogramDataPoint.Buckets.newBuilder()
                        .addAllBucketCounts(List.of(1L, 2L))));
    return request(
        List.of(attribute("service.name", "s"), attribute("host", "h")),
        gauge("g", "By", point(2.5), point(3, attribute("x", "ä"))),
        counter,
        exponential);
  }

  @Test
  void bothEncodingsSayTheSame() throws Exception {
    byte[] message = everything().toByteArray();
    assertThat(to.write(message, PROTOBUF, null).status()).isEqualTo(200);
    OtlpReceiver zipped = new OtlpReceiver(OtlpSettings.DEFAULT);
    assertThat(zipped.write(gzip(message), PROTOBUF, "gzip").status()).isEqualTo(200);
    OtlpReceiver json = new OtlpReceiver(OtlpSettings.DEFAULT);
    assertThat(json.write(gzip(json(everything())), JSON, "gzip").message()).isEmpty();
    assertThat(to.head.series).hasSize(5);
    for (OtlpReceiver other : new OtlpReceiver[] {zipped, json}) {
      assertThat(other.head.series.keySet()).isEqualTo(to.head.series.keySet());
      assertThat(other.head.metadata).isEqualTo(to.head.metadata);
      for (FakeHead.Key key : to.head.series.keySet()) {
        FakeHead.Stored one = requireNonNull(to.head.series.get(key));
        FakeHead.Stored two = requireNonNull(other.head.series.get(key));
        assertThat(two.samples).isEqualTo(one.samples);
        assertThat(two.histograms).isEqualTo(one.histograms);
        assertThat(two.exemplars).isEqualTo(one.exemplars);
      }
    }
  }

  /** OTLP/JSON: ids in hexadecimal digits where protobuf's own JSON has Base64. */
  private static byte[] json(ExportMetricsServiceRequest request)
      throws InvalidProtocolBufferException {
    return JsonFormat.printer()
        .print(request)
        .replace("AQIDBAUGB8gBAgMEBQYHyA==", "01020304050607C801020304050607c8")
        .replace("AQIDBAUGB8g=", "01020304050607c8")
        .getBytes(UTF_8);
  }

  @Test
  void jsonIsReadAsSendersWriteIt() {
    String body =
        """
        {"resourceMetrics": [{
          "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "s"}}]},
          "scope_metrics": [{"metrics": [
            {"name": "c", "unit": "s", "sum": {"aggregationTemporality": 2, "isMonotonic": true,
              "dataPoints": [{"asInt": "7", "timeUnixNano": "1790000000000000000", "flags": 0,
                "attributes": [{"key": "n", "value": {"intValue": 12}}],
                "exemplars": [{"asDouble": "NaN", "timeUnixNano": 1790000000000000000,
                  "traceId": "5B8EFFF798038103D269B633813FC60C", "spanId": "EEE19B7EC3C1B174"}]}]}},
            {"name": "g", "unknownField": [1, {"a": null}], "gauge": {"data_points": [
              {"as_double": "-Infinity", "time_unix_nano": "1790000000000000000"}]}}
          ]}]}], "later": 1}
        """;
    IngestOutcome outcome = to.write(body.getBytes(UTF_8), JSON, "");
    assertThat(outcome.message()).isEmpty();
    assertThat(outcome.status()).isEqualTo(200);
    assertThat(to.value("__name__", "c_seconds_total", "n", "12", "job", "s")).isEqualTo(7);
    assertThat(to.value("__name__", "g", "job", "s")).isEqualTo(Double.NEGATIVE_INFINITY);
    FakeHead.Stored counter =
        requireNonNull(to.get("__name__", "c_seconds_total", "n", "12", "job", "s"));
    assertThat(counter.exemplars.getFirst().labels())
        .isEqualTo(
            Labels.of(
                "trace_id", "5b8efff798038103d269b633813fc60c", "span_id", "eee19b7ec3c1b174"));
  }

  @Test
  void anEmptyRequestIsASuccess() {
    assertThat(to.write(new byte[0], PROTOBUF, null).status()).isEqualTo(200);
    assertThat(to.write("{}".getBytes(UTF_8), JSON, null).status()).isEqualTo(200);
    assertThat(to.head.series).isEmpty();
  }

  private void refused(byte[] body, @Nullable String type, @Nullable String encoding, String text) {
    IngestOutcome outcome = to.write(body, type, encoding);
    assertThat(outcome.message()).startsWith(text);
    assertThat(outcome.status()).isEqualTo(400);
  }

  @Test
  void headersAreJudgedAsPrometheusDoes() {
    String types = ", supported: [application/json, application/x-protobuf]";
    refused(new byte[0], null, null, "unsupported content type: " + types);
    refused(new byte[0], "text/plain", null, "unsupported content type: text/plain" + types);
    refused(
        new byte[0],
        "application/json; charset=utf-8",
        null,
        "unsupported content type: application/json; charset=utf-8" + types);
    refused(
        new byte[0],
        JSON,
        "zstd",
        "unsupported compression: zstd. Only \"gzip\" or no compression supported");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "x",
        "[]",
        "{\"resourceMetrics\": 3}",
        "{\"resourceMetrics\": [null]}",
        "{\"resourceMetrics\": [{\"scopeMetrics\": [{\"metrics\": [{\"gauge\": 1}]}]}]}",
        "{\"resourceMetrics\": [{\"resource\": {\"attributes\": [{\"key\": 1e999}]}}]",
        "{\"resourceMetrics\": [], \"resource_metrics\": [{}]} {",
        "{\"a\": \"\ud800\"",
      })
  void whatIsNoJsonIsRefused(String body) {
    IngestOutcome outcome = to.write(body.getBytes(UTF_8), JSON, null);
    assertThat(outcome.status()).as(outcome.message()).isIn(200, 400);
    if (!body.contains("[null]") && !body.endsWith("{")) {
      assertThat(outcome.status()).as(outcome.message()).isEqualTo(400);
    }
  }

  @Test
  void idsOfOtherLengthsAreRefused() throws Exception {
    String body = new String(json(everything()), UTF_8);
    String message = "the trace or span id of an exemplar is not of ";
    refused(body.replace("01020304050607c8", "0102030").getBytes(UTF_8), JSON, null, message);
    refused(body.replace("01020304050607c8", "01-_/+").getBytes(UTF_8), JSON, null, "");
    assertThat(to.head.appends).isZero();
  }

  @Test
  void whatIsWrongWithJsonIsToldWithoutNamesOfClasses() throws Exception {
    String prefix = "the body is not OTLP metrics: ";
    refused("{".getBytes(UTF_8), JSON, null, prefix + "End of input at line 1");
    refused("{\"a".getBytes(UTF_8), JSON, null, prefix + "Unterminated string at line 1");
  }

  @Test
  void bodiesThatAreNotGzipAreRefused() throws Exception {
    byte[] zipped = gzip(everything().toByteArray());
    refused(everything().toByteArray(), PROTOBUF, "gzip", "the body is not gzip: ");
    refused(new byte[0], PROTOBUF, "gzip", "the body is not gzip: ");
    refused(Arrays.copyOf(zipped, zipped.length - 9), PROTOBUF, "gzip", "the body is not gzip: ");
    assertThat(to.ingestor.inFlightBytes()).isZero();
  }

  @Test
  void bombsAreRefusedBeforeTheyTakeMemory() throws Exception {
    byte[] bomb = gzip(new byte[64 << 20]);
    assertThat(bomb.length).isLessThan(100_000);
    refused(bomb, PROTOBUF, "gzip", "the decoded body is over the limit of 33554432 bytes");

    // Two bytes on the wire, an object each: 16 million metrics, data points, attributes.
    for (int[] tags : new int[][] {{0x0A}, {0x0A, 0x12, 0x12}, {0x0A, 0x12, 0x12, 0x2A, 0x0A}}) {
      IngestOutcome outcome = to.write(gzip(many(tags, 30 << 20)), PROTOBUF, "gzip");
      assertThat(outcome.status()).isEqualTo(413);
      assertThat(outcome.message()).contains("send smaller requests");
    }
    byte[] arrays = new byte[20 << 20];
    Arrays.fill(arrays, (byte) '0');
    for (int i = 0; i + 2 < arrays.length; i += 3) {
      arrays[i] = '[';
      arrays[i + 1] = ']';
      arrays[i + 2] = ',';
    }
    arrays[0] = '[';
    assertThat(to.write(gzip(arrays), JSON, "gzip").status()).isEqualTo(413);
    assertThat(to.ingestor.inFlightBytes()).isZero();
  }

  /** A message in a message …, the innermost of them empty and many. */
  private static byte[] many(int[] tags, int length) {
    byte[] message = new byte[length];
    for (int i = 0; i + 1 < length; i += 2) {
      message[i] = (byte) tags[tags.length - 1];
    }
    return inside(Arrays.copyOf(tags, tags.length - 1), message);
  }

  @Test
  void nestingIsBounded() {
    byte[] message = new byte[0];
    for (int i = 0; i < 5_000; i++) {
      // AnyValue.array_value.values, again and again
      message = inside(new int[] {0x2A, 0x0A}, message);
    }
    byte[] deep = inside(new int[] {0x0A, 0x0A, 0x0A, 0x12}, message);
    refused(deep, PROTOBUF, null, "the request is nested too deeply");
    String open = "{\"value\":{\"arrayValue\":{\"values\":[".repeat(2_000);
    refused(open.getBytes(UTF_8), JSON, null, "the request is nested too deeply");
    refused("[".repeat(1 << 20).getBytes(UTF_8), JSON, null, "the request is nested too deeply");
    // Just within the limits of this reader, and over those of the libraries.
    refused("[".repeat(390).getBytes(UTF_8), JSON, null, "the body is not");
  }

  /** A message in a message …, the outermost first. */
  private static byte[] inside(int[] tags, byte[] inner) {
    byte[] message = inner;
    for (int i = tags.length - 1; i >= 0; i--) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      out.write(tags[i]);
      int rest = message.length;
      for (; rest > 0x7F; rest >>>= 7) {
        out.write(rest | 0x80);
      }
      out.write(rest);
      out.writeBytes(message);
      message = out.toByteArray();
    }
    return message;
  }

  @Test
  void aHistoryOfTargetInfoIsBounded() {
    IngestOutcome outcome =
        to.write(
            request(
                List.of(attribute("service.name", "s"), attribute("host", "h")),
                gauge("g", "", point(1), point(1).setTimeUnixNano(1))));
    assertThat(outcome.status()).isEqualTo(200);
    FakeHead.Stored info =
        requireNonNull(to.get("__name__", "target_info", "job", "s", "host", "h"));
    assertThat(info.samples.size()).isEqualTo(1_001);
    assertThat(info.samples.lastKey()).isEqualTo(OtlpReceiver.NOW);
    assertThat(info.samples.firstKey() % 150_000).isZero();
  }

  /** None of these bodies is large, and each would take hours or gigabytes without a bound. */
  @Test
  void workIsBounded() {
    long begin = System.nanoTime();
    String digits = "9".repeat(4 << 20);
    String point =
        "{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{\"gauge\":{\"dataPoints\":[";
    String escaped = "\"" + "\\u0039".repeat(4 << 20) + "\"";
    for (String number :
        new String[] {digits, "\"" + digits + "\"", "-1." + digits + "e-9", escaped}) {
      byte[] body = (point + "{\"timeUnixNano\":" + number + "}").getBytes(UTF_8);
      refused(body, JSON, null, "the request has a number of more than 1000 digits");
    }

    KeyValue[] same = new KeyValue[300_000];
    KeyValue[] distinct = new KeyValue[300_000];
    for (int i = 0; i < same.length; i++) {
      same[i] = attribute("a", "xx");
      distinct[i] = attribute("a" + i, "x");
    }
    for (KeyValue[] many : new KeyValue[][] {same, distinct}) {
      IngestOutcome outcome = to.write(gauge("g", "", point(1, many), point(2)));
      assertThat(outcome.message())
          .startsWith("label_limit exceeded (a data point has 300000 attributes, limit: 512)");
      outcome = to.write(request(List.of(many), gauge("r", "", point(1))));
      assertThat(outcome.message()).startsWith("label_limit exceeded (the resource has");
    }
    assertThat(to.value("__name__", "g")).isEqualTo(2);

    HistogramDataPoint.Builder wide =
        HistogramDataPoint.newBuilder()
            .setTimeUnixNano(OtlpReceiver.NANOS)
            .addAttributes(attribute("long", "x".repeat(4 << 20)));
    HistogramDataPoint.Builder joined =
        HistogramDataPoint.newBuilder().setTimeUnixNano(OtlpReceiver.NANOS);
    for (int i = 0; i < 500; i++) {
      joined.addAttributes(attribute("a" + ".-_".charAt(i % 3), "x".repeat(10_000)));
    }
    for (int i = 0; i < 200_000; i++) {
      wide.addExplicitBounds(i).addBucketCounts(0);
    }
    Metric.Builder histogram = Metric.newBuilder().setName("h");
    histogram
        .getHistogramBuilder()
        .setAggregationTemporality(AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE)
        .addDataPoints(wide)
        .addDataPoints(joined);
    assertThat(to.write(histogram).message())
        .startsWith("label_set_length_limit exceeded")
        .endsWith("stored 0 of 2 samples");
    wide.clearAttributes();
    histogram.setName("h".repeat(4 << 20)).getHistogramBuilder().clearDataPoints();
    histogram.getHistogramBuilder().addDataPoints(wide);
    assertThat(to.write(histogram).message())
        .startsWith("label_value_length_limit exceeded (metric: \"hhh");
    assertThat(to.ingestor.counters().rejected(Reason.LABEL_LIMIT)).isEqualTo(7);
    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(20));
  }

  @Test
  void memoryThatOthersHoldIsNotTaken() {
    IngestLimits d = IngestLimits.DEFAULT;
    IngestLimits small =
        new IngestLimits(
            d.compressedBytes(),
            d.decodedBytes(),
            d.entriesPerRequest(),
            2_000,
            d.future(),
            d.aliasBytes(),
            d.predictedSeries(),
            d.labels());
    OtlpReceiver tight = new OtlpReceiver(OtlpSettings.DEFAULT, small);
    IngestOutcome outcome = tight.write(everything());
    assertThat(outcome.status()).isEqualTo(413);
    assertThat(tight.write(gauge("g", "", point(1))).status()).isEqualTo(200);
    assertThat(tight.ingestor.inFlightBytes()).isZero();
  }

  @Test
  void mutatedBodiesNeverFail() throws Exception {
    Random random = new Random(Seeds.usual(11));
    byte[] protobuf = everything().toByteArray();
    byte[] json = json(everything());
    for (int round = 0; round < 10_000; round++) {
      boolean binary = round % 2 == 0;
      byte[] source = binary ? protobuf : json;
      byte[] body =
          Arrays.copyOf(
              source, random.nextInt(4) == 0 ? random.nextInt(source.length) : source.length);
      for (int i = random.nextInt(6); i > 0 && body.length > 0; i--) {
        int at = random.nextInt(body.length);
        body[at] =
            switch (random.nextInt(4)) {
              case 0 -> (byte) random.nextInt(256);
              case 1 -> (byte) (body[at] ^ 1 << random.nextInt(8));
              case 2 -> body[random.nextInt(body.length)];
              default -> (byte) "\"{}[]:,-0".charAt(random.nextInt(9));
            };
      }
      IngestOutcome outcome = to.write(body, binary ? PROTOBUF : JSON, null);
      assertThat(outcome.status()).as(outcome.message()).isIn(200, 400, 413);
      if (to.head.series.size() > 5_000) {
        to = new OtlpReceiver(OtlpSettings.DEFAULT);
      }
    }
    assertThat(to.ingestor.inFlightBytes()).isZero();
    assertThat(to.write(everything()).status()).isEqualTo(200);
    assertThat(to.value("__name__", "g_bytes", "job", "s")).isEqualTo(2.5);
  }
}
