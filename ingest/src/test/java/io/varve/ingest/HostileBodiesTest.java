package io.varve.ingest;

import static io.varve.ingest.Proto.label;
import static io.varve.ingest.Proto.message;
import static io.varve.ingest.Proto.request;
import static io.varve.ingest.Proto.sample;
import static io.varve.ingest.Proto.series;
import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.Seeds;
import io.varve.engine.model.Labels;
import io.varve.ingest.intake.LabelLimits;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.xerial.snappy.Snappy;

/** Bodies that nobody would send by mistake: they end in a 4xx, quickly, and store no nonsense. */
final class HostileBodiesTest {
  private static final long NOW = 1_790_000_000_000L;

  private final FakeHead head = new FakeHead();
  private final Ingestor ingestor =
      new Ingestor(
          head, head, IngestLimits.DEFAULT, InstantSource.fixed(Instant.ofEpochMilli(NOW)));

  private IngestOutcome write(byte[] message) throws IOException {
    byte[] body = Snappy.compress(message);
    return ingestor.write(body, 0, body.length, null, null, null);
  }

  /** A request with everything in it. */
  private static byte[] rich() {
    Random random = new Random(Seeds.usual(1));
    return message(
            m ->
                m.field(1, series(Labels.of("__name__", "a", "x", "y"), NOW, 1))
                    .field(
                        1,
                        series(Labels.of("__name__", "b"), NOW, 0)
                            .field(
                                3,
                                message(e -> e.field(1, label("t", "1")).bits(2, 3).varint(3, NOW)))
                            .field(4, Proto.histogram(NOW, HistogramSamples.random(random), true))
                            .field(
                                4,
                                Proto.histogram(NOW + 1, HistogramSamples.random(random), false)))
                    .field(
                        1,
                        message(
                            s ->
                                s.field(2, sample(NOW, 5))
                                    .group(12)
                                    .field(1, label("__name__", "c"))
                                    .field(1, label("a", "b".repeat(200)))))
                    .field(3, message(d -> d.varint(1, 2).string(2, "a").string(4, "help"))))
        .toByteArray();
  }

  @Test
  void theRichRequestIsFine() throws IOException {
    IngestOutcome outcome = write(rich());
    assertThat(outcome.status()).as(outcome.message()).isEqualTo(204);
    assertThat(outcome.samples()).isEqualTo(3);
    assertThat(outcome.histograms()).isEqualTo(2);
    assertThat(outcome.exemplars()).isEqualTo(1);
  }

  @Test
  void aMessageCutAnywhereIsA400OrAWholeShorterMessage() throws IOException {
    byte[] rich = rich();
    int whole = 0;
    for (int n = 0; n < rich.length; n++) {
      int status = write(Arrays.copyOf(rich, n)).status();
      assertThat(status).as("cut at %d", n).isIn(204, 400);
      whole += status == 204 ? 1 : 0;
    }
    assertThat(whole).isEqualTo(4); // between the fields of the request
  }

  @Test
  void flippedBitsNeverEndInAnythingButAnAnswer() throws IOException {
    byte[] rich = rich();
    for (int i = 0; i < rich.length; i++) {
      for (int bit = 0; bit < 8; bit++) {
        byte[] bad = rich.clone();
        bad[i] ^= (byte) (1 << bit);
        assertThat(write(bad).status()).as("byte %d bit %d", i, bit).isIn(204, 400, 413);
      }
    }
  }

  @Test
  void flippedBitsInTheCompressedBodyNeverEndInAnythingButAnAnswer() throws IOException {
    byte[] body = Snappy.compress(rich());
    for (int i = 0; i < body.length; i++) {
      for (int bit = 0; bit < 8; bit++) {
        byte[] bad = body.clone();
        bad[i] ^= (byte) (1 << bit);
        int status = ingestor.write(bad, 0, bad.length, null, null, null).status();
        assertThat(status).as("byte %d bit %d", i, bit).isIn(204, 400, 413);
      }
    }
    for (int n = 0; n < body.length; n++) {
      assertThat(ingestor.write(body, 0, n, null, null, null).status()).isEqualTo(400);
    }
  }

  @Test
  void randomBytesNeverEndInAnythingButAnAnswer() throws IOException {
    long seed = Seeds.usual(1);
    Random random = new Random(seed);
    for (int i = 0; i < 8_000; i++) {
      byte[] bytes = new byte[random.nextInt(120)];
      random.nextBytes(bytes);
      if (random.nextBoolean()) {
        for (int k = 0; k < bytes.length; k++) {
          bytes[k] &= 0x1F; // small tags and lengths get further
        }
      }
      assertThat(write(bytes).status()).as("seed %d round %d", seed, i).isIn(204, 400, 413);
      int status = ingestor.write(bytes, 0, bytes.length, null, null, null).status();
      assertThat(status).as("seed %d round %d, raw", seed, i).isIn(204, 400, 413);
    }
  }

  @Test
  void mixturesOfGoodFieldsNeverEndInAnythingButAnAnswer() throws IOException {
    byte[] rich = rich();
    long seed = Seeds.usual(1);
    Random random = new Random(seed);
    for (int i = 0; i < 8_000; i++) {
      byte[] bad = rich.clone();
      for (int k = random.nextInt(4); k >= 0; k--) {
        int from = random.nextInt(bad.length);
        int to = random.nextInt(bad.length);
        int n = Math.min(random.nextInt(24), bad.length - Math.max(from, to));
        System.arraycopy(rich, from, bad, to, n);
      }
      assertThat(write(bad).status()).as("seed %d round %d", seed, i).isIn(204, 400, 413);
    }
  }

  @Test
  void lengthsBeyondTheBodyAre400() throws IOException {
    byte[] huge = {(byte) 0xFF, (byte) 0xFF, (byte) 0xFF, (byte) 0xFF, 0x07};
    byte[] negative = {
      (byte) 0xFF,
      (byte) 0xFF,
      (byte) 0xFF,
      (byte) 0xFF,
      (byte) 0xFF,
      (byte) 0xFF,
      (byte) 0xFF,
      (byte) 0xFF,
      (byte) 0xFF,
      0x01
    };
    for (byte[] length : new byte[][] {huge, negative, {127}, {2}}) {
      assertThat(write(message(m -> m.raw((byte) 0x0A).raw(length)).toByteArray()).status())
          .isEqualTo(400);
      assertThat(
              write(
                      message(
                              m ->
                                  m.field(
                                      1,
                                      message(
                                          s -> s.raw((byte) 0x0A).raw(length).raw((byte) 0x0A))))
                          .toByteArray())
                  .status())
          .isEqualTo(400);
      assertThat(
              write(
                      message(
                              m ->
                                  m.field(
                                      1,
                                      message(
                                          s ->
                                              s.field(1, label("__name__", "m"))
                                                  .raw((byte) 0x12)
                                                  .raw(length))))
                          .toByteArray())
                  .status())
          .isEqualTo(400);
      assertThat(
              write(
                      message(
                              m ->
                                  m.field(
                                      1,
                                      message(
                                          s ->
                                              s.field(1, label("__name__", "m"))
                                                  .field(
                                                      4,
                                                      message(
                                                          h -> h.raw((byte) 0x62).raw(length))))))
                          .toByteArray())
                  .status())
          .isEqualTo(400);
    }
    assertThat(head.series).isEmpty();
  }

  @Test
  void wrongWireTypesOfKnownFieldsAre400() throws IOException {
    Proto named = message(s -> s.field(1, label("__name__", "m")));
    Proto[] bad = {
      message(m -> m.varint(1, 1)),
      message(m -> m.bits(3, 1)),
      message(m -> m.field(1, message(s -> s.varint(1, 1)))),
      message(m -> m.field(1, message(s -> s.raw(named.toByteArray()).varint(2, 1)))),
      message(m -> m.field(1, message(s -> s.raw(named.toByteArray()).bits(3, 1)))),
      message(m -> m.field(1, message(s -> s.raw(named.toByteArray()).fixed32(4, 1)))),
      message(m -> m.field(1, message(s -> s.field(1, message(l -> l.varint(1, 1)))))),
      message(m -> m.field(1, message(s -> s.field(1, message(l -> l.bits(2, 1)))))),
      message(
          m ->
              m.field(
                  1,
                  message(s -> s.raw(named.toByteArray()).field(2, message(x -> x.varint(1, 1)))))),
      message(
          m ->
              m.field(
                  1,
                  message(s -> s.raw(named.toByteArray()).field(2, message(x -> x.bits(2, 1)))))),
      message(
          m ->
              m.field(
                  1,
                  message(
                      s -> s.raw(named.toByteArray()).field(4, message(h -> h.string(15, "x")))))),
      message(m -> m.field(3, message(d -> d.string(1, "x")))),
      message(m -> m.field(3, message(d -> d.varint(2, 1))))
    };
    for (int i = 0; i < bad.length; i++) {
      IngestOutcome outcome = write(bad[i].toByteArray());
      assertThat(outcome.status()).as("case %d", i).isEqualTo(400);
      assertThat(outcome.message())
          .as("case %d", i)
          .startsWith("prometheus.WriteRequest at byte ")
          .contains("wire type");
    }
  }

  @Test
  void deepNestingOfGroupsNeedsNoStack() throws IOException {
    byte[] open = new byte[1 << 20];
    Arrays.fill(open, (byte) (15 << 3 | 3));
    assertThat(write(open).status()).isEqualTo(400);
    byte[] closed = new byte[1 << 20];
    Arrays.fill(closed, 0, closed.length / 2, (byte) (15 << 3 | 3));
    Arrays.fill(closed, closed.length / 2, closed.length, (byte) (15 << 3 | 4));
    assertThat(write(closed).status()).isEqualTo(204);
    assertThat(write(new byte[] {(byte) (15 << 3 | 4)}).status()).isEqualTo(400);
  }

  @Test
  void aBombOfEmptySamplesIsA413() throws IOException {
    Proto samples =
        message(
            s -> {
              s.field(1, label("__name__", "m"));
              byte[] two = {0x12, 0};
              for (int i = 0; i < 4_000_000; i++) {
                s.raw(two);
              }
            });
    byte[] body = request(samples).snappy();
    assertThat(body.length).isLessThan(1 << 20);
    IngestOutcome outcome = ingestor.write(body, 0, body.length, null, null, null);
    assertThat(outcome.status()).isEqualTo(413);
    assertThat(outcome.message()).contains("500000");
    assertThat(head.series).isEmpty();
    assertThat(ingestor.inFlightBytes()).isZero();
  }

  @Test
  void aBombOfRefusedSeriesIsA413() throws IOException {
    Proto bad = message(s -> s.field(2, sample(NOW, 1)));
    Proto bomb =
        message(
            m -> {
              for (int i = 0; i < 600_000; i++) {
                m.field(1, bad);
              }
            });
    byte[] body = bomb.snappy();
    assertThat(ingestor.write(body, 0, body.length, null, null, null).status()).isEqualTo(413);
  }

  @Test
  void bombsOfMetadataAndExemplarsAreBounded() throws IOException {
    Proto tiny = message(d -> d.string(2, "a"));
    Proto metadata =
        message(
            m -> {
              for (int i = 0; i < 100_000; i++) {
                m.field(3, tiny);
              }
            });
    assertThat(write(metadata.toByteArray()).status()).isEqualTo(204);
    Proto exemplars =
        message(
            s -> {
              s.field(1, label("__name__", "m")).field(2, sample(NOW, 1));
              byte[] empty = {0x1A, 0};
              for (int i = 0; i < 600_000; i++) {
                s.raw(empty);
              }
            });
    assertThat(write(request(exemplars).toByteArray()).status()).isEqualTo(413);
  }

  @Test
  void aSetOfManyLabelsIsRefusedWithoutSortingForEver() throws IOException {
    Proto many =
        message(
            s -> {
              for (int i = 200_000; i > 0; i--) {
                s.field(1, label("l" + i, "v"));
              }
              s.field(2, sample(NOW, 1));
            });
    byte[] encoded = request(many).toByteArray();
    long start = System.nanoTime();
    IngestOutcome outcome = write(encoded);
    assertThat(outcome.status()).isEqualTo(400);
    assertThat(outcome.message()).contains("number of labels: 200000, limit: 128");
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
  }

  @Test
  void anAnswerStaysShortWhateverTheLabelsAre() throws IOException {
    Proto[] bad = new Proto[100];
    for (int i = 0; i < bad.length; i++) {
      String[] labels = new String[200];
      for (int l = 0; l < 100; l++) {
        labels[2 * l] = "l" + l + "x".repeat(500);
        labels[2 * l + 1] = "v".repeat(500);
      }
      bad[i] = series(Labels.of(labels), NOW, 1);
    }
    IngestOutcome outcome = write(request(bad).toByteArray());
    assertThat(outcome.status()).isEqualTo(400);
    assertThat(outcome.message().length()).isLessThan(100_000);
  }

  @Test
  void limitsOfLabelSetsHold() throws IOException {
    IngestLimits d = IngestLimits.DEFAULT;
    IngestLimits tight =
        new IngestLimits(
            d.compressedBytes(),
            d.decodedBytes(),
            d.entriesPerRequest(),
            d.inFlightBytes(),
            d.future(),
            d.aliasBytes(),
            d.predictedSeries(),
            new LabelLimits(10, 100, 100, 200, 128));
    Ingestor door = new Ingestor(head, head, tight, InstantSource.fixed(Instant.ofEpochMilli(NOW)));
    Labels fits = Labels.of("__name__", "m", "a", "v".repeat(90), "b", "w".repeat(70));
    Labels over = Labels.of("__name__", "m", "a", "v".repeat(90), "b", "w".repeat(90));
    byte[] good = request(series(fits, NOW, 1)).snappy();
    byte[] bad = request(series(over, NOW, 1)).snappy();
    assertThat(door.write(good, 0, good.length, null, null, null).status()).isEqualTo(204);
    IngestOutcome outcome = door.write(bad, 0, bad.length, null, null, null);
    assertThat(outcome.status()).isEqualTo(400);
    assertThat(outcome.message())
        .contains("label_set_length_limit exceeded (metric: m, length: 209, limit: 200)");
  }
}
