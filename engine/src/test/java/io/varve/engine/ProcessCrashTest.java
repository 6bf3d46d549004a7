package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.model.Labels;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A real process that ingests under {@code fsync = always} with its background threads at work is
 * killed at random moments; whatever it had acknowledged is there afterwards, and nothing else but
 * the batch that was under way.
 */
final class ProcessCrashTest {
  private static final int KILLS = 20;
  private static final int SERIES = 50;
  private static final long ORIGIN = 1_700_000_000_000L;
  private static final long STEP = 5_000;

  @TempDir Path dir;

  /** The process that is killed: appends batch after batch, says which it has acknowledged. */
  public static final class Victim {
    private Victim() {}

    /** Arguments: the data folder, the number of the first batch. */
    public static void main(String[] arguments) throws IOException {
      try (Engine engine = Engine.open(config(Path.of(arguments[0])))) {
        for (long n = Long.parseLong(arguments[1]); n < Long.MAX_VALUE; n++) {
          WriteBatch batch = new WriteBatch();
          for (int s = 0; s < SERIES; s++) {
            batch.add(labels(s), ORIGIN + n * STEP, value(s, n));
          }
          engine.append(batch, WriteMode.ALL_OR_NOTHING);
          System.out.println("acknowledged " + n);
        }
      }
    }
  }

  private static EngineConfig config(Path folder) {
    return EngineConfig.defaults(folder)
        .withWindow(3_600_000, 300_000)
        .withSizes(40_000, 1 << 20)
        .withFsync(FsyncPolicy.ALWAYS);
  }

  private static Labels labels(int series) {
    return Labels.of("__name__", "m", "s", "x" + series);
  }

  private static double value(int series, long n) {
    return series % 2 == 0 ? series : new Random(n * 1000 + series).nextInt(10_000) / 8.0;
  }

  @Test
  void acknowledgedBatchesSurviveKills() throws Exception {
    long seed = Seeds.usual(1);
    Random random = new Random(seed);
    long next = 0;
    for (int kill = 0; kill < KILLS; kill++) {
      long acknowledged = runAndKill(next, 20 + random.nextInt(400));
      long found = check(acknowledged);
      assertThat(found).isIn(acknowledged, acknowledged + 1);
      next = found + 1;
    }
    System.out.println("ProcessCrashTest: " + KILLS + " kills, " + next + " batches");
    assertThat(next).isGreaterThan(KILLS);
  }

  private long runAndKill(long first, long killAfterMillis) throws Exception {
    long[] acknowledged = {first - 1};
    KilledProcess.run(
        Victim.class,
        killAfterMillis,
        line -> {
          if (line.matches("acknowledged \\d+")) {
            acknowledged[0] = Long.parseLong(line.substring("acknowledged ".length()));
          }
        },
        dir.resolve("data").toString(),
        Long.toString(first));
    return acknowledged[0];
  }

  /** The newest batch that is there; all before it must be, too, as they were written. */
  private long check(long acknowledged) throws IOException {
    EngineConfig config = config(dir.resolve("data")).withBackgroundThreads(false);
    try (Engine engine = Engine.open(config);
        Snapshot snapshot = engine.snapshot()) {
      assertThat(engine.stats().damage()).isEmpty();
      SeriesSet set = snapshot.select("", List.of(), TimeRange.ALL, QueryBudget.UNLIMITED);
      assertThat(set.size()).isEqualTo(SERIES);
      long newest = -1;
      SampleColumns rows = new SampleColumns();
      try (SeriesReader reader = set.reader()) {
        for (int i = 0; i < SERIES; i++) {
          int s = Integer.parseInt(set.labels(i).get("s").substring(1));
          reader.read(i, TimeRange.ALL, rows);
          assertThat(rows.size).isGreaterThan((int) acknowledged);
          for (int n = 0; n < rows.size; n++) {
            if (rows.times[n] != ORIGIN + n * STEP || rows.values[n] != value(s, n)) {
              assertThat(rows.times[n]).as("series %d, row %d", s, n).isEqualTo(ORIGIN + n * STEP);
              assertThat(rows.values[n]).isEqualTo(value(s, n));
            }
          }
          assertThat(newest).as("a batch is there as a whole").isIn(-1L, rows.size - 1L);
          newest = rows.size - 1;
        }
      }
      return newest;
    }
  }
}
