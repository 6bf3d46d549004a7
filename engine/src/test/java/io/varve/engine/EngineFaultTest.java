package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.engine.io.SimFileSystem;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Full disks, failed syncs, flipped bits and limits: what is refused, what is served, what is said.
 */
final class EngineFaultTest {
  private static final long WINDOW = 60_000;
  private static final long ORIGIN = 1_700_000_000_000L / WINDOW * WINDOW;
  private static final Path DIR = Path.of("/store");

  private static EngineConfig config(SimFileSystem fs) {
    return EngineConfig.defaults(DIR)
        .withFileSystem(fs)
        .withWindow(WINDOW, WINDOW / 2)
        .withSizes(4_000, 4_000)
        .withClock(() -> Instant.ofEpochMilli(ORIGIN))
        .withFsync(FsyncPolicy.ALWAYS)
        .withBackgroundThreads(false);
  }

  private static void append(Engine engine, long time) {
    WriteBatch batch = new WriteBatch();
    for (int i = 0; i < 10; i++) {
      batch.add(
          Labels.of("__name__", "m", "i", "x" + i), time, new Random(time + i).nextInt(1000) / 7.0);
    }
    engine.append(batch, WriteMode.ALL_OR_NOTHING);
  }

  /** Which series are listed for a part of the time that was written. */
  private static List<String> listed(Engine engine) {
    TimeRange range = TimeRange.closed(ORIGIN + 30_000, ORIGIN + 60_000);
    List<Matcher> all = List.of(Matcher.equal("__name__", "m"));
    try (Snapshot snapshot = engine.snapshot()) {
      return snapshot.labelValues("", "i", all, range, 0, QueryBudget.UNLIMITED);
    }
  }

  /** Samples that can be read; each must be the one that was written. */
  private static int count(Engine engine) {
    int samples = 0;
    try (Snapshot snapshot = engine.snapshot()) {
      SeriesSet set = snapshot.select("", List.of(), TimeRange.ALL, QueryBudget.UNLIMITED);
      SampleColumns rows = new SampleColumns();
      try (SeriesReader reader = set.reader()) {
        for (int i = 0; i < set.size(); i++) {
          reader.read(i, TimeRange.ALL, rows);
          int x = Integer.parseInt(set.labels(i).get("i").substring(1));
          for (int k = 0; k < rows.size; k++) {
            assertThat(rows.values[k]).isEqualTo(new Random(rows.times[k] + x).nextInt(1000) / 7.0);
          }
          samples += rows.size;
        }
      }
    }
    return samples;
  }

  @Test
  void aFullDiskStopsWritesAndTheyGoOnWhenThereIsRoom() throws IOException {
    SimFileSystem fs = new SimFileSystem(1);
    int acknowledged = 0;
    try (Engine engine = Engine.open(config(fs))) {
      for (int round = 0; round < 30; round++) {
        fs.setFreeBytes(200L + 450L * round);
        try {
          while (true) {
            append(engine, ORIGIN + acknowledged);
            acknowledged += 1;
            if (acknowledged % 25 == 0) {
              engine.runBackgroundWork(); // may fail for lack of room, and is tried again
            }
          }
        } catch (StorageStoppedException | LimitExceededException e) {
          assertThat(e.getMessage()).contains("No space left on device");
        }
        assertThat(count(engine)).as("reads go on").isEqualTo(acknowledged * 10);
        assertThatThrownBy(() -> append(engine, ORIGIN + 500_000))
            .isInstanceOf(StorageStoppedException.class)
            .hasMessageContaining("by themselves");
        fs.setFreeBytes(Long.MAX_VALUE);
        engine.runBackgroundWork();
        append(engine, ORIGIN + acknowledged);
        acknowledged++;
        assertThat(count(engine)).isEqualTo(acknowledged * 10);
      }
      engine.flush();
      engine.mergeAll();
      assertThat(count(engine)).isEqualTo(acknowledged * 10);
    }
    try (Engine engine = Engine.open(config(fs))) {
      assertThat(engine.stats().damage()).isEmpty();
      assertThat(count(engine)).isEqualTo(acknowledged * 10);
    }
  }

  @Test
  void whatIsWrittenAfterARepairedWriteIsReplayedAsItWas() throws IOException {
    SimFileSystem fs = new SimFileSystem(6);
    Engine killed = Engine.open(config(fs)); // nobody closes it: its process is killed
    for (int i = 0; i < 40; i++) {
      long time = ORIGIN + i;
      if (i % 4 == 3) {
        fs.failNext(SimFileSystem.Operation.WRITE, 1);
        assertThatThrownBy(() -> append(killed, time)).isInstanceOf(StorageStoppedException.class);
        killed.runBackgroundWork();
      } else {
        append(killed, time);
      }
    }
    assertThat(count(killed)).isEqualTo(300);
    try (Engine engine = Engine.open(config(fs.kill()))) {
      assertThat(engine.stats().damage()).isEmpty();
      assertThat(count(engine)).isEqualTo(300);
    }
  }

  @Test
  void aFailedSyncStopsWritesUntilARestart() throws IOException {
    SimFileSystem fs = new SimFileSystem(2);
    try (Engine engine = Engine.open(config(fs))) {
      append(engine, ORIGIN);
      fs.failNext(SimFileSystem.Operation.SYNC, 1);
      assertThatThrownBy(() -> append(engine, ORIGIN + 1))
          .isInstanceOf(StorageStoppedException.class)
          .hasMessageContaining("restart the process");
      engine.runBackgroundWork();
      assertThatThrownBy(() -> append(engine, ORIGIN + 2))
          .as("never retried")
          .isInstanceOf(StorageStoppedException.class);
      assertThat(count(engine)).as("reads go on").isGreaterThanOrEqualTo(10);
      assertThat(engine.stats().stopped()).contains("fsync");
    } catch (IOException e) {
      assertThat(e).hasMessageContaining("fsync"); // close says that it could not sync
    }
    SimFileSystem after = fs.restart();
    try (Engine engine = Engine.open(config(after))) {
      assertThat(count(engine)).isIn(10, 20);
      append(engine, ORIGIN + 3);
    }
  }

  @Test
  void aFailedSyncInAFlushStopsWritesAndLosesNothing() throws IOException {
    SimFileSystem fs = new SimFileSystem(3);
    try (Engine engine = Engine.open(config(fs))) {
      for (int i = 0; i < 20; i++) {
        append(engine, ORIGIN + i);
      }
      engine.decideFlush();
      fs.failNext(SimFileSystem.Operation.SYNC, 1);
      engine.runOneWaitingJob();
      assertThatThrownBy(() -> append(engine, ORIGIN + 100))
          .isInstanceOf(StorageStoppedException.class);
      assertThat(count(engine)).isEqualTo(200);
      long operations = fs.operations();
      engine.runBackgroundWork();
      assertThat(fs.operations()).as("the flush is not tried again").isEqualTo(operations);
    } catch (IOException e) {
      assertThat(e).hasMessageContaining("fsync");
    }
    try (Engine engine = Engine.open(config(fs.restart()))) {
      assertThat(count(engine)).isEqualTo(200);
    }
  }

  @Test
  @Timeout(30)
  void aDeleteDoesNotWaitForFilesThatNobodyWillWrite() throws IOException {
    SimFileSystem fs = new SimFileSystem(8);
    try (Engine engine = Engine.open(config(fs).withBackgroundThreads(true))) {
      append(engine, ORIGIN);
      fs.beforeSync(
          () -> {
            if (settles()) {
              fs.failNext(SimFileSystem.Operation.SYNC, 1);
            }
          });
      engine.decideFlush();
      assertThatThrownBy(
              () ->
                  engine.delete(
                      "", List.of(Matcher.equal("i", "1")), new TimeRange(0, Long.MAX_VALUE)))
          .isInstanceOf(StorageStoppedException.class)
          .hasMessageContaining("fsync");
    } catch (IOException e) {
      assertThat(e).hasMessageContaining("fsync");
    }
  }

  @Test
  void noJobIsTriedAgainAfterAFailedSyncOfTheLog() throws IOException {
    SimFileSystem fs = new SimFileSystem(9);
    try (Engine engine = Engine.open(config(fs))) {
      append(engine, ORIGIN);
      engine.decideFlush();
      fs.failNext(SimFileSystem.Operation.SYNC, 1);
      assertThatThrownBy(() -> append(engine, ORIGIN + 1))
          .isInstanceOf(StorageStoppedException.class);
      for (int i = 0; i < 3; i++) {
        engine.runBackgroundWork();
      }
      assertThat(engine.stats().jobFailures()).isEqualTo(1);
    } catch (IOException e) {
      assertThat(e).hasMessageContaining("fsync");
    }
  }

  @Test
  void aFailedSyncOnAnotherThreadStopsWritesTheSameWay() throws Exception {
    SimFileSystem fs = new SimFileSystem(7);
    fs.setSyncsAtOnce(2);
    CompletableFuture<Thread> helper = new CompletableFuture<>();
    try (Engine engine = Engine.open(config(fs).withBackgroundThreads(true))) {
      for (int i = 0; i < 20; i++) {
        append(engine, ORIGIN + i);
      }
      fs.beforeSync(
          () -> {
            if (!settles()) {
              return;
            }
            if (engine.stats().stopped() != null) {
              fs.failNext(SimFileSystem.Operation.SYNC, 1); // what is tried again fails again
            } else if (Thread.currentThread().getName().startsWith("varve-sync-")) {
              fs.failNext(SimFileSystem.Operation.SYNC, 1);
              helper.complete(Thread.currentThread());
            } else {
              join(helper);
            }
          });
      assertThatThrownBy(engine::flush)
          .isInstanceOf(StorageStoppedException.class)
          .hasMessageContaining("fsync");
      assertThat(helper).isCompleted();
      assertThatThrownBy(() -> append(engine, ORIGIN + 100))
          .isInstanceOf(StorageStoppedException.class)
          .hasMessageContaining("restart the process");
      assertThat(engine.stats().stopped()).contains("fsync");
      assertThat(engine.stats().chunkFiles()).isZero();
      assertThat(fs.files()).noneMatch(file -> file.toString().matches(".*\\.(tch|tix)"));
      assertThat(count(engine)).as("reads go on").isEqualTo(200);
    } catch (IOException e) {
      assertThat(e).hasMessageContaining("fsync");
    }
    try (Engine engine = Engine.open(config(fs.restart()))) {
      assertThat(count(engine)).isEqualTo(200);
      engine.flush();
      assertThat(count(engine)).isEqualTo(200);
    }
  }

  private static boolean settles() {
    return StackWalker.getInstance()
        .walk(frames -> frames.anyMatch(f -> f.getClassName().endsWith(".StagedFiles")));
  }

  private static void join(CompletableFuture<Thread> thread) {
    try {
      assertThat(thread.get(10, TimeUnit.SECONDS).join(Duration.ofSeconds(10))).isTrue();
    } catch (InterruptedException | ExecutionException | TimeoutException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void limitsAnswerWithAMessageAndStoreNothing() throws IOException {
    SimFileSystem fs = new SimFileSystem(4);
    try (Engine engine = Engine.open(config(fs).withLimits(12, 64 << 20, 1 << 20))) {
      append(engine, ORIGIN);
      WriteBatch batch = new WriteBatch();
      for (int i = 0; i < 5; i++) {
        batch.add(Labels.of("__name__", "n", "i", "x" + i), ORIGIN, 1);
      }
      assertThatThrownBy(() -> engine.append(batch, WriteMode.ALL_OR_NOTHING))
          .isInstanceOf(LimitExceededException.class)
          .hasMessageContaining("12")
          .hasMessageContaining("max_active_series");
      assertThat(engine.stats().activeSeries()).isEqualTo(10);
      append(engine, ORIGIN + 1);
      assertThat(count(engine)).isEqualTo(20);
    }
    SimFileSystem other = new SimFileSystem(5);
    try (Engine engine = Engine.open(config(other).withLimits(1000, 400_000, 1 << 20))) {
      assertThatThrownBy(
              () -> {
                for (int i = 0; i < 100_000; i++) {
                  append(engine, ORIGIN + i);
                }
              })
          .isInstanceOf(LimitExceededException.class)
          .hasMessageContaining("max_head_bytes");
    }
  }

  @Test
  void flippedBitsAreFoundNamedAndTheRestIsServed() throws IOException {
    long seed = Seeds.usual(1);
    Random random = new Random(seed);
    int told = 0;
    int rounds = 150;
    java.util.Map<String, Integer> kinds = new java.util.TreeMap<>();
    for (int round = 0; round < rounds; round++) {
      SimFileSystem fs = new SimFileSystem(seed + round);
      int written = 0;
      try (Engine engine = Engine.open(config(fs))) {
        for (int i = 0; i < 40; i++) {
          append(engine, ORIGIN + i * 3000L);
          written += 10;
          if (i == 12 || i == 24) {
            engine.flush();
          }
          if (i == 20) {
            engine.mergeAll();
          }
        }
        engine.runBackgroundWork();
        for (int i = 40; i < 44; i++) { // these stay in the log
          append(engine, ORIGIN + i * 3000L);
          written += 10;
        }
      }
      List<Path> files = new ArrayList<>(fs.files());
      files.removeIf(f -> f.getFileName().toString().equals("LOCK"));
      Path victim = files.get(random.nextInt(files.size()));
      fs.flipBit(victim, random.nextLong(fs.size(victim) * 8));
      String name = victim.getFileName().toString();
      try (Engine engine = Engine.open(config(fs))) {
        int found = count(engine);
        if (!name.endsWith("tix")) { // what is damaged is no reason not to be listed
          assertThat(listed(engine)).as("%s in round %d", victim, round).hasSize(10);
        }
        List<String> damage = engine.stats().damage();
        assertThat(found).as("%s in round %d", victim, round).isLessThanOrEqualTo(written);
        if (found < written) {
          assertThat(damage).as("lost samples of %s are reported", victim).isNotEmpty();
        }
        if (!damage.isEmpty()) {
          told++;
          kinds.merge(name.replaceAll("^.*\\.", ""), 1, Integer::sum);
          assertThat(String.join("\n", damage)).contains(name);
        }
        append(engine, ORIGIN + 500_000);
        assertThat(count(engine)).as("writes go on").isEqualTo(found + 10);
      } catch (io.varve.engine.format.CorruptDataException | IOException e) {
        // Without its manifest a store must not be opened, only said to be damaged, by name.
        assertThat(name).matches("CURRENT|MANIFEST-.*");
        assertThat(e.getMessage()).containsAnyOf("CURRENT", "MANIFEST");
        told++;
        kinds.merge("manifest", 1, Integer::sum);
      }
    }
    System.out.println("EngineFaultTest: told " + told + " of " + rounds + " flips: " + kinds);
    assertThat(told).isGreaterThan(rounds / 3);
    assertThat(kinds).containsKeys("tch", "tix", "wal", "manifest");
  }
}
