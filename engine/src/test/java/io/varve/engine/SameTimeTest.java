package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.io.SimFileSystem;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Under policy {@code last} the newest time of a series has the value that was written last. */
final class SameTimeTest {
  private static final long TIME = 1_750_000_000_000L;

  private final SimFileSystem fs = new SimFileSystem(1);

  private Engine open() throws IOException {
    return open(1 << 20);
  }

  private Engine open(long checkpointLog) throws IOException {
    return Engine.open(
        EngineConfig.defaults(Path.of("/store"))
            .withFileSystem(fs)
            .withFsync(FsyncPolicy.ALWAYS)
            .withSizes(checkpointLog, 1 << 20)
            .withClock(() -> java.time.Instant.ofEpochMilli(TIME))
            .withBackgroundThreads(false));
  }

  private static void write(Engine engine, double... values) {
    WriteBatch batch = new WriteBatch();
    int row = batch.addSeries(Labels.of("__name__", "m"));
    for (double value : values) {
      batch.addSample(row, TIME, Double.doubleToRawLongBits(value), 0);
    }
    engine.append(batch, WriteMode.ALL_OR_NOTHING);
  }

  private static double value(Engine engine) {
    try (Snapshot snapshot = engine.snapshot()) {
      SeriesSet found =
          snapshot.select(
              "",
              List.of(new Matcher(Matcher.Type.EQ, "__name__", "m")),
              TimeRange.ALL,
              QueryBudget.UNLIMITED);
      SampleColumns rows = new SampleColumns();
      try (SeriesReader reader = found.reader()) {
        reader.read(0, TimeRange.ALL, rows);
      }
      assertThat(rows.size).isEqualTo(1);
      return rows.values[0];
    }
  }

  @Test
  void comesBackToAnEarlierValue() throws IOException {
    try (Engine engine = open()) {
      write(engine, 1);
      write(engine, 2);
      assertThat(value(engine)).isEqualTo(2);
      write(engine, 1);
      assertThat(value(engine)).isEqualTo(1);
      write(engine, 2);
      write(engine, 3);
      assertThat(value(engine)).isEqualTo(3);
      engine.flush();
      assertThat(value(engine)).isEqualTo(3);
      write(engine, 1);
      assertThat(value(engine)).isEqualTo(1);
    }
  }

  @Test
  void comesBackToItInOneBatch() throws IOException {
    try (Engine engine = open()) {
      write(engine, 1, 2, 1);
      assertThat(value(engine)).isEqualTo(1);
      write(engine, 5, 1);
      assertThat(value(engine)).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void comesBackToItAfterARestart(boolean saved) throws IOException {
    try (Engine engine = open(saved ? 1 : 1 << 20)) {
      write(engine, 1);
      write(engine, 2);
      if (saved) {
        engine.runBackgroundWork();
        assertThat(engine.stats().checkpoints()).isPositive();
      }
    }
    try (Engine engine = open()) {
      assertThat(value(engine)).isEqualTo(2);
      write(engine, 1);
      assertThat(value(engine)).isEqualTo(1);
    }
    try (Engine engine = open()) {
      assertThat(value(engine)).isEqualTo(1);
    }
  }

  @Test
  void theSameAgainIsNotStored() throws IOException {
    try (Engine engine = open()) {
      write(engine, 1);
      long before = engine.stats().duplicates();
      write(engine, 1);
      assertThat(engine.stats().duplicates()).isEqualTo(before + 1);
    }
  }
}
