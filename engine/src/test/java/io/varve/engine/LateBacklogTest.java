package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.engine.io.FileSystem;
import io.varve.engine.io.RealFileSystem;
import io.varve.engine.model.Labels;
import io.varve.engine.model.WriteBatch;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Late samples that come faster than they can be flushed wait; current samples do not, and small
 * windows stay in one file however many series are current.
 */
final class LateBacklogTest {
  private static final long DAY = 86_400_000;

  /** A noon, so that no batch crosses the end of a window. */
  private static final long NOW = System.currentTimeMillis() / DAY * DAY - DAY / 2;

  private static final long LATE_BYTES = 64 << 10;

  @TempDir Path dir;
  private final CountDownLatch disk = new CountDownLatch(1);

  /** The real files, but chunk files are not begun before the latch opens. */
  private FileSystem slowDisk() {
    return (FileSystem)
        Proxy.newProxyInstance(
            FileSystem.class.getClassLoader(),
            new Class<?>[] {FileSystem.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("create") && arguments[0].toString().contains(".tch")) {
                disk.await();
              }
              try {
                return method.invoke(RealFileSystem.INSTANCE, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  private static WriteBatch batch(long time, int samples) {
    return batch(time, samples, 1000);
  }

  private static WriteBatch batch(long time, int samples, long step) {
    WriteBatch batch = new WriteBatch();
    int row = batch.addSeries(Labels.of("__name__", "up"));
    for (int i = 0; i < samples; i++) {
      batch.addSample(row, time + i * step, Double.doubleToRawLongBits(i), 0);
    }
    return batch;
  }

  @Test
  void whatIsLateWaitsForTheFlushAndNothingElseDoes() throws Exception {
    EngineConfig config =
        EngineConfig.defaults(dir)
            .withFileSystem(slowDisk())
            .withLimits(10_000, 256 << 20, LATE_BYTES)
            .withFsync(FsyncPolicy.OS);
    try (Engine engine = Engine.open(config)) {
      engine.append(batch(NOW, 1), WriteMode.ALL_OR_NOTHING);
      int late = 0;
      int current = 1;
      long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
      boolean refused = false;
      while (!refused && System.nanoTime() < end) {
        try {
          engine.append(batch(NOW - 40 * DAY + late * 1000L, 1000), WriteMode.ALL_OR_NOTHING);
          late += 1000;
          Thread.sleep(20); // the engine looks around twice a second
        } catch (LateBacklogException e) {
          refused = true;
          assertThat(e).hasMessageContaining("max_late_bytes");
        }
      }
      assertThat(refused).isTrue();
      assertThat(engine.stats().frozenBytes()).isPositive();
      for (; current < 100; current++) {
        engine.append(batch(NOW + current * 1000L, 1), WriteMode.ALL_OR_NOTHING);
      }
      engine.append(batch(NOW + 99_000, 1), WriteMode.ALL_OR_NOTHING); // again: not late either
      int before = late;
      assertThatThrownBy(
              () ->
                  engine.append(
                      batch(NOW - 40 * DAY + before * 1000L, 1), WriteMode.ALL_OR_NOTHING))
          .isInstanceOf(LimitExceededException.class);

      disk.countDown();
      boolean taken = false;
      while (!taken && System.nanoTime() < end) {
        try {
          engine.append(batch(NOW - 40 * DAY + late * 1000L, 1000), WriteMode.ALL_OR_NOTHING);
          late += 1000;
          taken = true;
        } catch (LateBacklogException e) {
          Thread.sleep(20);
        }
      }
      assertThat(taken).isTrue();
      engine.flush();
      assertThat(engine.stats().chunkSamples()).isEqualTo(late + current);
    } finally {
      disk.countDown();
    }
  }

  @Test
  void aWindowOfFewLateSamplesIsOneFileBesideABusyHead() throws Exception {
    EngineConfig config =
        EngineConfig.defaults(dir)
            .withLimits(10_000, 256 << 20, LATE_BYTES)
            .withSizes(16 << 20, 64 << 10)
            .withFsync(FsyncPolicy.OS)
            .withBackgroundThreads(false);
    try (Engine engine = Engine.open(config)) {
      engine.append(batch(NOW, 30_000, 100), WriteMode.ALL_OR_NOTHING); // 8 files a day
      engine.append(batch(NOW - 40 * DAY, 5000), WriteMode.ALL_OR_NOTHING);
      assertThat(engine.runBackgroundWork()).isTrue();
      assertThat(engine.stats().chunkSamples()).isEqualTo(5000);
      // 5,000 samples in 5,000 s: a day of them would take 52 kB, less than one file of 64 KiB.
      assertThat(engine.stats().chunkFiles()).isEqualTo(1);
    }
  }
}
