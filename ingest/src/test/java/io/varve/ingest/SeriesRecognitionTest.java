package io.varve.ingest;

import static io.varve.ingest.Proto.label;
import static io.varve.ingest.Proto.message;
import static io.varve.ingest.Proto.request;
import static io.varve.ingest.Proto.sample;
import static io.varve.ingest.Proto.series;
import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.model.Labels;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Series are recognised however their sender spells them, and known ones by the cheap way. */
final class SeriesRecognitionTest {
  private static final long NOW = 1_790_000_000_000L;

  private final FakeHead head = new FakeHead();
  private final Ingestor ingestor =
      new Ingestor(
          head, head, IngestLimits.DEFAULT, InstantSource.fixed(Instant.ofEpochMilli(NOW)));

  private IngestOutcome write(Proto message, @Nullable String tenant) {
    byte[] body = message.snappy();
    return ingestor.write(body, 0, body.length, null, null, tenant);
  }

  private void stored(Proto message) {
    IngestOutcome outcome = write(message, null);
    assertThat(outcome.status()).as(outcome.message()).isEqualTo(204);
  }

  private static Labels metric(int i) {
    return Labels.of("__name__", "metric_" + i, "instance", "a:9100", "job", "node");
  }

  private static Proto scrape(int from, int to, long time) {
    Proto[] all = new Proto[to - from];
    for (int i = from; i < to; i++) {
      all[i - from] = series(metric(i), time, i);
    }
    return request(all);
  }

  @Test
  void aScrapeThatRepeatsItsOrderIsGuessed() {
    stored(scrape(0, 100, NOW));
    assertThat(ingestor.counters().seriesUnknown()).isEqualTo(100);
    stored(scrape(0, 100, NOW + 1));
    // The first series of a request has no predecessor; the others are the id after the last.
    assertThat(ingestor.counters().seriesHashed()).isEqualTo(1);
    assertThat(ingestor.counters().seriesGuessed()).isEqualTo(99);
    stored(scrape(40, 100, NOW + 2));
    assertThat(ingestor.counters().seriesGuessed()).isEqualTo(99 + 59);
    assertThat(ingestor.counters().seriesRewritten()).isZero();
  }

  @Test
  void anOrderThatIsNotThatOfTheIdsIsLearnt() {
    stored(scrape(0, 50, NOW));
    Proto[] backwards = new Proto[50];
    for (int i = 0; i < 50; i++) {
      backwards[i] = series(metric(49 - i), NOW + 1, i);
    }
    stored(request(backwards));
    long guessed = ingestor.counters().seriesGuessed();
    stored(request(backwards));
    assertThat(ingestor.counters().seriesGuessed() - guessed).isEqualTo(49);
  }

  @Test
  void aSeriesThatContinuesBehindThePredictedLabelsIsAnotherOne() {
    Labels shorter = Labels.of("__name__", "m", "a", "1");
    Labels longer = Labels.of("__name__", "m", "a", "1", "b", "2");
    Labels first = Labels.of("__name__", "first");
    stored(request(series(first, NOW, 1), series(shorter, NOW, 1)));
    stored(request(series(first, NOW + 1, 1), series(shorter, NOW + 1, 1)));
    stored(request(series(first, NOW + 2, 1), series(longer, NOW + 2, 5)));
    assertThat(head.of(shorter).samples).hasSize(2);
    assertThat(head.of(longer).samples).containsOnlyKeys(NOW + 2);
  }

  @Test
  void aLabelAfterTheSampleBelongsToTheSeries() {
    Labels shorter = Labels.of("__name__", "m", "a", "1");
    Labels first = Labels.of("__name__", "first");
    stored(request(series(first, NOW, 1), series(shorter, NOW, 1)));
    stored(request(series(first, NOW + 1, 1), series(shorter, NOW + 1, 1)));
    Proto late =
        message(
            m ->
                m.field(1, label("__name__", "m"))
                    .field(1, label("a", "1"))
                    .field(2, sample(NOW + 2, 1))
                    .field(1, label("b", "2")));
    stored(request(series(first, NOW + 2, 1), late));
    assertThat(head.of(shorter).samples).hasSize(2);
    assertThat(head.of(Labels.of("__name__", "m", "a", "1", "b", "2")).samples)
        .containsOnlyKeys(NOW + 2);
  }

  /** One series in every spelling that protobuf allows. */
  private static Map<String, Proto> spellings(long time) {
    long one = Double.doubleToRawLongBits(1);
    Proto s = sample(time, one);
    Map<String, Proto> all = new LinkedHashMap<>();
    all.put("canonical", series(Labels.of("__name__", "m", "a", "1"), time, 1));
    all.put(
        "unsorted",
        message(m -> m.field(1, label("a", "1")).field(1, label("__name__", "m")).field(2, s)));
    all.put(
        "labels after the sample",
        message(m -> m.field(2, s).field(1, label("__name__", "m")).field(1, label("a", "1"))));
    all.put(
        "labels around the sample",
        message(m -> m.field(1, label("__name__", "m")).field(2, s).field(1, label("a", "1"))));
    all.put(
        "empty value",
        message(
            m ->
                m.field(1, label("__name__", "m"))
                    .field(1, label("a", "1"))
                    .field(1, label("b", ""))
                    .field(2, s)));
    all.put(
        "empty label message",
        message(
            m ->
                m.field(1, message(l -> {}))
                    .field(1, label("__name__", "m"))
                    .field(1, label("a", "1"))
                    .field(2, s)));
    all.put(
        "value before name",
        message(
            m ->
                m.field(1, message(l -> l.string(2, "m").string(1, "__name__")))
                    .field(1, label("a", "1"))
                    .field(2, s)));
    all.put(
        "name twice, the last one counts",
        message(
            m ->
                m.field(1, message(l -> l.string(1, "x").string(1, "__name__").string(2, "m")))
                    .field(1, label("a", "1"))
                    .field(2, s)));
    all.put(
        "unknown field in a label",
        message(
            m ->
                m.field(1, message(l -> l.string(1, "__name__").string(2, "m").varint(9, 1)))
                    .field(1, label("a", "1"))
                    .field(2, s)));
    all.put(
        "padded length inside a label",
        message(
            m ->
                m.field(1, label("__name__", "m"))
                    .raw((byte) 0x0A, (byte) 7)
                    .raw((byte) 0x0A, (byte) 0x81, (byte) 0, (byte) 'a')
                    .raw((byte) 0x12, (byte) 1, (byte) '1')
                    .field(2, s)));
    all.put(
        "padded length of a label",
        message(
            m ->
                m.field(1, label("__name__", "m"))
                    .raw((byte) 0x0A, (byte) 0x86, (byte) 0x80, (byte) 0)
                    .raw((byte) 0x0A, (byte) 1, (byte) 'a')
                    .raw((byte) 0x12, (byte) 1, (byte) '1')
                    .field(2, s)));
    all.put(
        "padded tag of a label",
        message(
            m ->
                m.field(1, label("__name__", "m"))
                    .raw((byte) 0x8A, (byte) 0, (byte) 6)
                    .raw((byte) 0x0A, (byte) 1, (byte) 'a')
                    .raw((byte) 0x12, (byte) 1, (byte) '1')
                    .field(2, s)));
    all.put(
        "unknown fields of every wire type and a group",
        message(
            m ->
                m.varint(7, 1)
                    .field(1, label("__name__", "m"))
                    .bits(8, 2)
                    .group(9)
                    .field(1, label("a", "1"))
                    .fixed32(10, 3)
                    .field(2, s)
                    .string(11, "x")));
    all.put(
        "time before value",
        message(
            m ->
                m.field(1, label("__name__", "m"))
                    .field(1, label("a", "1"))
                    .field(2, message(x -> x.varint(2, time).bits(1, one)))));
    return all;
  }

  @Test
  void everySpellingIsTheSameSeries() {
    Labels labels = Labels.of("__name__", "m", "a", "1");
    for (boolean knownBefore : new boolean[] {true, false}) {
      for (String name : spellings(0).keySet()) {
        FakeHead fresh = new FakeHead();
        Ingestor door =
            new Ingestor(
                fresh, fresh, IngestLimits.DEFAULT, InstantSource.fixed(Instant.ofEpochMilli(NOW)));
        if (knownBefore) {
          byte[] body = request(series(labels, NOW - 10, 1)).snappy();
          door.write(body, 0, body.length, null, null, null);
        }
        for (int round = 0; round < 4; round++) {
          byte[] body =
              request(java.util.Objects.requireNonNull(spellings(NOW + round).get(name))).snappy();
          IngestOutcome outcome = door.write(body, 0, body.length, null, null, null);
          assertThat(outcome.status()).as(name + ": " + outcome.message()).isEqualTo(204);
          if (knownBefore || round > 0) {
            assertThat(fresh.lastIds).as(name).containsExactly(fresh.id("", labels));
          }
        }
        assertThat(fresh.series).as(name).hasSize(1);
        assertThat(fresh.of(labels).samples)
            .as(name)
            .containsKeys(NOW, NOW + 1, NOW + 2, NOW + 3)
            .containsEntry(NOW, Double.doubleToRawLongBits(1));
      }
    }
  }

  private static Proto unsorted(int i, long time) {
    return message(
        m ->
            m.field(1, label("job", "node"))
                .field(1, label("instance", "a:9100"))
                .field(1, label("__name__", "metric_" + i))
                .field(2, sample(time, i)));
  }

  private static Proto unsortedScrape(int count, long time) {
    Proto[] all = new Proto[count];
    for (int i = 0; i < count; i++) {
      all[i] = unsorted(i, time);
    }
    return request(all);
  }

  @Test
  void aSpellingIsRewrittenOnceAndThenKnown() {
    stored(unsortedScrape(1_000, NOW));
    assertThat(ingestor.counters().seriesUnknown()).isEqualTo(1_000);
    stored(unsortedScrape(1_000, NOW + 1)); // now ids are known, and spellings are remembered
    assertThat(ingestor.counters().seriesRewritten()).isEqualTo(2_000);
    stored(unsortedScrape(1_000, NOW + 2));
    assertThat(ingestor.counters().seriesRewritten()).isEqualTo(2_000);
    assertThat(ingestor.counters().seriesAliased()).isEqualTo(1_000);
    assertThat(head.of(metric(999)).samples).hasSize(3);
    assertThat(ingestor.aliasBytes()).isBetween(1_000L * 150, 1_000L * 400);
  }

  @Test
  void spellingsAreForgottenWithTheirGeneration() {
    stored(unsortedScrape(10, NOW));
    stored(unsortedScrape(10, NOW + 1));
    head.renumber();
    stored(unsortedScrape(10, NOW + 2));
    assertThat(ingestor.counters().seriesAliased()).isZero();
    stored(unsortedScrape(10, NOW + 3));
    assertThat(ingestor.counters().seriesAliased()).isEqualTo(10);
    for (int i = 0; i < 10; i++) {
      assertThat(head.of(metric(i)).samples).hasSize(4);
    }
  }

  @Test
  void theMemoryOfSpellingsIsBounded() {
    IngestLimits d = IngestLimits.DEFAULT;
    IngestLimits tight =
        new IngestLimits(
            d.compressedBytes(),
            d.decodedBytes(),
            d.entriesPerRequest(),
            d.inFlightBytes(),
            d.future(),
            10_000,
            d.predictedSeries(),
            d.labels());
    Ingestor door = new Ingestor(head, head, tight, InstantSource.fixed(Instant.ofEpochMilli(NOW)));
    for (int round = 0; round < 4; round++) {
      byte[] body = unsortedScrape(200, NOW + round).snappy();
      assertThat(door.write(body, 0, body.length, null, null, null).status()).isEqualTo(204);
    }
    assertThat(door.aliasBytes()).isBetween(5_000L, 10_000L);
    assertThat(door.counters().seriesAliased()).isPositive();
    assertThat(head.of(metric(199)).samples).hasSize(4);
  }

  @Test
  void tenantsDoNotShareSeries() {
    Proto body = scrape(0, 5, NOW);
    for (int round = 0; round < 2; round++) {
      assertThat(write(body, null).status()).isEqualTo(204);
      assertThat(write(body, "a").status()).isEqualTo(204);
      assertThat(write(unsortedScrape(5, NOW), "b").status()).isEqualTo(204);
      assertThat(write(unsortedScrape(5, NOW), "c").status()).isEqualTo(204);
    }
    assertThat(head.series).hasSize(20);
    assertThat(head.series.keySet()).contains(new FakeHead.Key("c", metric(4)));
  }

  @Test
  void aHeadThatRenumbersBetweenDecodingAndAppendIsAskedAgain() {
    stored(scrape(0, 20, NOW));
    head.renumberBeforeAppends(3);
    stored(
        request(series(metric(3), NOW + 1, 1), unsorted(4, NOW + 1), series(metric(77), NOW, 1)));
    assertThat(ingestor.counters().resolvedAgainRequests()).isEqualTo(3);
    assertThat(head.of(metric(3)).samples).hasSize(2);
    assertThat(head.of(metric(4)).samples).hasSize(2);
    assertThat(head.of(metric(77)).samples).hasSize(1);
  }

  @Test
  void aHeadThatRenumbersForEverIsA503() {
    head.renumberBeforeAppends(Integer.MAX_VALUE);
    IngestOutcome outcome = write(scrape(0, 2, NOW), null);
    assertThat(outcome.status()).isEqualTo(503);
    assertThat(outcome.retryAfterSeconds()).isPositive();
    assertThat(head.series).isEmpty();
  }
}
