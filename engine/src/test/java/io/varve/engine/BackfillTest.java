package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A year of one sample a minute comes in for series that exist and go on receiving live samples: an
 * ordinary write, and what is written for it is bounded.
 */
final class BackfillTest {
  private static final int SERIES = 12;
  private static final long DAY = 86_400_000;
  private static final long NOW = 1_700_000_000_000L / DAY * DAY + DAY / 2;
  private static final int MINUTES = 365 * 1440;

  @TempDir Path dir;
  private long now = NOW;

  private static Labels labels(int series) {
    return Labels.of("__name__", "requests_total", "job", "api", "instance", "host" + series);
  }

  private static final class Counters {
    private final Random random = new Random(Seeds.usual(7));
    private final double[] values = new double[SERIES];

    double next(int series) {
      values[series] += random.nextInt(60);
      return values[series];
    }
  }

  @Test
  void aYearComesInBesideLiveSamples() throws Exception {
    EngineConfig config =
        EngineConfig.defaults(dir)
            .withLimits(10_000, 256 << 20, 16 << 20)
            .withFsync(FsyncPolicy.OS)
            .withClock(() -> Instant.ofEpochMilli(now))
            .withBackgroundThreads(false);
    Counters old = new Counters();
    long live = 0;
    try (Engine engine = Engine.open(config)) {
      live += appendLive(engine);
      long time = NOW - 366 * DAY;
      for (int minute = 0; minute < MINUTES; ) {
        WriteBatch batch = new WriteBatch();
        int[] rows = new int[SERIES];
        for (int s = 0; s < SERIES; s++) {
          rows[s] = batch.addSeries(labels(s));
        }
        for (int k = 0; k < 400 && minute < MINUTES; k++, minute++) {
          time += 60_000;
          for (int s = 0; s < SERIES; s++) {
            batch.addSample(rows[s], time, Double.doubleToRawLongBits(old.next(s)), 0);
          }
        }
        engine.append(batch, WriteMode.ALL_OR_NOTHING);
        live += appendLive(engine);
        engine.runBackgroundWork();
      }
      engine.flush();
      while (engine.runBackgroundWork()) {
        now += 60_000; // whatever is due by now is part of the cost
      }
      EngineStats stats = engine.stats();
      long size = stats.chunkBytes() + stats.indexBytes();
      System.out.printf(
          "BackfillTest: %d samples, %.3f B/sample in files, written %.2f x the final size, %d"
              + " flushes, %d merges, %d files%n",
          stats.chunkSamples(),
          (double) size / stats.chunkSamples(),
          (double) stats.bytesWritten() / size,
          stats.flushes(),
          stats.merges(),
          stats.chunkFiles());
      assertThat(stats.chunkSamples()).isEqualTo((long) SERIES * MINUTES + live);
      assertThat(stats.bytesWritten()).isLessThanOrEqualTo(4 * size);
      check(engine);
    }
  }

  private long appendLive(Engine engine) {
    now += 15_000;
    WriteBatch batch = new WriteBatch();
    for (int s = 0; s < SERIES; s++) {
      batch.add(labels(s), now, s);
    }
    assertThat(engine.append(batch, WriteMode.ALL_OR_NOTHING).complete()).isTrue();
    return SERIES;
  }

  private void check(Engine engine) {
    Counters old = new Counters();
    double[][] expected = new double[SERIES][MINUTES];
    for (int minute = 0; minute < MINUTES; minute++) {
      for (int s = 0; s < SERIES; s++) {
        expected[s][minute] = old.next(s);
      }
    }
    TimeRange year = new TimeRange(Long.MIN_VALUE, NOW);
    try (Snapshot snapshot = engine.snapshot()) {
      SeriesSet set =
          snapshot.select("", List.of(Matcher.equal("job", "api")), year, QueryBudget.UNLIMITED);
      assertThat(set.size()).isEqualTo(SERIES);
      SampleColumns rows = new SampleColumns();
      try (SeriesReader reader = set.reader()) {
        for (int i = 0; i < SERIES; i++) {
          int s = Integer.parseInt(set.labels(i).get("instance").substring(4));
          reader.read(i, year, rows);
          assertThat(rows.size).isEqualTo(MINUTES);
          for (int minute = 0; minute < MINUTES; minute++) {
            if (rows.values[minute] != expected[s][minute]) {
              assertThat(rows.values[minute])
                  .as("minute %d", minute)
                  .isEqualTo(expected[s][minute]);
            }
          }
        }
      }
    }
  }
}
