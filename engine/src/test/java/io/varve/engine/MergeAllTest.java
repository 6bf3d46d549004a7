package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A merge is carried out where it would change files, and only there. */
final class MergeAllTest {
  private static final long DAY = 86_400_000;
  private static final long NOW = 1_700_000_000_000L / DAY * DAY + DAY / 2;
  private static final List<Matcher> ALL = List.of(new Matcher(Matcher.Type.RE, "__name__", "m.*"));

  @TempDir Path dir;

  private Engine open() throws Exception {
    return Engine.open(
        EngineConfig.defaults(dir)
            .withFsync(FsyncPolicy.OS)
            .withClock(() -> Instant.ofEpochMilli(NOW))
            .withBackgroundThreads(false));
  }

  @Test
  void theFilesOfAnOnlyFlushAreFinalAsTheyAre() throws Exception {
    try (Engine engine = open()) {
      write(engine, NOW - 2 * DAY, 30);
      List<String> before = content(engine);
      engine.mergeAll();
      assertThat(engine.stats().flushes()).isEqualTo(1);
      assertThat(engine.stats().merges()).isZero();
      assertThat(engine.windows()).extracting(WindowStats::merged).containsExactly(true);
      assertThat(content(engine)).isEqualTo(before).hasSize(30 * 30);
      // The policy leaves the window alone, too, although it ended long ago.
      write(engine, NOW, 1);
      engine.flush();
      engine.runBackgroundWork();
      assertThat(engine.stats().merges()).isZero();
    }
  }

  @Test
  void aSecondFlushIsMerged() throws Exception {
    try (Engine engine = open()) {
      write(engine, NOW - 2 * DAY, 30);
      engine.flush();
      write(engine, NOW - 2 * DAY + 1000, 30);
      engine.flush();
      assertThat(engine.windows()).extracting(WindowStats::merged).containsExactly(false);
      List<String> before = content(engine);
      engine.mergeAll();
      assertThat(engine.stats().merges()).isEqualTo(1);
      assertThat(engine.windows()).extracting(WindowStats::merged).containsExactly(true);
      assertThat(engine.windows().getFirst().blocks()).isEqualTo(30);
      assertThat(content(engine)).isEqualTo(before).hasSize(2 * 30 * 30);
    }
  }

  @Test
  void lateSamplesAndDeletesAreMergedIntoAnOnlyFlush() throws Exception {
    try (Engine engine = open()) {
      write(engine, NOW - 2 * DAY + 1000, 30);
      engine.flush();
      write(engine, NOW - 2 * DAY, 30);
      engine.mergeAll();
      assertThat(engine.stats().merges()).isEqualTo(1);
      assertThat(engine.windows().getFirst().blocks()).isEqualTo(30);
      engine.delete("", List.of(Matcher.equal("__name__", "m7")), TimeRange.ALL);
      engine.mergeAll();
      assertThat(engine.stats().merges()).isEqualTo(2);
      assertThat(engine.windows().getFirst().series()).isEqualTo(29);
      assertThat(content(engine)).hasSize(2 * 29 * 30);
    }
  }

  private static void write(Engine engine, long from, int samples) {
    WriteBatch batch = new WriteBatch();
    for (int s = 0; s < 30; s++) {
      int row = batch.addSeries(Labels.of("__name__", "m" + s, "job", "merge"));
      for (int i = 0; i < samples; i++) {
        batch.addSample(row, from + i, Double.doubleToRawLongBits(s + i / 7.0), 0);
      }
    }
    engine.append(batch, WriteMode.ALL_OR_NOTHING);
  }

  /** A line per sample. */
  private static List<String> content(Engine engine) {
    List<String> lines = new ArrayList<>();
    try (Snapshot snapshot = engine.snapshot()) {
      SeriesSet found = snapshot.select("", ALL, TimeRange.ALL, QueryBudget.UNLIMITED);
      SampleColumns rows = new SampleColumns();
      try (SeriesReader reader = found.reader()) {
        for (int i = 0; i < found.size(); i++) {
          rows.clear();
          reader.read(i, TimeRange.ALL, rows);
          for (int row = 0; row < rows.size; row++) {
            lines.add(found.labels(i) + " " + rows.times[row] + " " + rows.values[row]);
          }
        }
      }
    }
    lines.sort(null);
    return lines;
  }
}
