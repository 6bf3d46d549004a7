package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.io.FileSystem;
import io.varve.engine.io.SimFileSystem;
import io.varve.engine.model.Labels;
import io.varve.engine.model.WriteBatch;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Whoever waits for a recovery sees it go on. */
class RecoveryProgressTest {
  private static final Path FOLDER = Path.of("/data");

  private static EngineConfig config(FileSystem fs) {
    return EngineConfig.defaults(FOLDER)
        .withFileSystem(fs)
        .withFsync(FsyncPolicy.ALWAYS)
        .withBackgroundThreads(false);
  }

  /** The same file system, which has something done before each read. */
  private static <T> T watched(Class<T> type, T inner, Runnable before) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> {
              before.run();
              Object result;
              try {
                result = method.invoke(inner, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
              return result instanceof FileSystem.ReadFile file
                  ? watched(FileSystem.ReadFile.class, file, before)
                  : result;
            }));
  }

  private static void write(Engine engine, Random random, long from, long to) {
    for (long t = from; t < to; t++) {
      WriteBatch batch = new WriteBatch();
      for (int i = 0; i < 500; i++) {
        Labels labels = Labels.of("__name__", "x", "i", Integer.toString(i));
        batch.add(labels, t * 15_000, random.nextDouble());
      }
      engine.append(batch, WriteMode.ALL_OR_NOTHING);
    }
  }

  @Test
  void goesFromNothingToAllThereIs() throws Exception {
    long seed = Seeds.usual(31);
    SimFileSystem fs = new SimFileSystem(seed);
    Random random = new Random(seed);
    Engine engine = Engine.open(config(fs));
    write(engine, random, 1, 100);
    engine.flush(); // which saves a head
    write(engine, random, 100, 300);
    FileSystem left = fs.restart();

    RecoveryProgress progress = new RecoveryProgress();
    assertThat(progress.totalBytes()).isZero();
    assertThat(progress.readBytes()).isZero();
    List<Long> seen = new ArrayList<>();
    List<Long> totals = new ArrayList<>();
    FileSystem slow =
        watched(
            FileSystem.class,
            left,
            () -> {
              seen.add(progress.readBytes());
              totals.add(progress.totalBytes());
            });
    try (Engine recovered = Engine.open(config(slow), progress)) {
      long total = progress.totalBytes();
      assertThat(total).isGreaterThan(500_000);
      assertThat(progress.readBytes()).isEqualTo(total);
      assertThat(seen).isSorted().startsWith(0L);
      assertThat(totals).isSorted();
      // Seen on its way: behind the saved head, and again and again in the log.
      assertThat(seen.stream().filter(bytes -> bytes > 0 && bytes < total).distinct().count())
          .as("seed %d: %s of %d", seed, seen, total)
          .isGreaterThan(3);
      assertThat(recovered.stats().recovery()).contains("200 records");
    }
  }
}
