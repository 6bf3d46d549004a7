package io.varve.engine.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.SyncFailedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Many files become durable in the order that a crash demands, by one thread or by several. */
final class StagedFilesTest {
  private static final Path DIR = Path.of("/data");

  private static List<Path> stage(FileSystem fs, Path dir, int count, StagedFiles into)
      throws IOException {
    List<Path> targets = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Path folder = dir.resolve("b=" + i % 5);
      fs.createDirectories(folder);
      Path target = folder.resolve("file-" + i);
      StagedFile file = StagedFile.create(fs, target);
      byte[] bytes = content(i);
      file.out().write(bytes, 0, bytes.length);
      into.add(file);
      targets.add(target);
    }
    return targets;
  }

  private static byte[] content(int i) {
    byte[] bytes = new byte[700 + i];
    Arrays.fill(bytes, (byte) (i + 1));
    return bytes;
  }

  private static List<String> helpers() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("varve-sync-") && thread.isAlive())
        .map(Thread::getName)
        .toList();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4})
  void allIsSyncedBeforeTheFirstNameAndSurvivesAPowerCut(int threads) throws IOException {
    for (int seed = 0; seed < 20; seed++) {
      SimFileSystem fs = new SimFileSystem(seed);
      Set<Thread> callers = ConcurrentHashMap.newKeySet();
      List<Path> targets;
      try (StagedFiles staged = new StagedFiles(fs, threads)) {
        targets = stage(fs, DIR, 23, staged);
        assertThat(staged.size()).isEqualTo(23);
        fs.beforeSync(
            () -> {
              callers.add(Thread.currentThread());
              assertThat(targets).noneMatch(fs::exists);
            });
        staged.settle();
        assertThat(staged.size()).isZero();
      }
      if (threads == 1) {
        assertThat(callers).containsExactly(Thread.currentThread());
      } else {
        assertThat(callers).hasSizeBetween(1, threads);
      }
      SimFileSystem after = fs.restart();
      for (int i = 0; i < targets.size(); i++) {
        assertThat(after.readAll(targets.get(i))).isEqualTo(content(i));
      }
      assertThat(after.files()).hasSize(23);
    }
    assertThat(helpers()).isEmpty();
  }

  @Test
  void aPowerCutAtAnyMomentLeavesWholeFilesOrNone() throws IOException {
    SimFileSystem counting = new SimFileSystem(1);
    try (StagedFiles staged = new StagedFiles(counting, 1)) {
      stage(counting, DIR, 7, staged);
      staged.settle();
    }
    for (long cut = 1; cut <= counting.operations(); cut++) {
      SimFileSystem fs = new SimFileSystem(cut);
      fs.cutPowerAt(cut);
      assertThatThrownBy(
              () -> {
                try (StagedFiles staged = new StagedFiles(fs, 1)) {
                  stage(fs, DIR, 7, staged);
                  staged.settle();
                }
              })
          .isInstanceOf(PowerCutException.class);
      SimFileSystem after = fs.restart();
      for (Path file : after.files()) {
        String name = file.getFileName().toString();
        if (!name.endsWith(".tmp")) {
          int i = Integer.parseInt(name.substring("file-".length()));
          assertThat(after.readAll(file)).isEqualTo(content(i));
        }
      }
    }
  }

  @Test
  void syncsAreInFlightAtOnceAndNoMoreThanAsked() throws IOException {
    SimFileSystem fs = new SimFileSystem(2);
    int threads = 6;
    AtomicInteger inFlight = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    CountDownLatch all = new CountDownLatch(threads);
    try (StagedFiles staged = new StagedFiles(fs, threads)) {
      stage(fs, DIR, 40, staged);
      fs.beforeSync(
          () -> {
            most.accumulateAndGet(inFlight.incrementAndGet(), Math::max);
            all.countDown();
            try {
              assertThat(all.await(10, TimeUnit.SECONDS)).isTrue();
              Thread.sleep(1);
            } catch (InterruptedException e) {
              throw new AssertionError(e);
            }
            inFlight.decrementAndGet();
          });
      staged.settle();
    }
    assertThat(most).hasValue(threads);
    assertThat(fs.syncs()).isEqualTo(40);
    assertThat(helpers()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4})
  void afterAFailedSyncNothingGetsANameAndNothingIsLeft(int threads) throws IOException {
    SimFileSystem fs = new SimFileSystem(3);
    try (StagedFiles staged = new StagedFiles(fs, threads)) {
      List<Path> targets = stage(fs, DIR, 50, staged);
      fs.failNext(SimFileSystem.Operation.SYNC, 1);
      assertThatThrownBy(staged::settle).isInstanceOf(SyncFailedException.class);
      assertThat(targets).noneMatch(fs::exists);
    }
    assertThat(fs.files()).isEmpty();
    assertThat(helpers()).isEmpty();
  }

  @Test
  void aFailedSyncIsToldBeforeAnyOtherFailure() throws IOException {
    for (int round = 0; round < 20; round++) {
      SimFileSystem fs = new SimFileSystem(round);
      CountDownLatch both = new CountDownLatch(2);
      AtomicInteger turn = new AtomicInteger(round % 2);
      try (StagedFiles staged = new StagedFiles(fs, 2)) {
        stage(fs, DIR, 2, staged);
        fs.failNext(SimFileSystem.Operation.SYNC, 1);
        fs.beforeSync(
            () -> {
              both.countDown();
              try {
                assertThat(both.await(10, TimeUnit.SECONDS)).isTrue();
              } catch (InterruptedException e) {
                throw new AssertionError(e);
              }
              if (turn.getAndIncrement() == 1) {
                throw new IllegalStateException("something else");
              }
            });
        assertThatThrownBy(staged::settle)
            .isInstanceOf(SyncFailedException.class)
            .hasSuppressedException(new IllegalStateException("something else"));
      }
    }
  }

  @Test
  void anInterruptNeitherEndsTheWaitNorGetsLost(@TempDir Path dir) throws IOException {
    FileSystem fs = RealFileSystem.INSTANCE;
    List<Path> targets;
    boolean kept;
    try (StagedFiles staged = new StagedFiles(fs, fs.syncsAtOnce())) {
      targets = stage(fs, dir, 30, staged);
      Thread.currentThread().interrupt();
      staged.settle();
    } finally {
      kept = Thread.interrupted();
    }
    assertThat(kept).isTrue();
    for (int i = 0; i < targets.size(); i++) {
      assertThat(Files.readAllBytes(targets.get(i))).isEqualTo(content(i));
    }
    try (Stream<Path> all = Files.walk(dir)) {
      assertThat(all.filter(Files::isRegularFile)).hasSize(30);
    }
  }

  @Test
  void whatIsNotSettledIsDeleted() throws IOException {
    SimFileSystem fs = new SimFileSystem(4);
    try (StagedFiles staged = new StagedFiles(fs, 4)) {
      stage(fs, DIR, 3, staged);
      assertThat(fs.files()).hasSize(3);
    }
    assertThat(fs.files()).isEmpty();
  }
}
