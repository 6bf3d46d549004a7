package io.varve.ingest;

import static io.varve.ingest.Proto.label;
import static io.varve.ingest.Proto.message;
import static io.varve.ingest.Proto.request;
import static io.varve.ingest.Proto.sample;
import static io.varve.ingest.Proto.series;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.varve.engine.WriteMode;
import io.varve.engine.WriteResult;
import io.varve.engine.model.Exemplar;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Metadata;
import io.varve.engine.model.StaleMarker;
import io.varve.engine.model.WriteBatch;
import io.varve.ingest.intake.Reason;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * The receiver checklist of remote write, item by item, as far as a 1.0 message carries it. Every
 * case is named after its item.
 */
final class RemoteWrite1ChecklistTest {
  private static final long NOW = 1_790_000_000_000L;
  private static final String V1 = "application/x-protobuf";
  private static final Labels UP = Labels.of("__name__", "up", "job", "node");

  private static final class Door {
    final FakeHead head = new FakeHead();
    final Ingestor ingestor =
        new Ingestor(
            head, head, IngestLimits.DEFAULT, InstantSource.fixed(Instant.ofEpochMilli(NOW)));

    IngestOutcome write(Proto message) {
      return write(message.snappy(), V1, "snappy", null);
    }

    IngestOutcome write(
        byte[] body, @Nullable String type, @Nullable String encoding, @Nullable String tenant) {
      return ingestor.write(body, 0, body.length, type, encoding, tenant);
    }
  }

  private static final byte[] ONE = request(series(UP, NOW, 1)).snappy();

  private static DynamicTest negotiation(
      String name, @Nullable String type, @Nullable String encoding, int status, String text) {
    return dynamicTest(
        name,
        () -> {
          Door door = new Door();
          IngestOutcome outcome = door.write(ONE, type, encoding, null);
          assertThat(outcome.status()).isEqualTo(status);
          assertThat(outcome.message()).contains(text);
          assertThat(door.head.of(UP).samples).hasSize(status == 204 ? 1 : 0);
        });
  }

  @TestFactory
  Stream<DynamicTest> section1ContentNegotiation() {
    return Stream.of(
        negotiation("application/x-protobuf is 1.0", V1, "snappy", 204, ""),
        negotiation(
            "proto=prometheus.WriteRequest is 1.0",
            V1 + ";proto=prometheus.WriteRequest",
            "snappy",
            204,
            ""),
        negotiation(
            "a space after the semicolon is allowed",
            V1 + "; proto=prometheus.WriteRequest",
            "snappy",
            204,
            ""),
        negotiation(
            "case of media type and parameter name does not matter",
            "Application/X-Protobuf;PROTO=prometheus.WriteRequest",
            "Snappy",
            204,
            ""),
        negotiation(
            "a quoted parameter",
            V1 + "; charset=utf-8; proto=\"prometheus.WriteRequest\"",
            "snappy",
            204,
            ""),
        negotiation("no content type is 1.0", null, "snappy", 204, ""),
        negotiation("no content encoding is snappy", V1, null, 204, ""),
        negotiation("json is 415", "application/json", "snappy", 415, "application/json"),
        negotiation(
            "a 415 says what is accepted",
            "text/plain",
            "snappy",
            415,
            "use application/x-protobuf with proto=io.prometheus.write.v2.Request or"
                + " proto=prometheus.WriteRequest"),
        negotiation("png is 415", "image/png", "snappy", 415, "image/png"),
        negotiation(
            "unknown message is 415", V1 + ";proto=some.Other", "snappy", 415, "some.Other"),
        negotiation("message names are case-sensitive", V1 + ";proto=x", "snappy", 415, "x"),
        negotiation("parameter without value is 415", V1 + ";proto", "snappy", 415, "proto"),
        negotiation("gzip is 415", V1, "gzip", 415, "gzip"),
        negotiation("deflate is 415", V1, "deflate", 415, "snappy"),
        dynamicTest(
            "bad snappy is 400",
            () -> {
              byte[] body = {5, 1, 2, 3};
              assertThat(new Door().write(body, V1, "snappy", null).status()).isEqualTo(400);
            }),
        dynamicTest(
            "an empty body is 400",
            () ->
                assertThat(new Door().write(new byte[0], V1, "snappy", null).status())
                    .isEqualTo(400)),
        dynamicTest(
            "the framed snappy format is 400",
            () -> {
              byte[] body = {(byte) 0xFF, 6, 0, 0, 's', 'N', 'a', 'P', 'p', 'Y'};
              assertThat(new Door().write(body, V1, "snappy", null).status()).isEqualTo(400);
            }),
        dynamicTest(
            "a declared length over 32 MiB is 400 before anything is allocated",
            () -> {
              byte[] body = {(byte) 0xFF, (byte) 0xFF, (byte) 0xFF, (byte) 0xFF, 0x0F, 0};
              IngestOutcome outcome = new Door().write(body, V1, "snappy", null);
              assertThat(outcome.status()).isEqualTo(400);
              assertThat(outcome.message()).contains("4294967295").contains("33554432");
            }),
        dynamicTest(
            "a body over 32 MiB is 413",
            () -> {
              IngestOutcome outcome =
                  new Door().write(new byte[(32 << 20) + 1], V1, "snappy", null);
              assertThat(outcome.status()).isEqualTo(413);
              assertThat(outcome.message()).contains("33554432");
            }),
        dynamicTest(
            "bad protobuf is 400 with the offset",
            () -> {
              IngestOutcome outcome = new Door().write(message(m -> m.raw((byte) 0x0A)));
              assertThat(outcome.status()).isEqualTo(400);
              assertThat(outcome.message()).contains("prometheus.WriteRequest at byte 1");
            }),
        dynamicTest(
            "an empty message is stored, and is 204",
            () -> assertThat(new Door().write(request()).status()).isEqualTo(204)));
  }

  @TestFactory
  Stream<DynamicTest> section2StatusCodes() {
    return Stream.of(
        dynamicTest(
            "204 and no text if everything was written",
            () -> {
              IngestOutcome outcome = new Door().write(request(series(UP, NOW, 1)));
              assertThat(outcome.status()).isEqualTo(204);
              assertThat(outcome.message()).isEmpty();
              assertThat(outcome.samples()).isEqualTo(1);
              assertThat(outcome.position()).isEqualTo(101);
            }),
        dynamicTest(
            "1.0 answers carry no written-count headers",
            () ->
                assertThat(new Door().write(request(series(UP, NOW, 1))).writtenHeaders())
                    .isFalse()),
        dynamicTest(
            "400 for 1 of 4 series, the others are written and the counts are told",
            () -> {
              Door door = new Door();
              IngestOutcome outcome =
                  door.write(
                      request(
                          series(Labels.of("__name__", "a"), NOW, 1),
                          series(Labels.of("x", "no name"), NOW, 1),
                          series(Labels.of("__name__", "b"), NOW, 1),
                          series(Labels.of("__name__", "c"), NOW, 1)));
              assertThat(outcome.status()).isEqualTo(400);
              assertThat(outcome.message()).endsWith("\nstored 3 of 4 samples");
              assertThat(outcome.samples()).isEqualTo(3);
              assertThat(door.head.series).hasSize(3);
              assertThat(door.ingestor.counters().rejected(Reason.INVALID_LABELS)).isEqualTo(1);
            }),
        dynamicTest(
            "400 for 4 of 4 series, nothing is appended",
            () -> {
              Door door = new Door();
              Proto bad = series(Labels.of("x", "no name"), NOW, 1);
              assertThat(door.write(request(bad, bad, bad, bad)).status()).isEqualTo(400);
              assertThat(door.head.appends).isZero();
            }),
        dynamicTest(
            "a malformed histogram is 400, not 5xx",
            () -> {
              Door door = new Door();
              Proto bad =
                  message(
                      m ->
                          m.field(1, label("__name__", "h"))
                              .field(4, message(h -> h.varint(1, 3).varint(15, NOW))));
              IngestOutcome outcome = door.write(request(bad));
              assertThat(outcome.status()).isEqualTo(400);
              assertThat(outcome.message())
                  .contains("0 observations found in buckets, but the Count field is 3");
              assertThat(door.head.series).isEmpty();
            }));
  }

  @TestFactory
  Stream<DynamicTest> section5Labels() {
    return Stream.of(
        accepted("name only", Labels.of("__name__", "m"), "m"),
        accepted("newline in a value", Labels.of("__name__", "m", "a", "x\ny"), "m"),
        accepted("dots in names", Labels.of("__name__", "m.n", "a.b", "c"), "m.n"),
        accepted("spaces in names", Labels.of("__name__", "m n", "a b", "c"), "m n"),
        accepted("Unicode beyond the BMP", Labels.of("__name__", "m", "\uD83D\uDE00", "ü"), "m"),
        refused(
            "no metric name",
            message(m -> m.field(1, label("job", "node")).field(2, sample(NOW, 1))),
            "invalid metric name or labels, got {job=\"node\"}"),
        refused(
            "no labels at all",
            message(m -> m.field(2, sample(NOW, 1))),
            "invalid metric name or labels, got {}"),
        refused(
            "empty metric name",
            message(m -> m.field(1, label("__name__", "")).field(2, sample(NOW, 1))),
            "invalid metric name or labels, got {}"),
        refused(
            "empty label name",
            message(
                m ->
                    m.field(1, label("", "x"))
                        .field(1, label("__name__", "m"))
                        .field(2, sample(NOW, 1))),
            "invalid metric name or labels, got {\"\"=\"x\", __name__=\"m\"}"),
        refused(
            "label name that is not UTF-8",
            message(
                m ->
                    m.field(1, label("__name__", "m"))
                        .field(
                            1,
                            message(l -> l.bytes(1, new byte[] {'a', (byte) 0xFF}).string(2, "v")))
                        .field(2, sample(NOW, 1))),
            "invalid metric name or labels, got {__name__=\"m\", \"a\\xff\"=\"v\"}"),
        refused(
            "label value that is not UTF-8 (a surrogate)",
            message(
                m ->
                    m.field(1, label("__name__", "m"))
                        .field(
                            1,
                            message(
                                l ->
                                    l.string(1, "a")
                                        .bytes(
                                            2, new byte[] {(byte) 0xED, (byte) 0xA0, (byte) 0x80})))
                        .field(2, sample(NOW, 1))),
            "invalid metric name or labels, got {__name__=\"m\", a=\"\\xed\\xa0\\x80\"}"),
        refused(
            "duplicate label name",
            message(
                m ->
                    m.field(1, label("x", "1"))
                        .field(1, label("__name__", "m"))
                        .field(1, label("x", "2"))
                        .field(2, sample(NOW, 1))),
            "invalid labels for series, labels {__name__=\"m\", x=\"1\", x=\"2\"}, duplicated label"
                + " x"),
        dynamicTest(
            "unsorted labels are accepted and sorted",
            () -> {
              Door door = new Door();
              Proto unsorted =
                  message(
                      m ->
                          m.field(1, label("job", "node"))
                              .field(1, label("__name__", "up"))
                              .field(2, sample(NOW, Double.doubleToRawLongBits(1))));
              assertThat(door.write(request(unsorted)).status()).isEqualTo(204);
              assertThat(door.head.of(UP).samples).containsOnlyKeys(NOW);
            }),
        dynamicTest(
            "empty values are dropped",
            () -> {
              Door door = new Door();
              Proto padded =
                  message(
                      m ->
                          m.field(1, label("__name__", "up"))
                              .field(1, label("empty", ""))
                              .field(1, label("job", "node"))
                              .field(2, sample(NOW, Double.doubleToRawLongBits(1))));
              assertThat(door.write(request(padded)).status()).isEqualTo(204);
              assertThat(door.head.of(UP).samples).containsOnlyKeys(NOW);
            }),
        dynamicTest(
            "the same label set several times in one request",
            () -> {
              Door door = new Door();
              Proto twice =
                  request(series(UP, NOW, 1), series(UP, NOW + 1, 2), series(UP, NOW + 2, 3));
              assertThat(door.write(twice).status()).isEqualTo(204);
              assertThat(door.write(twice).status()).isEqualTo(204);
              assertThat(door.head.series).hasSize(1);
              assertThat(door.head.of(UP).samples).containsOnlyKeys(NOW, NOW + 1, NOW + 2);
            }),
        dynamicTest(
            "a series without data is ignored",
            () -> {
              Door door = new Door();
              assertThat(door.write(request(series(UP), series(Labels.EMPTY))).status())
                  .isEqualTo(204);
              assertThat(door.head.series).isEmpty();
            }),
        dynamicTest(
            "all texts are joined with newlines into one 400",
            () -> {
              Door door = new Door();
              IngestOutcome outcome =
                  door.write(
                      request(
                          series(Labels.of("a", "1"), NOW, 1),
                          series(UP, NOW + 600_001, 1),
                          series(Labels.of("b", "2"), NOW, 1).field(2, sample(NOW + 1, 2))));
              assertThat(outcome.status()).isEqualTo(400);
              assertThat(outcome.message().lines())
                  .containsExactly(
                      "invalid metric name or labels, got {a=\"1\"}",
                      "out of bounds: timestamp is too far in the future for series"
                          + " {__name__=\"up\", job=\"node\"}",
                      "invalid metric name or labels, got {b=\"2\"}",
                      "stored 0 of 4 samples");
              assertThat(door.head.series).isEmpty();
            }),
        dynamicTest(
            "of many texts the first 20 are told",
            () -> {
              Proto[] bad = new Proto[1_000];
              for (int i = 0; i < bad.length; i++) {
                bad[i] = series(Labels.of("n", "" + i), NOW, 1);
              }
              IngestOutcome outcome = new Door().write(request(bad));
              assertThat(outcome.message().lines()).hasSize(22);
              assertThat(outcome.message()).contains("… and 980 more problems");
            }),
        dynamicTest(
            "a timestamp 10 minutes ahead is stored, one later is refused",
            () -> {
              Door door = new Door();
              assertThat(door.write(request(series(UP, NOW + 600_000, 1))).status()).isEqualTo(204);
              assertThat(door.write(request(series(UP, NOW + 600_001, 1))).status()).isEqualTo(400);
              assertThat(door.head.of(UP).samples).containsOnlyKeys(NOW + 600_000);
            }),
        dynamicTest(
            "timestamps are int64: zero, negative, far past",
            () -> {
              Door door = new Door();
              Proto request =
                  request(
                      message(
                          m ->
                              m.field(1, label("__name__", "up"))
                                  .field(1, label("job", "node"))
                                  .field(2, sample(0, 1))
                                  .field(2, sample(-5, 2))
                                  .field(2, sample(Long.MIN_VALUE, 3))
                                  .field(2, sample(1, 4))));
              assertThat(door.write(request).status()).isEqualTo(204);
              assertThat(door.head.of(UP).samples).containsOnlyKeys(Long.MIN_VALUE, -5L, 0L, 1L);
            }),
        dynamicTest(
            "more labels than the limit",
            () -> {
              String[] many = new String[2 * 130];
              for (int i = 0; i < 130; i++) {
                many[2 * i] = i == 0 ? "__name__" : "l" + i;
                many[2 * i + 1] = "m";
              }
              IngestOutcome outcome = new Door().write(request(series(Labels.of(many), NOW, 1)));
              assertThat(outcome.status()).isEqualTo(400);
              assertThat(outcome.message())
                  .contains("label_limit exceeded (metric: m, number of labels: 130, limit: 128)");
            }),
        dynamicTest(
            "a label value over the limit",
            () -> {
              Labels long17 = Labels.of("__name__", "m", "v", "x".repeat(16_385));
              IngestOutcome outcome = new Door().write(request(series(long17, NOW, 1)));
              assertThat(outcome.status()).isEqualTo(400);
              assertThat(outcome.message())
                  .contains(
                      "label_value_length_limit exceeded (metric: m, label name: v, length: 16385,"
                          + " limit: 16384)");
            }),
        dynamicTest(
            "a label name over the limit",
            () -> {
              Labels longName = Labels.of("__name__", "m", "x".repeat(1_025), "v");
              IngestOutcome outcome = new Door().write(request(series(longName, NOW, 1)));
              assertThat(outcome.status()).isEqualTo(400);
              assertThat(outcome.message()).contains("label_name_length_limit exceeded");
            }));
  }

  private static DynamicTest accepted(String name, Labels labels, String metric) {
    return dynamicTest(
        name,
        () -> {
          Door door = new Door();
          assertThat(door.write(request(series(labels, NOW, 7))).status()).isEqualTo(204);
          assertThat(labels.get(Labels.METRIC_NAME)).isEqualTo(metric);
          assertThat(door.head.of(labels).samples)
              .containsEntry(NOW, Double.doubleToRawLongBits(7));
        });
  }

  private static DynamicTest refused(String name, Proto bad, String text) {
    return dynamicTest(
        name,
        () -> {
          Door door = new Door();
          IngestOutcome outcome = door.write(request(bad, series(UP, NOW, 1)));
          assertThat(outcome.status()).isEqualTo(400);
          assertThat(outcome.message()).isEqualTo(text + "\nstored 1 of 2 samples");
          assertThat(door.head.series.keySet()).containsExactly(new FakeHead.Key("", UP));
        });
  }

  @TestFactory
  Stream<DynamicTest> section6ValuesAndStaleness() {
    long[] values = {
      Double.doubleToRawLongBits(1),
      0,
      Double.doubleToRawLongBits(-0.0),
      StaleMarker.BITS,
      0x7ff8000000000001L,
      0xfff8000000000123L,
      Double.doubleToRawLongBits(Double.POSITIVE_INFINITY),
      Double.doubleToRawLongBits(Double.NEGATIVE_INFINITY),
      1
    };
    List<DynamicTest> tests = new ArrayList<>();
    for (long bits : values) {
      tests.add(
          dynamicTest(
              "value with bits " + Long.toHexString(bits) + " arrives bit for bit",
              () -> {
                Door door = new Door();
                Proto s =
                    message(
                        m ->
                            m.field(1, label("__name__", "up"))
                                .field(1, label("job", "node"))
                                .field(2, sample(NOW, bits)));
                assertThat(door.write(request(s)).status()).isEqualTo(204);
                assertThat(door.write(request(s)).status()).isEqualTo(204);
                assertThat(door.head.of(UP).samples).containsExactly(Map.entry(NOW, bits));
              }));
    }
    tests.add(
        dynamicTest(
            "a value of 0 that is written explicitly",
            () -> {
              Door door = new Door();
              Proto s =
                  message(
                      m ->
                          m.field(1, label("__name__", "up"))
                              .field(1, label("job", "node"))
                              .field(2, message(x -> x.bits(1, 0).varint(2, NOW))));
              assertThat(door.write(request(s)).status()).isEqualTo(204);
              assertThat(door.head.of(UP).samples).containsExactly(Map.entry(NOW, 0L));
            }));
    tests.add(
        dynamicTest(
            "what the store refuses is a 400 with its words, and the whole request is rolled back",
            () -> {
              WriteMode[] mode = new WriteMode[1];
              BatchSink refusing =
                  (WriteBatch batch, WriteMode m) -> {
                    mode[0] = m;
                    return new WriteResult(
                        0, 0, 0, 1, List.of("out of order sample for series x"), -1);
                  };
              Ingestor ingestor =
                  new Ingestor(
                      new FakeHead(),
                      refusing,
                      IngestLimits.DEFAULT,
                      InstantSource.fixed(Instant.ofEpochMilli(NOW)));
              IngestOutcome outcome = ingestor.write(ONE, 0, ONE.length, V1, "snappy", null);
              assertThat(mode[0]).isEqualTo(WriteMode.ALL_OR_NOTHING);
              assertThat(outcome.status()).isEqualTo(400);
              assertThat(outcome.message())
                  .isEqualTo("out of order sample for series x\nstored 0 of 1 samples");
              assertThat(ingestor.counters().rejected(Reason.REFUSED_BY_STORE)).isEqualTo(1);
            }));
    return tests.stream();
  }

  @TestFactory
  Stream<DynamicTest> section8ExemplarsAndMetadata() {
    return Stream.of(
        dynamicTest(
            "exemplars with labels, without labels, NaN and infinite, Unicode, old",
            () -> {
              Door door = new Door();
              Proto s =
                  message(
                      m ->
                          m.field(1, label("__name__", "up"))
                              .field(1, label("job", "node"))
                              .field(2, sample(NOW, 1))
                              .field(3, exemplar(NOW, 1.5, "trace_id", "ü1"))
                              .field(3, exemplar(NOW - 99_000_000, Double.NaN))
                              .field(
                                  3, exemplar(NOW, Double.NEGATIVE_INFINITY, "b", "2", "a", "1")));
              IngestOutcome outcome = door.write(request(s));
              assertThat(outcome.status()).isEqualTo(204);
              assertThat(outcome.exemplars()).isEqualTo(3);
              assertThat(door.head.of(UP).exemplars)
                  .containsExactly(
                      new Exemplar(NOW, 1.5, Labels.of("trace_id", "ü1")),
                      new Exemplar(NOW - 99_000_000, Double.NaN, Labels.EMPTY),
                      new Exemplar(NOW, Double.NEGATIVE_INFINITY, Labels.of("a", "1", "b", "2")));
            }),
        dynamicTest(
            "exemplar labels of 128 characters are stored, 129 are left out without a 400",
            () -> {
              Door door = new Door();
              Proto s =
                  message(
                      m ->
                          m.field(1, label("__name__", "up"))
                              .field(1, label("job", "node"))
                              .field(2, sample(NOW, 1))
                              .field(3, exemplar(NOW, 1, "id", "ü".repeat(126)))
                              .field(3, exemplar(NOW, 2, "id", "ü".repeat(127))));
              IngestOutcome outcome = door.write(request(s));
              assertThat(outcome.status()).isEqualTo(204);
              assertThat(outcome.exemplars()).isEqualTo(1);
              assertThat(door.ingestor.counters().rejected(Reason.EXEMPLAR)).isEqualTo(1);
            }),
        dynamicTest(
            "exemplars without data do not make a series, but are stored with a known one",
            () -> {
              Door door = new Door();
              Proto alone =
                  message(
                      m ->
                          m.field(1, label("__name__", "up"))
                              .field(1, label("job", "node"))
                              .field(3, exemplar(NOW, 1, "id", "1")));
              assertThat(door.write(request(alone)).status()).isEqualTo(204);
              assertThat(door.head.series).isEmpty();
              door.write(request(series(UP, NOW, 1)));
              assertThat(door.write(request(alone)).exemplars()).isEqualTo(1);
            }),
        dynamicTest(
            "metadata of every type, with and without data",
            () -> {
              Door door = new Door();
              Proto request =
                  message(
                      m -> {
                        for (int type = 0; type < 9; type++) {
                          int t = type;
                          m.field(
                              3,
                              message(
                                  d ->
                                      d.varint(1, t)
                                          .string(2, "metric_" + t)
                                          .string(4, "help")
                                          .string(5, "unit")));
                        }
                        m.field(3, message(d -> d.string(4, "no name")));
                      });
              assertThat(door.write(request).status()).isEqualTo(204);
              assertThat(door.head.metadata)
                  .hasSize(9)
                  .containsEntry("metric_0", new Metadata("unknown", "unit", "help"))
                  .containsEntry("metric_1", new Metadata("counter", "unit", "help"))
                  .containsEntry("metric_2", new Metadata("gauge", "unit", "help"))
                  .containsEntry("metric_3", new Metadata("histogram", "unit", "help"))
                  .containsEntry("metric_4", new Metadata("gaugehistogram", "unit", "help"))
                  .containsEntry("metric_5", new Metadata("summary", "unit", "help"))
                  .containsEntry("metric_6", new Metadata("info", "unit", "help"))
                  .containsEntry("metric_7", new Metadata("stateset", "unit", "help"))
                  .containsEntry("metric_8", new Metadata("unknown", "unit", "help"));
              assertThat(door.ingestor.counters().rejected(Reason.METADATA)).isEqualTo(1);
            }),
        dynamicTest(
            "a stale histogram is stored",
            () -> {
              Door door = new Door();
              Histogram stale =
                  new Histogram(
                      0,
                      0,
                      false,
                      0,
                      0,
                      StaleMarker.VALUE,
                      0,
                      new int[0],
                      new int[0],
                      new long[0],
                      new long[0],
                      new double[0],
                      new double[0],
                      new double[0]);
              Proto s =
                  message(
                      m ->
                          m.field(1, label("__name__", "up"))
                              .field(1, label("job", "node"))
                              .field(4, Proto.histogram(NOW, stale, true)));
              assertThat(door.write(request(s)).status()).isEqualTo(204);
              assertThat(door.head.of(UP).histograms).containsExactly(Map.entry(NOW, stale));
              assertThat(stale.isStale()).isTrue();
            }));
  }

  private static Proto exemplar(long time, double value, String... labels) {
    return message(
        m -> {
          for (int i = 0; i < labels.length; i += 2) {
            m.field(1, label(labels[i], labels[i + 1]));
          }
          m.bits(2, Double.doubleToRawLongBits(value)).varint(3, time);
        });
  }
}
