package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.engine.io.SimFileSystem;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.Metadata;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Backups open as stores of their own, and deleted samples leave the disk. */
final class BackupTest {
  private static final long DAY = 86_400_000;
  private static final long NOW = 1_700_000_000_000L / DAY * DAY + DAY / 2;
  private static final int SERIES = 20;
  private static final List<Matcher> ALL = List.of(new Matcher(Matcher.Type.RE, "__name__", "m.*"));

  @TempDir Path dir;

  private EngineConfig config(Path folder) {
    return EngineConfig.defaults(folder)
        .withFsync(FsyncPolicy.OS)
        .withClock(() -> Instant.ofEpochMilli(NOW))
        .withBackgroundThreads(false);
  }

  @Test
  void aBackupHoldsFilesOpenSamplesDeletesAndMetadata() throws Exception {
    Path backup = dir.resolve("backups").resolve("one");
    Map<String, String> then;
    try (Engine engine = Engine.open(config(dir.resolve("data")))) {
      write(engine, NOW - 3 * DAY, 300);
      engine.flush();
      write(engine, NOW - DAY, 300);
      engine.delete("", List.of(Matcher.equal("__name__", "m3")), TimeRange.ALL);
      write(engine, NOW, 50); // stays open
      write(engine, NOW - 2 * DAY, 10); // late, stays open
      then = content(engine);
      engine.backUp(backup);
      assertThatThrownBy(() -> engine.backUp(backup))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("exists already");
      // What comes later is not in it, and what is replaced here is still there.
      write(engine, NOW + 100_000, 5);
      engine.delete("", ALL, TimeRange.ALL);
      engine.mergeAll();
      assertThat(content(engine)).isEmpty();
    }
    List<String> problems = new ArrayList<>();
    new DataFolder(backup).verify(line -> {}, problems::add);
    assertThat(problems).isEmpty();
    try (Engine restored = Engine.open(config(backup))) {
      assertThat(restored.stats().damage()).isEmpty();
      assertThat(content(restored)).isEqualTo(then);
      try (Snapshot snapshot = restored.snapshot()) {
        assertThat(snapshot.metadata("")).containsKey("m1");
      }
      write(restored, NOW + 200_000, 5);
      restored.mergeAll();
    }
    try (Engine again = Engine.open(config(backup))) {
      assertThat(content(again)).hasSize(SERIES);
    }
  }

  @Test
  void aBackupIsOneMomentOfAStoreThatIsWrittenTo() throws Exception {
    AtomicBoolean stop = new AtomicBoolean();
    try (Engine engine = Engine.open(config(dir.resolve("data")).withBackgroundThreads(true))) {
      Thread writer =
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (int i = 0; !stop.get(); i++) {
                      write(engine, NOW + i * 1_000L, 1);
                      if (i % 200 == 199) {
                        engine.flush();
                      }
                    }
                  });
      for (int i = 0; i < 5; i++) {
        Thread.sleep(100);
        Path backup = dir.resolve("b" + i);
        engine.backUp(backup);
        try (Engine restored = Engine.open(config(backup))) {
          // A batch writes one sample to every series: all of them are there, or none.
          Map<String, String> content = content(restored);
          assertThat(content).hasSize(SERIES);
          assertThat(content.values().stream().map(v -> v.lines().count()).distinct()).hasSize(1);
        }
      }
      stop.set(true);
      writer.join();
    }
  }

  @Test
  void aBackupThatFailsLeavesNothing() throws Exception {
    SimFileSystem fs = new SimFileSystem(1);
    Path data = Path.of("/data");
    Path backup = Path.of("/backup");
    try (Engine engine = Engine.open(config(data).withFileSystem(fs))) {
      write(engine, NOW, 300);
      engine.flush();
      write(engine, NOW + 1_000_000, 300); // in the log, which is copied
      fs.setFreeBytes(5_000);
      assertThatThrownBy(() -> engine.backUp(backup)).isInstanceOf(IOException.class);
      assertThat(fs.list(backup)).isEmpty();
    }
  }

  @Test
  void cleanedTombstonesLeaveNothingOfWhatWasDeleted() throws Exception {
    try (Engine engine = Engine.open(config(dir))) {
      write(engine, NOW - DAY, 100);
      engine.flush();
      write(engine, NOW, 100);
      engine.flush();
      engine.delete(
          "",
          List.of(Matcher.equal("__name__", "m7")),
          TimeRange.closed(NOW - 2 * DAY, NOW - DAY + 99));
      while (engine.stats().waitingJobs() > 0) {
        engine.runOneWaitingJob();
      }
      assertThat(engine.windows()).extracting(WindowStats::deletes).containsExactly(true, false);
      long before = engine.windows().getFirst().samples();
      engine.cleanTombstones();
      assertThat(engine.windows()).extracting(WindowStats::deletes).containsExactly(false, false);
      assertThat(engine.windows().getFirst().samples()).isEqualTo(before - 100);
      assertThat(engine.windows().getFirst().merged()).isTrue();
      assertThat(engine.windows().getFirst().series()).isEqualTo(SERIES - 1);
      assertThat(content(engine)).hasSize(SERIES);
      long merges = engine.stats().merges();
      engine.cleanTombstones();
      assertThat(engine.stats().merges()).isEqualTo(merges);
    }
    try (Stream<Path> files = Files.walk(dir)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .noneMatch(name -> name.startsWith("tomb-"));
    }
  }

  private static void write(Engine engine, long from, int samples) {
    WriteBatch batch = new WriteBatch();
    for (int s = 0; s < SERIES; s++) {
      int row = batch.addSeries(Labels.of("__name__", "m" + s, "job", "backup"));
      for (int i = 0; i < samples; i++) {
        batch.addSample(row, from + i, Double.doubleToRawLongBits(s + i / 7.0), 0);
      }
    }
    batch.addMetadata("m1", new Metadata("gauge", "", "of the test"));
    engine.append(batch, WriteMode.ALL_OR_NOTHING);
  }

  /** The samples of every series, a line each. */
  private static Map<String, String> content(Engine engine) {
    Map<String, String> content = new TreeMap<>();
    try (Snapshot snapshot = engine.snapshot()) {
      SeriesSet found = snapshot.select("", ALL, TimeRange.ALL, QueryBudget.UNLIMITED);
      SampleColumns rows = new SampleColumns();
      try (SeriesReader reader = found.reader()) {
        for (int i = 0; i < found.size(); i++) {
          rows.clear();
          reader.read(i, TimeRange.ALL, rows);
          List<String> lines = new ArrayList<>();
          for (int row = 0; row < rows.size; row++) {
            lines.add(rows.times[row] + " " + rows.values[row]);
          }
          if (!lines.isEmpty()) {
            content.put(found.labels(i).toString(), String.join("\n", lines));
          }
        }
      }
    }
    return content;
  }
}
