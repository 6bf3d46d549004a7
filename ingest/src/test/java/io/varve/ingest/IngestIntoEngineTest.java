package io.varve.ingest;

import static io.varve.ingest.Proto.label;
import static io.varve.ingest.Proto.message;
import static io.varve.ingest.Proto.request;
import static io.varve.ingest.Proto.sample;
import static io.varve.ingest.Proto.series;
import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.DuplicatePolicy;
import io.varve.engine.Engine;
import io.varve.engine.EngineConfig;
import io.varve.engine.QueryBudget;
import io.varve.engine.SeriesReader;
import io.varve.engine.SeriesSet;
import io.varve.engine.Snapshot;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.StaleMarker;
import io.varve.engine.model.TimeRange;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bodies go through the ingestor into a real engine and come back out of a snapshot. */
final class IngestIntoEngineTest {
  private static final long NOW = 1_790_000_000_000L;
  private static final InstantSource CLOCK = InstantSource.fixed(Instant.ofEpochMilli(NOW));

  @TempDir Path dir;

  private static EngineConfig config(Path dir) {
    return EngineConfig.defaults(dir).withClock(CLOCK).withBackgroundThreads(false);
  }

  private static Ingestor ingestor(Engine engine) {
    return new Ingestor(engine.seriesLookup(), engine::append, IngestLimits.DEFAULT, CLOCK);
  }

  private static IngestOutcome write(Ingestor ingestor, String tenant, Proto message) {
    byte[] body = message.snappy();
    return ingestor.write(body, 0, body.length, null, null, tenant);
  }

  private static Proto unsorted(int i, long time, long bits) {
    return message(
        m ->
            m.field(1, label("job", "x"))
                .field(1, label("__name__", "m" + i))
                .field(2, sample(time, bits)));
  }

  /** Raw bits by time of the only series of a name. */
  private static Map<Long, Long> read(Engine engine, String tenant, String metric) {
    TreeMap<Long, Long> all = new TreeMap<>();
    try (Snapshot snapshot = engine.snapshot()) {
      SeriesSet found =
          snapshot.select(
              tenant,
              List.of(Matcher.equal(Labels.METRIC_NAME, metric)),
              TimeRange.ALL,
              QueryBudget.UNLIMITED);
      assertThat(found.size()).as("series of %s", metric).isEqualTo(1);
      assertThat(found.labels(0)).isEqualTo(Labels.of("__name__", metric, "job", "x"));
      try (SeriesReader reader = found.reader()) {
        SampleColumns columns = new SampleColumns();
        reader.read(0, TimeRange.ALL, columns);
        for (int i = 0; i < columns.size; i++) {
          all.put(columns.times[i], Double.doubleToRawLongBits(columns.values[i]));
        }
      }
    }
    return all;
  }

  @Test
  void samplesComeBackAcrossFlushesThatRenumberTheHead() throws IOException {
    try (Engine engine = Engine.open(config(dir))) {
      Ingestor ingestor = ingestor(engine);
      int rounds = 6;
      for (int round = 0; round < rounds; round++) {
        long time = NOW - 100_000 + round * 1_000L;
        Proto[] all = new Proto[40];
        for (int i = 0; i < all.length; i++) {
          long bits = i == 7 ? StaleMarker.BITS : Double.doubleToRawLongBits(i + round);
          all[i] =
              i % 2 == 0
                  ? unsorted(i, time, bits)
                  : series(Labels.of("__name__", "m" + i, "job", "x")).field(2, sample(time, bits));
        }
        IngestOutcome outcome = write(ingestor, round % 2 == 0 ? "" : "team", request(all));
        assertThat(outcome.status()).as(outcome.message()).isEqualTo(204);
        assertThat(outcome.samples()).isEqualTo(40);
        if (round == 3) {
          engine.flush();
        }
      }
      for (int i = 0; i < 40; i++) {
        for (int t = 0; t < 2; t++) {
          TreeMap<Long, Long> expected = new TreeMap<>();
          for (int round = t; round < rounds; round += 2) {
            expected.put(
                NOW - 100_000 + round * 1_000L,
                i == 7 ? StaleMarker.BITS : Double.doubleToRawLongBits(i + round));
          }
          assertThat(read(engine, t == 0 ? "" : "team", "m" + i)).isEqualTo(expected);
        }
      }
      assertThat(ingestor.counters().seriesAliased()).isPositive();
      assertThat(ingestor.counters().seriesGuessed()).isPositive();
    }
  }

  @Test
  void theRejectPolicyAnswersAsPrometheusDoes() throws IOException {
    EngineConfig reject = config(dir).withDuplicates(DuplicatePolicy.REJECT, 0);
    try (Engine engine = Engine.open(reject)) {
      Ingestor ingestor = ingestor(engine);
      Labels a = Labels.of("__name__", "a", "job", "x");
      Labels b = Labels.of("__name__", "b", "job", "x");
      assertThat(write(ingestor, "", request(series(a, NOW, 1))).status()).isEqualTo(204);
      assertThat(write(ingestor, "", request(series(a, NOW, 1))).status())
          .as("the same sample again is a no-op")
          .isEqualTo(204);
      IngestOutcome other = write(ingestor, "", request(series(b, NOW, 1), series(a, NOW, 2)));
      assertThat(other.status()).isEqualTo(400);
      assertThat(other.message())
          .contains("duplicate sample for timestamp")
          .endsWith("stored 0 of 2 samples");
      IngestOutcome older = write(ingestor, "", request(series(b, NOW, 1), series(a, NOW - 1, 2)));
      assertThat(older.status()).isEqualTo(400);
      assertThat(older.message()).contains("out of order sample");
      assertThat(read(engine, "", "a")).containsOnlyKeys(NOW);
      // The whole request is rolled back: b never came to be.
      assertThat(write(ingestor, "", request(series(b, NOW - 5, 1))).status()).isEqualTo(204);
    }
  }

  @Test
  void theDefaultPolicyTakesLateAndConflictingSamples() throws IOException {
    try (Engine engine = Engine.open(config(dir))) {
      Ingestor ingestor = ingestor(engine);
      Labels a = Labels.of("__name__", "a", "job", "x");
      assertThat(write(ingestor, "", request(series(a, NOW, 1))).status()).isEqualTo(204);
      assertThat(write(ingestor, "", request(series(a, NOW - 90_000_000, 2))).status())
          .isEqualTo(204);
      assertThat(write(ingestor, "", request(series(a, NOW, 3))).status()).isEqualTo(204);
      assertThat(read(engine, "", "a"))
          .containsExactly(
              Map.entry(NOW - 90_000_000, Double.doubleToRawLongBits(2)),
              Map.entry(NOW, Double.doubleToRawLongBits(3)));
    }
  }
}
