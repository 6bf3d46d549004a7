package io.varve.ingest;

import static io.varve.ingest.Proto.label;
import static io.varve.ingest.Proto.message;
import static io.varve.ingest.Proto.request;
import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.Seeds;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** What histograms of remote write must keep (checklist, section 7), and what becomes of others. */
final class HistogramValidationTest {
  private static final long NOW = 1_790_000_000_000L;
  private static final Labels H = Labels.of("__name__", "h");
  private static final int CUSTOM = Histogram.CUSTOM_BUCKETS_SCHEMA;

  private final FakeHead head = new FakeHead();
  private final Ingestor ingestor =
      new Ingestor(
          head, head, IngestLimits.DEFAULT, InstantSource.fixed(Instant.ofEpochMilli(NOW)));

  private IngestOutcome write(Consumer<Proto> fields) {
    Proto histogram =
        message(
            h -> {
              fields.accept(h);
              h.varint(15, NOW);
            });
    byte[] body =
        request(message(s -> s.field(1, label("__name__", "h")).field(4, histogram))).snappy();
    return ingestor.write(body, 0, body.length, null, null, null);
  }

  private static Proto span(int offset, int length) {
    return message(s -> s.zigzag(1, offset).varint(2, Integer.toUnsignedLong(length)));
  }

  private DynamicTest refused(String text, Consumer<Proto> fields) {
    return DynamicTest.dynamicTest(
        text,
        () -> {
          IngestOutcome outcome = write(fields);
          assertThat(outcome.status()).isEqualTo(400);
          assertThat(outcome.message())
              .isEqualTo(text + " for series {__name__=\"h\"}\nstored 0 of 1 samples");
          assertThat(head.series).isEmpty();
        });
  }

  @TestFactory
  Stream<DynamicTest> contradictionsAreRefusedInPrometheusWords() {
    String mismatch = ": histogram spans specify different number of buckets than provided";
    String negativeOffset = ": histogram has a span whose offset is negative";
    String negativeBucket = ": histogram has a bucket whose observation count is negative";
    String schema =
        "histogram has an invalid schema, which must be between -4 and 8 for exponential buckets,"
            + " or -53 for custom buckets, got schema ";
    return Stream.of(
        refused(schema + "-5", h -> h.zigzag(4, -5)),
        refused(schema + "53", h -> h.zigzag(4, 53)),
        refused(schema + "-54", h -> h.zigzag(4, -54)),
        refused(
            "positive side: spans need 2 buckets, have 1 buckets" + mismatch,
            h -> h.varint(1, 1).field(11, span(0, 2)).packedZigzag(12, 1)),
        refused(
            "negative side: spans need 0 buckets, have 1 buckets" + mismatch,
            h -> h.varint(1, 1).packedZigzag(9, 1)),
        refused(
            "positive side: spans need 4294967295 buckets, have 1 buckets" + mismatch,
            h -> h.varint(1, 1).field(11, span(0, -1)).packedZigzag(12, 1)),
        refused(
            "positive side: span number 2 with offset -1" + negativeOffset,
            h ->
                h.varint(1, 2)
                    .field(11, span(-7, 1))
                    .field(11, span(-1, 1))
                    .packedZigzag(12, 1, 0)),
        refused(
            "negative side: span number 2 with offset -3" + negativeOffset,
            h -> h.varint(1, 2).field(8, span(0, 1)).field(8, span(-3, 1)).packedZigzag(9, 1, 0)),
        refused(
            "positive side: bucket number 2 has observation count of -1" + negativeBucket,
            h -> h.varint(1, 2).field(11, span(0, 2)).packedZigzag(12, 1, -2)),
        refused(
            "negative side: bucket number 1 has observation count of -2.0" + negativeBucket,
            h -> h.bits(2, 0).field(8, span(0, 1)).packedDoubles(10, -2)),
        refused(
            "1 observations found in buckets, but the Count field is 2: histogram's observation"
                + " count should equal the number of observations found in the buckets (in absence"
                + " of NaN)",
            h -> h.varint(1, 2).field(11, span(0, 1)).packedZigzag(12, 1)),
        refused(
            "3 observations found in buckets, but the Count field is 2: histogram's observation"
                + " count should be at least the number of observations found in the buckets",
            h ->
                h.varint(1, 2)
                    .bits(3, 0x7ff8000000000001L)
                    .field(11, span(0, 1))
                    .packedZigzag(12, 3)),
        refused(
            "histogram with exponential schema must not have custom bounds",
            h -> h.varint(1, 0).packedDoubles(16, 1)),
        refused(
            "custom buckets: previous bound is 2.0 and current is 2.0: histogram custom bounds must"
                + " be in strictly increasing order",
            h -> h.zigzag(4, CUSTOM).packedDoubles(16, 2, 2)),
        refused(
            "custom buckets: histogram custom bounds must not be NaN",
            h -> h.zigzag(4, CUSTOM).packedDoubles(16, 1, Double.NaN)),
        refused(
            "custom buckets: last +Inf bound must not be explicitly defined: histogram custom"
                + " bounds must be finite",
            h -> h.zigzag(4, CUSTOM).packedDoubles(16, 1, Double.POSITIVE_INFINITY)),
        refused(
            "custom buckets: only 1 custom bounds defined which is insufficient to cover total span"
                + " length of 3: histogram custom bounds are too few",
            h ->
                h.varint(1, 1)
                    .zigzag(4, CUSTOM)
                    .packedDoubles(16, 1)
                    .field(11, span(2, 1))
                    .packedZigzag(12, 1)),
        refused(
            "custom buckets: must have zero count of 0",
            h -> h.varint(1, 1).varint(6, 1).zigzag(4, CUSTOM).packedDoubles(16, 1)),
        refused(
            "custom buckets: must have zero threshold of 0",
            h -> h.zigzag(4, CUSTOM).bits(5, Double.doubleToRawLongBits(0.1)).packedDoubles(16, 1)),
        refused(
            "custom buckets: must not have negative spans",
            h -> h.zigzag(4, CUSTOM).packedDoubles(16, 1).field(8, span(0, 0))),
        refused(
            "custom buckets: must not have negative buckets",
            h -> h.zigzag(4, CUSTOM).packedDoubles(16, 1).packedZigzag(9, 0)),
        refused(
            "custom buckets: span number 1 with offset -1" + negativeOffset,
            h ->
                h.varint(1, 1)
                    .zigzag(4, CUSTOM)
                    .packedDoubles(16, 1)
                    .field(11, span(-1, 1))
                    .packedZigzag(12, 1)));
  }

  @Test
  void anEmptyHistogramIsValidAndAnIntegerOne() {
    assertThat(write(h -> {}).status()).isEqualTo(204);
    Map<Long, Histogram> stored = head.of(H).histograms;
    assertThat(stored).containsOnlyKeys(NOW);
    assertThat(stored.values()).allMatch(h -> !h.floatCounts() && h.count() == 0);
  }

  @Test
  void theLastOfACountOneofCounts() {
    assertThat(write(h -> h.bits(2, Double.doubleToRawLongBits(7)).varint(1, 0)).status())
        .isEqualTo(204);
    assertThat(head.of(H).histograms.values()).allMatch(h -> !h.floatCounts() && h.count() == 0);
  }

  @Test
  void oneBeyondTheCustomBoundsIsTheInfiniteBucket() {
    IngestOutcome outcome =
        write(
            h ->
                h.varint(1, 3)
                    .zigzag(4, CUSTOM)
                    .packedDoubles(16, 1, 2)
                    .field(11, span(0, 3))
                    .packedZigzag(12, 1, 0, 0));
    assertThat(outcome.status()).as(outcome.message()).isEqualTo(204);
  }

  @Test
  void theResetHintIsKeptAndUnknownOnesAreZero() {
    for (int hint : new int[] {0, 1, 2, 3, 4, 99}) {
      int given = hint;
      assertThat(write(h -> h.varint(14, given)).status()).isEqualTo(204);
      assertThat(head.of(H).histograms.values())
          .allMatch(h -> h.resetHint() == (given <= 3 ? given : 0));
    }
  }

  @Test
  void tooManyBucketsAreRefused() {
    long[] deltas = new long[70_000];
    IngestOutcome outcome = write(h -> h.field(11, span(0, 70_000)).packedZigzag(12, deltas));
    assertThat(outcome.status()).isEqualTo(400);
    assertThat(outcome.message()).contains("more than 65536");
  }

  /** Bucket counts by index. */
  private static Map<Long, Double> buckets(int[] spans, double[] counts) {
    TreeMap<Long, Double> all = new TreeMap<>();
    long index = 0;
    int k = 0;
    for (int i = 0; i < spans.length; i += 2) {
      index += spans[i];
      for (int n = 0; n < spans[i + 1]; n++) {
        all.put(index++, counts[k++]);
      }
    }
    assertThat(k).isEqualTo(counts.length);
    return all;
  }

  private static double[] absolute(Histogram h, boolean positive) {
    if (h.floatCounts()) {
      return positive ? h.positiveCounts() : h.negativeCounts();
    }
    long[] deltas = positive ? h.positiveDeltas() : h.negativeDeltas();
    double[] counts = new double[deltas.length];
    long count = 0;
    for (int i = 0; i < deltas.length; i++) {
      count += deltas[i];
      counts[i] = count;
    }
    return counts;
  }

  /** Bucket k of a resolution covers (base^(k−1), base^k]; the coarse base is base^(2^steps). */
  private static Map<Long, Double> coarser(Map<Long, Double> fine, int steps) {
    TreeMap<Long, Double> all = new TreeMap<>();
    fine.forEach(
        (index, count) ->
            all.merge((long) Math.ceil(index / Math.pow(2, steps)), count, Double::sum));
    return all;
  }

  @Test
  void finerResolutionsAreReducedToEight() {
    long seed = Seeds.usual(1);
    Random random = new Random(seed);
    int reduced = 0;
    while (reduced < 300) {
      Histogram h = HistogramSamples.random(random);
      if (h.schema() == CUSTOM) {
        continue;
      }
      reduced++;
      int steps = 1 + random.nextInt(random.nextInt(44) + 1);
      Histogram fine =
          new Histogram(
              8 + steps,
              h.zeroThreshold(),
              h.floatCounts(),
              h.countBits(),
              h.zeroCountBits(),
              h.sum(),
              h.resetHint(),
              h.positiveSpans(),
              h.negativeSpans(),
              h.positiveDeltas(),
              h.negativeDeltas(),
              h.positiveCounts(),
              h.negativeCounts(),
              h.customValues());
      byte[] body =
          request(
                  message(
                      s ->
                          s.field(1, label("__name__", "h"))
                              .field(4, Proto.histogram(NOW, fine, true))))
              .snappy();
      IngestOutcome outcome = ingestor.write(body, 0, body.length, null, null, null);
      assertThat(outcome.status()).as(outcome.message()).isEqualTo(204);
      for (Histogram stored : head.of(H).histograms.values()) {
        assertThat(stored.schema()).isEqualTo(8);
        assertThat(stored.countBits()).isEqualTo(fine.countBits());
        for (boolean positive : new boolean[] {true, false}) {
          Map<Long, Double> before =
              buckets(
                  positive ? fine.positiveSpans() : fine.negativeSpans(), absolute(fine, positive));
          Map<Long, Double> after =
              buckets(
                  positive ? stored.positiveSpans() : stored.negativeSpans(),
                  absolute(stored, positive));
          assertThat(after).as("seed %d steps %d", seed, steps).isEqualTo(coarser(before, steps));
        }
      }
    }
  }
}
