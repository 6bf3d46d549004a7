package io.varve.ingest;

import static io.varve.ingest.Proto.message;
import static io.varve.ingest.ProtoV2.exemplar;
import static io.varve.ingest.ProtoV2.metadata;
import static io.varve.ingest.ProtoV2.sample;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.varve.engine.LimitExceededException;
import io.varve.engine.Seeds;
import io.varve.engine.WriteMode;
import io.varve.engine.WriteResult;
import io.varve.engine.model.Exemplar;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Metadata;
import io.varve.engine.model.StaleMarker;
import io.varve.ingest.intake.Reason;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The receiver checklist of remote write, as far as it is about 2.0 messages. */
final class RemoteWrite2ChecklistTest {
  private static final long NOW = 1_790_000_000_000L;
  private static final String V2 = "application/x-protobuf;proto=io.prometheus.write.v2.Request";
  private static final Labels UP = Labels.of("__name__", "up", "job", "node");
  private static final Labels DOWN = Labels.of("__name__", "down", "job", "node");

  private final FakeHead head = new FakeHead();
  private final Ingestor ingestor = ingestor(head);

  private static Ingestor ingestor(FakeHead head) {
    return new Ingestor(
        head, head, IngestLimits.DEFAULT, InstantSource.fixed(Instant.ofEpochMilli(NOW)));
  }

  private static IngestOutcome write(Ingestor into, Proto message, String type) {
    byte[] body = message.snappy();
    return into.write(body, 0, body.length, type, "snappy", null);
  }

  private IngestOutcome write(Consumer<ProtoV2> content) {
    return write(ingestor, ProtoV2.request(content), V2);
  }

  private static Consumer<Proto> one(long time, double value) {
    return m -> m.field(2, sample(time, value, 0));
  }

  @Test
  void everythingOfASeriesArrives() {
    Histogram histogram = HistogramSamples.random(new Random(3));
    IngestOutcome outcome =
        write(
            r ->
                r.series(
                    UP,
                    m ->
                        m.field(2, sample(NOW, 1.5, NOW - 1_000))
                            .field(2, sample(NOW + 1, StaleMarker.VALUE, 0))
                            .field(3, withStart(Proto.histogram(NOW + 2, histogram, true), NOW - 9))
                            .field(4, exemplar(NOW, 2, r.ref("trace_id"), r.ref("abc")))
                            .field(4, exemplar(NOW, 3))
                            .field(5, metadata(2, r.ref("Is it up?"), r.ref("bool")))
                            .field(6, message(x -> x.varint(1, 5)))));
    assertThat(outcome.status()).as(outcome.message()).isEqualTo(204);
    assertThat(outcome.writtenHeaders()).isTrue();
    assertThat(outcome.samples()).isEqualTo(2);
    assertThat(outcome.histograms()).isEqualTo(1);
    assertThat(outcome.exemplars()).isEqualTo(2);
    assertThat(head.lastMode).isEqualTo(WriteMode.PARTIAL);
    FakeHead.Stored stored = head.of(UP);
    assertThat(stored.samples)
        .isEqualTo(Map.of(NOW, Double.doubleToRawLongBits(1.5), NOW + 1, StaleMarker.BITS));
    assertThat(stored.starts).isEqualTo(Map.of(NOW, NOW - 1_000, NOW + 2, NOW - 9));
    assertThat(stored.histograms).isEqualTo(Map.of(NOW + 2, histogram));
    assertThat(stored.exemplars)
        .containsExactly(
            new Exemplar(NOW, 2, Labels.of("trace_id", "abc")), new Exemplar(NOW, 3, Labels.EMPTY));
    assertThat(head.metadata).isEqualTo(Map.of("up", new Metadata("gauge", "bool", "Is it up?")));
  }

  private static Proto withStart(Proto histogram, long start) {
    return histogram.varint(17, start);
  }

  @Test
  void fieldsMayComeInAnyOrderAndReferencesUnpacked() {
    Proto series =
        message(
            m ->
                m.field(2, sample(NOW, 1, 0))
                    .varint(1, 1)
                    .varint(1, 2)
                    .packedVarints(1, 3, 4)
                    .varint(99, 1));
    Proto request =
        message(
            m ->
                m.field(5, series)
                    .string(4, "")
                    .string(4, "__name__")
                    .string(4, "up")
                    .string(4, "job")
                    .string(4, "node"));
    assertThat(write(ingestor, request, V2).status()).isEqualTo(204);
    assertThat(head.of(UP).samples).containsOnlyKeys(NOW);
  }

  @Test
  void knownSeriesAreGuessedAndUnsortedOnesKnownByTheirSpelling() {
    for (int round = 0; round < 4; round++) {
      long time = NOW + round;
      IngestOutcome outcome =
          write(
              r -> {
                for (int i = 0; i < 50; i++) {
                  r.series(Labels.of("__name__", "m" + i, "a", "b"), one(time, i));
                }
                for (int i = 0; i < 50; i++) {
                  long[] refs = {
                    r.ref("z"), r.ref("y"), r.ref("empty"), 0, r.ref("__name__"), r.ref("n" + i)
                  };
                  r.series(refs, one(time, i));
                }
              });
      assertThat(outcome.status()).as(outcome.message()).isEqualTo(204);
    }
    assertThat(head.series).hasSize(100);
    assertThat(head.of(Labels.of("__name__", "n49", "z", "y")).samples).hasSize(4);
    assertThat(ingestor.counters().seriesGuessed()).isGreaterThanOrEqualTo(3 * 48);
    assertThat(ingestor.counters().seriesAliased()).isEqualTo(100);
    assertThat(ingestor.counters().seriesRewritten()).isEqualTo(100);
  }

  @Test
  void oneMessageUnderTheNameOfTheOtherIsEmptyNotAnError() {
    Proto v1 = Proto.request(Proto.series(UP, NOW, 1));
    IngestOutcome as2 = write(ingestor, v1, V2);
    assertThat(as2.status()).isEqualTo(204);
    assertThat(as2.samples()).isZero();
    assertThat(as2.writtenHeaders()).isTrue();
    IngestOutcome as1 =
        write(ingestor, ProtoV2.request(r -> r.series(UP, one(NOW, 1))), "application/x-protobuf");
    assertThat(as1.status()).isEqualTo(204);
    assertThat(as1.samples()).isZero();
    assertThat(as1.writtenHeaders()).isFalse();
    IngestOutcome spaced =
        write(
            ingestor,
            ProtoV2.request(r -> r.series(UP, one(NOW, 1))),
            "application/x-protobuf; proto=io.prometheus.write.v2.Request");
    assertThat(spaced.samples()).isEqualTo(1);
  }

  @TestFactory
  Stream<DynamicTest> section3WrittenCounts() {
    return Stream.of(
        dynamicTest(
            "on a decode error, with zeros",
            () -> {
              IngestOutcome outcome = write(ingestor, message(m -> m.raw((byte) 0x22)), V2);
              assertThat(outcome.status()).isEqualTo(400);
              assertThat(outcome.writtenHeaders()).isTrue();
              assertThat(outcome.samples()).isZero();
            }),
        dynamicTest(
            "on a limit of the engine, with zeros",
            () -> {
              Ingestor full =
                  new Ingestor(
                      head,
                      (batch, mode) -> {
                        throw new LimitExceededException("full");
                      },
                      IngestLimits.DEFAULT,
                      InstantSource.fixed(Instant.ofEpochMilli(NOW)));
              IngestOutcome outcome =
                  write(full, ProtoV2.request(r -> r.series(UP, one(NOW, 1))), V2);
              assertThat(outcome.status()).isEqualTo(429);
              assertThat(outcome.writtenHeaders()).isTrue();
            }),
        dynamicTest(
            "none on a 415",
            () -> {
              byte[] body = ProtoV2.request(r -> {}).snappy();
              IngestOutcome outcome = ingestor.write(body, 0, body.length, V2, "gzip", null);
              assertThat(outcome.status()).isEqualTo(415);
              assertThat(outcome.writtenHeaders()).isFalse();
            }),
        dynamicTest(
            "partial: what the store refuses is a 400 with the counts of the rest",
            () -> {
              Ingestor partial =
                  new Ingestor(
                      head,
                      (batch, mode) ->
                          new WriteResult(
                              batch.sampleCount - 1, 0, 0, 1, List.of("out of order sample"), 7),
                      IngestLimits.DEFAULT,
                      InstantSource.fixed(Instant.ofEpochMilli(NOW)));
              IngestOutcome outcome =
                  write(
                      partial,
                      ProtoV2.request(r -> r.series(UP, one(NOW, 1)).series(DOWN, one(NOW, 1))),
                      V2);
              assertThat(outcome.status()).isEqualTo(400);
              assertThat(outcome.message()).isEqualTo("out of order sample\nstored 1 of 2 samples");
              assertThat(outcome.samples()).isEqualTo(1);
              assertThat(outcome.writtenHeaders()).isTrue();
            }));
  }

  private DynamicTest refused(String text, Consumer<ProtoV2> bad) {
    return dynamicTest(
        text,
        () -> {
          FakeHead fresh = new FakeHead();
          Ingestor door = ingestor(fresh);
          IngestOutcome outcome =
              write(
                  door,
                  ProtoV2.request(
                      r -> {
                        bad.accept(r);
                        r.series(UP, one(NOW, 1));
                      }),
                  V2);
          assertThat(outcome.status()).isEqualTo(400);
          assertThat(outcome.message().lines().findFirst()).hasValue(text);
          assertThat(fresh.series.keySet())
              .as("the rest")
              .containsExactly(new FakeHead.Key("", UP));
          assertThat(outcome.samples()).isEqualTo(1);
        });
  }

  @TestFactory
  Stream<DynamicTest> section5Validation() {
    return Stream.of(
        refused(
            "parsing labels for series [1 2 3]: invalid labelRefs length 3",
            r -> {
              r.refs(DOWN);
              r.series(new long[] {1, 2, 3}, one(NOW, 1));
            }),
        refused(
            "parsing labels for series [1 999]: labelRefs 1 (name) = 999 (value) outside of symbols"
                + " table (size 6)",
            r -> {
              r.refs(DOWN);
              r.series(new long[] {1, 999}, one(NOW, 1));
            }),
        refused(
            "parsing labels for series [4294967295 0]: labelRefs 4294967295 (name) = 0 (value)"
                + " outside of symbols table (size 6)",
            r -> {
              r.refs(DOWN);
              r.series(new long[] {0xFFFF_FFFFL, 0}, one(NOW, 1));
            }),
        refused(
            "parsing metadata for series [1 2]: metadata unit_ref 999 outside of symbols table"
                + " (size 6)",
            r -> {
              r.refs(DOWN);
              r.series(
                  new long[] {1, 2},
                  m -> m.field(2, sample(NOW, 1, 0)).field(5, metadata(0, 0, 999)));
            }),
        refused(
            "parsing metadata for series [1 2]: metadata help_ref 999 outside of symbols table"
                + " (size 6)",
            r -> {
              r.refs(DOWN);
              r.series(
                  new long[] {1, 2},
                  m -> m.field(2, sample(NOW, 1, 0)).field(5, metadata(0, 999, 0)));
            }),
        refused(
            "invalid metric name or labels, got {job=\"node\"}",
            r -> r.series(new long[] {r.ref("job"), r.ref("node")}, one(NOW, 1))),
        refused("invalid metric name or labels, got {}", r -> r.series(new long[0], one(NOW, 1))),
        refused(
            "invalid labels for series, labels {__name__=\"x\", a=\"1\", a=\"2\"}, duplicated label"
                + " a",
            r ->
                r.series(
                    new long[] {
                      r.ref("__name__"), r.ref("x"), r.ref("a"), r.ref("1"), r.ref("a"), r.ref("2")
                    },
                    one(NOW, 1))),
        refused(
            "TimeSeries must contain at least one sample or histogram for series"
                + " {__name__=\"down\", job=\"node\"}",
            r -> r.series(DOWN, m -> {})),
        refused(
            "TimeSeries must contain at least one sample or histogram for series"
                + " {__name__=\"down\", job=\"node\"}",
            r -> r.series(DOWN, m -> m.field(4, exemplar(NOW, 1)))),
        refused(
            "TimeSeries must contain at least one sample or histogram for series"
                + " {__name__=\"down\", job=\"node\"}",
            r -> r.series(DOWN, m -> m.field(5, metadata(1, 0, 0)))),
        refused(
            "out of bounds: timestamp is too far in the future for series {__name__=\"down\","
                + " job=\"node\"}",
            r -> r.series(DOWN, one(NOW + 600_001, 1))),
        refused(
            "histogram has an invalid schema, which must be between -4 and 8 for exponential"
                + " buckets, or -53 for custom buckets, got schema 99 for series"
                + " {__name__=\"down\", job=\"node\"}",
            r -> r.series(DOWN, m -> m.field(3, message(h -> h.zigzag(4, 99).varint(15, NOW))))),
        dynamicTest(
            "an exemplar's bad references refuse the exemplar alone",
            () -> {
              IngestOutcome outcome =
                  write(
                      r ->
                          r.series(
                              DOWN,
                              m ->
                                  m.field(2, sample(NOW, 1, 0))
                                      .field(4, exemplar(NOW, 1, 1, 77))
                                      .field(4, exemplar(NOW, 2, 1))
                                      .field(4, exemplar(NOW, 3))));
              assertThat(outcome.status()).isEqualTo(400);
              assertThat(outcome.message())
                  .isEqualTo(
                      "parsing exemplar for series {__name__=\"down\", job=\"node\"}: labelRefs 1"
                          + " (name) = 77 (value) outside of symbols table (size 5)\n"
                          + "parsing exemplar for series {__name__=\"down\", job=\"node\"}: invalid"
                          + " labelRefs length 1\n"
                          + "stored 1 of 1 samples");
              assertThat(outcome.samples()).isEqualTo(1);
              assertThat(outcome.exemplars()).isEqualTo(1);
              assertThat(ingestor.counters().rejected(Reason.EXEMPLAR)).isEqualTo(2);
            }),
        dynamicTest(
            "the first symbol need not be empty",
            () -> {
              Proto request =
                  message(
                      m ->
                          m.string(4, "__name__")
                              .string(4, "odd")
                              .field(
                                  5,
                                  message(
                                      s -> s.packedVarints(1, 0, 1).field(2, sample(NOW, 1, 0)))));
              assertThat(write(ingestor, request, V2).status()).isEqualTo(204);
              assertThat(head.of(Labels.of("__name__", "odd")).samples).hasSize(1);
            }),
        dynamicTest(
            "samples and histograms in one series are accepted",
            () -> {
              Histogram h = HistogramSamples.random(new Random(1));
              Labels both = Labels.of("__name__", "both");
              IngestOutcome outcome =
                  write(
                      r ->
                          r.series(
                              both,
                              m ->
                                  m.field(2, sample(NOW, 1, 0))
                                      .field(3, Proto.histogram(NOW + 1, h, true))));
              assertThat(outcome.status()).isEqualTo(204);
              assertThat(head.of(both).histograms).hasSize(1);
            }));
  }

  @Test
  void metadataIsToldOncePerMetricFamily() {
    int[] told = new int[1];
    Ingestor counting =
        new Ingestor(
            head,
            (batch, mode) -> {
              told[0] += batch.metadataCount;
              return head.append(batch, mode);
            },
            IngestLimits.DEFAULT,
            InstantSource.fixed(Instant.ofEpochMilli(NOW)));
    for (int round = 0; round < 3; round++) {
      write(
          counting,
          ProtoV2.request(
              r -> {
                for (int i = 0; i < 20; i++) {
                  r.series(
                      Labels.of("__name__", "h_bucket", "le", "" + i),
                      m ->
                          m.field(2, sample(NOW, 1, 0))
                              .field(5, metadata(3, r.ref("help"), r.ref("s"))));
                }
                r.series(
                    Labels.of("__name__", "c_total"),
                    m -> m.field(2, sample(NOW, 1, 0)).field(5, metadata(1, 0, 0)));
                r.series(
                    Labels.of("__name__", "nothing_said"),
                    m -> m.field(2, sample(NOW, 1, 0)).field(5, metadata(0, 0, 0)));
              }),
          V2);
    }
    assertThat(told[0]).isEqualTo(2);
    assertThat(head.metadata)
        .isEqualTo(
            Map.of(
                "h", new Metadata("histogram", "s", "help"),
                "c_total", new Metadata("counter", "", "")));
  }

  @Test
  void hostileBodiesEndInAnAnswer() {
    Random random = new Random(Seeds.usual(7));
    byte[] rich =
        ProtoV2.request(
                r ->
                    r.series(
                            UP,
                            m ->
                                m.field(2, sample(NOW, 1.5, NOW - 1_000))
                                    .field(
                                        3,
                                        Proto.histogram(NOW, HistogramSamples.random(random), true))
                                    .field(4, exemplar(NOW, 2, r.ref("trace_id"), r.ref("abc")))
                                    .field(5, metadata(2, r.ref("Is it up?"), r.ref("bool"))))
                        .series(DOWN, one(NOW, 2)))
            .toByteArray();
    for (int n = 0; n < rich.length; n++) {
      byte[] cut = Arrays.copyOf(rich, n);
      assertThat(write(ingestor, message(m -> m.raw(cut)), V2).status()).isIn(204, 400);
    }
    for (int i = 0; i < rich.length; i++) {
      for (int bit = 0; bit < 8; bit++) {
        byte[] bad = rich.clone();
        bad[i] ^= (byte) (1 << bit);
        assertThat(write(ingestor, message(m -> m.raw(bad)), V2).status())
            .as("byte %d bit %d", i, bit)
            .isIn(204, 400, 413);
      }
    }
    long seed = Seeds.usual(1);
    Random noise = new Random(seed);
    for (int i = 0; i < 5_000; i++) {
      byte[] bad = rich.clone();
      for (int k = noise.nextInt(5); k >= 0; k--) {
        int from = noise.nextInt(bad.length);
        int to = noise.nextInt(bad.length);
        int n = Math.min(noise.nextInt(24), bad.length - Math.max(from, to));
        System.arraycopy(rich, from, bad, to, n);
      }
      assertThat(write(ingestor, message(m -> m.raw(bad)), V2).status())
          .as("seed %d round %d", seed, i)
          .isIn(204, 400, 413);
    }
  }

  @Test
  void bombsOfReferencesAreBounded() {
    String big = "v".repeat(15_000);
    Proto many =
        ProtoV2.request(
            r -> {
              long[] refs = {r.ref("__name__"), r.ref(big)};
              for (int i = 0; i < 10_000; i++) {
                r.series(refs, one(NOW, 1));
              }
            });
    IngestOutcome outcome = write(ingestor, many, V2);
    assertThat(outcome.status()).isEqualTo(413);
    assertThat(outcome.message()).contains("labels of the request's series");
    long[] refs = new long[2_000_000];
    Arrays.fill(refs, 1);
    IngestOutcome wide =
        write(
            r -> {
              r.refs(UP);
              r.series(refs, one(NOW, 1));
            });
    assertThat(wide.status()).isEqualTo(400);
    assertThat(wide.message()).contains("label_limit exceeded");
    byte[] symbols = new byte[2 * 1_000_001];
    for (int i = 0; i < symbols.length; i += 2) {
      symbols[i] = 4 << 3 | 2;
    }
    assertThat(write(ingestor, message(m -> m.raw(symbols)), V2).status()).isEqualTo(413);
    assertThat(head.series).isEmpty();
  }

  @Test
  void randomRequestsArriveBitForBit() {
    long base = Seeds.usual(1);
    for (int round = 0; round < 30; round++) {
      long seed = base + round;
      Random random = new Random(seed);
      FakeHead fresh = new FakeHead();
      Ingestor door = ingestor(fresh);
      Map<Labels, Map<Long, Long>> expected = new HashMap<>();
      for (int k = 0; k < 8; k++) {
        Proto request =
            ProtoV2.request(
                r -> {
                  for (int i = random.nextInt(40); i > 0; i--) {
                    int m = random.nextInt(30);
                    Labels labels =
                        m % 4 == 0
                            ? Labels.of("__name__", "m" + m)
                            : Labels.of("__name__", "m" + m, "a", "x" + m % 7, "ü", "y".repeat(m));
                    long[] refs = r.refs(labels);
                    if (random.nextInt(4) == 0) { // last pair first
                      long[] turned = new long[refs.length];
                      System.arraycopy(refs, refs.length - 2, turned, 0, 2);
                      System.arraycopy(refs, 0, turned, 2, refs.length - 2);
                      refs = turned;
                    }
                    r.series(
                        refs,
                        s -> {
                          for (int n = 1 + random.nextInt(3); n > 0; n--) {
                            long time = NOW - random.nextInt(1_000_000);
                            long bits = random.nextLong();
                            s.field(2, message(x -> x.bits(1, bits).varint(2, time)));
                            expected.computeIfAbsent(labels, l -> new TreeMap<>()).put(time, bits);
                          }
                        });
                  }
                });
        if (random.nextInt(4) == 0) {
          fresh.renumber();
        }
        IngestOutcome outcome = write(door, request, V2);
        assertThat(outcome.status()).as("seed %d: %s", seed, outcome.message()).isEqualTo(204);
      }
      Map<Labels, Map<Long, Long>> stored = new HashMap<>();
      fresh.series.forEach((key, s) -> stored.put(key.labels(), s.samples));
      assertThat(stored).as("seed %d", seed).isEqualTo(expected);
    }
  }
}
