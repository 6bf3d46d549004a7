package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.io.FileSystem;
import io.varve.engine.io.SimFileSystem;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

/** When the head is saved between flushes, and that a start from it finds everything. */
final class SavedHeadTest {
  private static final long NOW = 1_700_000_000_000L;
  private static final int SERIES = 500;

  private static Engine open(FileSystem fs) throws Exception {
    return Engine.open(
        EngineConfig.defaults(Path.of("/store"))
            .withFileSystem(fs)
            .withFsync(FsyncPolicy.ALWAYS)
            .withClock(() -> Instant.ofEpochMilli(NOW))
            .withBackgroundThreads(false));
  }

  /** Some series are constant, some count, some come with gaps. */
  private static void write(Engine engine, int from, int to) {
    WriteBatch batch = new WriteBatch();
    for (int s = 0; s < SERIES; s++) {
      int row = batch.addSeries(Labels.of("__name__", "m", "s", Integer.toString(s)));
      for (int i = from; i < to; i++) {
        if (s % 7 != 3 || i % 11 != 5) {
          batch.addSample(row, NOW + i * 100L, Double.doubleToRawLongBits(value(s, i)), 0);
        }
      }
    }
    engine.append(batch, WriteMode.ALL_OR_NOTHING);
    engine.runBackgroundWork();
  }

  private static double value(int s, int i) {
    return s % 3 == 0 ? s : s % 3 == 1 ? s + i : i % 97 / 100.0;
  }

  @Test
  void isSavedBeforeManySamplesHaveToBeReplayed() throws Exception {
    SimFileSystem fs = new SimFileSystem(1);
    int step = 250;
    int steps = 0;
    try (Engine engine = open(fs)) {
      while (engine.stats().checkpoints() < 2) {
        write(engine, steps * step, ++steps * step);
        assertThat(steps).isLessThan(60);
        assertThat(engine.stats().flushes()).isZero();
      }
      assertThat(engine.stats().logBytes()).as("all is saved").isLessThan(100);
      write(engine, steps * step, ++steps * step);
    }
    try (Engine engine = open(fs.restart())) {
      assertThat(engine.stats().recovery()).contains(" 1 records ");
      assertThat(engine.stats().damage()).isEmpty();
      check(engine, steps * step);
      // What was restored goes on: in memory, and in files.
      write(engine, steps * step, ++steps * step);
      check(engine, steps * step);
      engine.flush();
      check(engine, steps * step);
    }
  }

  private static void check(Engine engine, int end) throws Exception {
    try (Snapshot snapshot = engine.snapshot()) {
      SeriesSet found =
          snapshot.select(
              "", List.of(Matcher.equal("__name__", "m")), TimeRange.ALL, QueryBudget.UNLIMITED);
      assertThat(found.size()).isEqualTo(SERIES);
      SampleColumns rows = new SampleColumns();
      try (SeriesReader reader = found.reader()) {
        for (int n = 0; n < found.size(); n++) {
          int s = Integer.parseInt(found.labels(n).get("s"));
          rows.clear();
          reader.read(n, TimeRange.ALL, rows);
          int row = 0;
          for (int i = 0; i < end; i++) {
            if (s % 7 != 3 || i % 11 != 5) {
              if (rows.times[row] != NOW + i * 100L || rows.values[row] != value(s, i)) {
                assertThat(rows.times[row]).as("series %d", s).isEqualTo(NOW + i * 100L);
                assertThat(rows.values[row]).as("series %d", s).isEqualTo(value(s, i));
              }
              row++;
            }
          }
          assertThat(rows.size).as("series %d", s).isEqualTo(row);
        }
      }
    }
  }
}
