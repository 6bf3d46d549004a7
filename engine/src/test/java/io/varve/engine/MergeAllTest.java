package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.io.FileSystem;
import io.varve.engine.io.PowerCutException;
import io.varve.engine.io.RealFileSystem;
import io.varve.engine.io.SimFileSystem;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A merge is carried out where it would change files, and only there. */
final class MergeAllTest {
  private static final long DAY = 86_400_000;
  private static final long NOW = 1_700_000_000_000L / DAY * DAY + DAY / 2;
  private static final List<Matcher> ALL = List.of(new Matcher(Matcher.Type.RE, "__name__", "m.*"));

  @TempDir Path dir;

  private Engine open() throws Exception {
    return Engine.open(config().withFsync(FsyncPolicy.OS));
  }

  private Engine open(FileSystem fs) throws Exception {
    return Engine.open(config().withFileSystem(fs).withFsync(FsyncPolicy.ALWAYS));
  }

  private EngineConfig config() {
    return EngineConfig.defaults(dir)
        .withClock(() -> Instant.ofEpochMilli(NOW))
        .withUndo(0, 0)
        .withBackgroundThreads(false);
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

  @Test
  void leavesNoLogBehindAndGoesOnAtTheRightPlace() throws Exception {
    List<String> before;
    long position;
    try (Engine engine = open()) {
      write(engine, NOW - 2 * DAY, 300);
      assertThat(engine.stats().logBytes()).isGreaterThan(10_000);
      before = content(engine);
      engine.mergeAll();
      assertThat(engine.stats().merges()).isZero();
      assertThat(engine.stats().logBytes()).isLessThan(100);
      position = engine.stats().logPosition();
    }
    assertThat(problems(RealFileSystem.INSTANCE)).isEmpty();
    for (int life = 0; life < 3; life++) {
      try (Engine engine = open()) {
        assertThat(engine.stats().damage()).isEmpty();
        assertThat(content(engine)).isEqualTo(before);
        assertThat(engine.stats().logPosition()).isEqualTo(position);
        write(engine, NOW - DAY + life * 1_000L, 300);
        position = engine.stats().logPosition();
        before = content(engine);
        if (life == 1) {
          engine.mergeAll();
          assertThat(engine.stats().merges()).isZero();
          assertThat(engine.stats().logBytes()).isLessThan(100);
          write(engine, NOW - DAY + 500, 300);
          engine.mergeAll();
          assertThat(engine.stats().merges()).isEqualTo(1);
          assertThat(engine.stats().logBytes()).as("a merge's record").isLessThan(200);
          position = engine.stats().logPosition();
          before = content(engine);
        }
      }
    }
  }

  /** With one flush, whose files are final, and with two, which are merged. */
  @ParameterizedTest
  @CsvSource({"1, true", "1, false", "2, true", "2, false"})
  void losesNothingWhereverItIsStopped(int flushes, boolean powerCut) throws Exception {
    SimFileSystem whole = new SimFileSystem(1);
    List<String> before = new ArrayList<>();
    long steps = mergeUpTo(whole, flushes, Long.MAX_VALUE, before);
    assertThat(steps).isGreaterThan(20);
    assertThat(before).hasSize(flushes * 30 * 20);
    for (long step = 1; step <= steps; step++) {
      SimFileSystem fs = new SimFileSystem(step);
      mergeUpTo(fs, flushes, step, new ArrayList<>());
      assertThat(fs.isDead()).as("step %d", step).isTrue();
      SimFileSystem after = powerCut ? fs.restart() : fs.kill();
      try (Engine engine = open(after)) {
        assertThat(engine.stats().damage()).as("step %d", step).isEmpty();
        assertThat(content(engine)).as("step %d", step).isEqualTo(before);
        write(engine, NOW, 1);
      }
      assertThat(problems(after)).as("step %d", step).isEmpty();
      try (Engine engine = open(after.restart())) {
        assertThat(engine.stats().damage()).as("step %d", step).isEmpty();
        assertThat(content(engine)).as("step %d", step).hasSize(before.size() + 30);
        engine.mergeAll();
        assertThat(engine.stats().logBytes()).as("step %d", step).isLessThan(200);
      }
    }
  }

  /** Stops at a step of a merge, counted in changes of the disk; returns how many there were. */
  private long mergeUpTo(SimFileSystem fs, int flushes, long step, List<String> before)
      throws Exception {
    Engine engine = open(fs);
    for (int i = 0; i < flushes; i++) {
      engine.flush();
      write(engine, NOW - 2 * DAY + i * 1_000L, 20);
    }
    before.addAll(content(engine));
    long begin = fs.operations();
    fs.cutPowerAt(step == Long.MAX_VALUE ? step : begin + step);
    try {
      engine.mergeAll();
    } catch (PowerCutException | StorageStoppedException e) {
      return step;
    }
    long steps = fs.operations() - begin;
    engine.close();
    return steps;
  }

  private List<String> problems(FileSystem fs) throws Exception {
    List<String> problems = new ArrayList<>();
    new DataFolder(fs, dir).verify(line -> {}, problems::add);
    return problems;
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
