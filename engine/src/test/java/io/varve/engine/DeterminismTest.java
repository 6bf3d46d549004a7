package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import io.varve.engine.policy.RetentionPolicy;
import io.varve.engine.policy.RetentionRule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Files are a function of the log: one log, carried out by three engines with other clocks, with
 * and without background threads, in one go and with restarts in between, makes the same bytes.
 */
final class DeterminismTest {
  private static final long WINDOW = 3_600_000;
  private static final long ORIGIN = 1_700_000_000_000L / WINDOW * WINDOW;

  @TempDir Path dir;

  @Test
  void oneLogMakesTheSameFilesEverywhere() throws Exception {
    long seed = Seeds.usual(1);
    Path original = dir.resolve("original");
    writeLog(config(original, ORIGIN, false), new Random(seed));
    Path quiet = copy(original, "quiet");
    Path threads = copy(original, "threads");
    Path restarted = copy(original, "restarted");

    try (Engine engine = Engine.open(config(quiet, ORIGIN + 1, false))) {
      assertThat(engine.stats().waitingJobs()).isPositive();
      while (engine.stats().waitingJobs() > 0) {
        engine.runBackgroundWork();
      }
    }
    try (Engine engine = Engine.open(config(threads, ORIGIN - 400L * 86_400_000, true))) {
      while (engine.stats().waitingJobs() > 0) {
        Thread.sleep(20);
      }
    }
    boolean done = false;
    while (!done) {
      try (Engine engine = Engine.open(config(restarted, 0, false))) {
        engine.runOneWaitingJob();
        done = engine.stats().waitingJobs() == 0;
      }
    }

    Map<String, byte[]> expected = files(quiet);
    assertThat(expected).hasSizeGreaterThan(6);
    assertThat(expected.keySet()).anyMatch(name -> name.contains("-L0.tch"));
    assertThat(expected.keySet()).anyMatch(name -> name.contains("-L0-late"));
    assertThat(expected.keySet()).anyMatch(name -> name.contains("-L1-m"));
    assertThat(expected.keySet()).anyMatch(name -> name.contains("-L1-500d"));
    assertThat(expected.keySet()).anyMatch(name -> name.contains("-L0-corr"));
    assertThat(expected.keySet()).anyMatch(name -> name.contains("-L1-late-m"));
    assertThat(expected.keySet()).anyMatch(name -> name.startsWith("deletes/"));
    assertThat(expected.keySet()).anyMatch(name -> name.contains("tomb-"));
    for (Path other : List.of(threads, restarted)) {
      Map<String, byte[]> found = files(other);
      assertThat(found.keySet()).isEqualTo(expected.keySet());
      expected.forEach((name, bytes) -> assertThat(found.get(name)).as(name).isEqualTo(bytes));
    }
  }

  /** Keeps m2 longer than all else, and of m3 nothing but the future. */
  private static final RetentionPolicy POLICY =
      new RetentionPolicy(
          400L * 86_400_000,
          List.of(
              new RetentionRule(
                  null,
                  List.of(Matcher.equal("__name__", "m2")),
                  RetentionRule.ANY,
                  500L * 86_400_000),
              new RetentionRule(
                  null, List.of(Matcher.equal("__name__", "m3")), RetentionRule.ANY, 1)));

  private static EngineConfig config(Path folder, long now, boolean threads) {
    return EngineConfig.defaults(folder)
        .withWindow(WINDOW, Long.MAX_VALUE / 4) // no flush by itself
        .withSizes(1L << 40, 1000) // no checkpoint: the whole log is replayed
        // No clock is late enough for a decision of its own: the log stays what it is.
        .withClock(() -> Instant.ofEpochMilli(now))
        .withFsync(FsyncPolicy.OS)
        .withRetention(POLICY)
        .withBackgroundThreads(threads);
  }

  /** Appends and decides, but carries nothing out: all is in the log. */
  private static void writeLog(EngineConfig config, Random random) throws IOException {
    try (Engine engine = Engine.open(config.withRetention(RetentionPolicy.KEEP_ALL))) {
      long now = ORIGIN;
      long undone = -1;
      for (int step = 0; step < 60; step++) {
        WriteBatch batch = new WriteBatch();
        for (int i = 0; i < 200; i++) {
          int row =
              batch.addSeries(
                  Labels.of("__name__", "m" + random.nextInt(5), "i", "x" + random.nextInt(40)));
          long time = random.nextInt(10) == 0 ? now - random.nextInt(8_000_000) : now + i;
          batch.addSample(row, time, Double.doubleToRawLongBits(random.nextInt(100) / 10.0), 0);
        }
        engine.append(batch, WriteMode.ALL_OR_NOTHING);
        now += 200_000;
        if (step % 15 == 14) {
          engine.decideFlush();
        }
        if (step == 40) {
          engine.decideMerge(ORIGIN);
        }
        if (step == 45) {
          engine.setRetention(POLICY);
        }
        if (step == 50) {
          engine.delete(
              "", List.of(Matcher.equal("__name__", "m1")), new TimeRange(ORIGIN, now - 1000));
        }
        if (step == 30 || step == 38 || step == 54) {
          WriteBatch correction = new WriteBatch();
          for (int i = 0; i < 50; i++) {
            Labels labels =
                Labels.of("__name__", "m" + random.nextInt(5), "i", "x" + random.nextInt(40));
            correction.add(labels, now - random.nextInt(8_000_000), -i);
          }
          engine.correct(correction);
        }
        if (step == 33) {
          undone =
              engine.delete(
                  "", List.of(Matcher.equal("i", "x7")), new TimeRange(ORIGIN, now - 5000));
          engine.delete("", List.of(Matcher.equal("i", "x8")), new TimeRange(ORIGIN, now - 5000));
        }
        if (step == 52) {
          engine.undelete(undone);
        }
      }
      engine.decideFlush();
      engine.decideMerge(ORIGIN + WINDOW);
    }
  }

  private Path copy(Path from, String name) throws IOException {
    Path to = dir.resolve(name);
    try (Stream<Path> all = Files.walk(from)) {
      for (Path path : all.toList()) {
        Path target = to.resolve(from.relativize(path).toString());
        if (Files.isDirectory(path)) {
          Files.createDirectories(target);
        } else {
          Files.copy(path, target);
        }
      }
    }
    return to;
  }

  private static Map<String, byte[]> files(Path folder) throws IOException {
    Map<String, byte[]> found = new TreeMap<>();
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.filter(Files::isRegularFile).toList()) {
        String name = folder.relativize(path).toString();
        if (name.startsWith("w=") || name.startsWith("checkpoint") || name.startsWith("deletes")) {
          found.put(name, Files.readAllBytes(path));
        }
      }
    }
    return found;
  }
}
