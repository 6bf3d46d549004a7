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
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Readers against a writer, flushes, merges, dropped windows and series that come and go: what was
 * acknowledged before a snapshot is in it, every value is the one that was written, times follow
 * each other without a gap.
 */
final class EngineStressTest {
  private static final long WINDOW = 300_000;
  private static final long ORIGIN = 1_700_000_000_000L / WINDOW * WINDOW;
  private static final int SERIES = 60;
  private static final int STEP = 100;
  private static final long LEAST_MILLIS = 4_000;
  private static final long MOST_MILLIS = 60_000;

  @TempDir Path dir;

  private final AtomicLong now = new AtomicLong(ORIGIN);
  private final AtomicLongArray acknowledged = new AtomicLongArray(SERIES);
  private volatile boolean ended;

  private static double value(int series, long time) {
    // Constant, slowly changing and noisy series: every form that the head knows.
    return switch (series % 3) {
      case 0 -> series;
      case 1 -> (time - ORIGIN) / STEP / 40;
      default -> Double.longBitsToDouble(new Random(time + series).nextLong() & ~(1L << 62));
    };
  }

  @Test
  void readersSeeWhatWasAcknowledged() throws Exception {
    EngineConfig config =
        EngineConfig.defaults(dir)
            .withWindow(WINDOW, WINDOW / 5)
            .withRetention(8 * WINDOW)
            .withSizes(400_000, 16 << 20)
            .withClock(() -> Instant.ofEpochMilli(now.get()))
            .withFsync(FsyncPolicy.OS);
    long reads = 0;
    EngineStats stats;
    try (Engine engine = Engine.open(config);
        ExecutorService pool = Executors.newFixedThreadPool(3)) {
      List<Future<Long>> readers = new ArrayList<>();
      Future<?> writer = pool.submit(() -> write(engine));
      for (int r = 0; r < 2; r++) {
        int seed = r;
        readers.add(pool.submit(() -> read(engine, new Random(seed))));
      }
      long begin = System.nanoTime();
      long millis = 0;
      while (millis < LEAST_MILLIS || (millis < MOST_MILLIS && !hasSeenEverything(engine))) {
        Thread.sleep(100);
        millis = (System.nanoTime() - begin) / 1_000_000;
      }
      ended = true;
      writer.get();
      for (Future<Long> reader : readers) {
        reads += reader.get();
      }
      stats = engine.stats();
    }
    System.out.printf(
        "EngineStressTest: %d samples, %d series read, %d flushes, %d merges, %d windows dropped%n",
        stats.samples(), reads, stats.flushes(), stats.merges(), stats.windowsDropped());
    assertThat(stats.damage()).isEmpty();
    assertThat(stats.stopped()).isNull();
    assertThat(stats.flushes()).isGreaterThan(3);
    assertThat(stats.merges()).isPositive();
    assertThat(stats.windowsDropped()).isPositive();
    assertThat(reads).isGreaterThan(200);
  }

  private static boolean hasSeenEverything(Engine engine) {
    EngineStats stats = engine.stats();
    return stats.flushes() > 4 && stats.merges() > 1 && stats.windowsDropped() > 1;
  }

  private Void write(Engine engine) throws InterruptedException {
    WriteBatch batch = new WriteBatch();
    SeriesLookup lookup = engine.seriesLookup();
    byte[][] labels = new byte[SERIES][];
    for (int s = 0; s < SERIES; s++) {
      labels[s] = Labels.of("__name__", "m", "s", "x" + s).canonical();
    }
    for (long time = ORIGIN + STEP; !ended; time += STEP) {
      batch.clear();
      batch.generation = lookup.generation();
      for (int s = 0; s < SERIES; s++) {
        int id = lookup.find(0, labels[s], 0, labels[s].length);
        int row = batch.addSeries(id, labels[s], 0, labels[s].length);
        batch.addSample(row, time, Double.doubleToRawLongBits(value(s, time)), 0);
      }
      // Series that live for a while only: the table is compacted again and again.
      byte[] passing =
          Labels.of("__name__", "passing", "n", "p" + (time - ORIGIN) / STEP).canonical();
      batch.addSample(batch.addSeries(WriteBatch.UNKNOWN, passing, 0, passing.length), time, 0, 0);
      try {
        engine.append(batch, WriteMode.ALL_OR_NOTHING);
      } catch (StaleGenerationException e) {
        time -= STEP;
        continue;
      }
      now.set(time);
      for (int s = 0; s < SERIES; s++) {
        acknowledged.set(s, time);
      }
      if ((time - ORIGIN) / STEP % 50 == 0) {
        Thread.sleep(20);
      }
    }
    return null;
  }

  private long read(Engine engine, Random random) {
    long reads = 0;
    SampleColumns rows = new SampleColumns();
    while (!ended) {
      long known = acknowledged.get(0);
      if (known == 0) {
        continue;
      }
      long span = random.nextInt(4) == 0 ? 5 * WINDOW : 1 + random.nextInt(20_000);
      TimeRange range = new TimeRange(known - span, Long.MAX_VALUE);
      try (Snapshot snapshot = engine.snapshot()) {
        SeriesSet set =
            snapshot.select(
                "", List.of(Matcher.equal("__name__", "m")), range, QueryBudget.UNLIMITED);
        assertThat(set.size()).isEqualTo(SERIES);
        try (SeriesReader reader = set.reader()) {
          int first = random.nextInt(SERIES);
          for (int i = first; i < Math.min(SERIES, first + 10); i++) {
            reader.read(i, range, rows);
            int s = Integer.parseInt(set.labels(i).get("s").substring(1));
            check(rows, s, range, known);
            reads++;
          }
        }
        assertThat(snapshot.damage()).isEmpty();
      }
    }
    return reads;
  }

  private static void check(SampleColumns rows, int series, TimeRange range, long known) {
    assertThat(rows.size).isPositive();
    long first = Math.max(ORIGIN + STEP, (range.startExclusive() / STEP + 1) * STEP);
    assertThat(rows.times[0]).isEqualTo(first);
    for (int k = 0; k < rows.size; k++) {
      if (rows.times[k] != first + (long) k * STEP) {
        assertThat(rows.times[k]).as("row %d of series %d", k, series).isEqualTo(first + k * STEP);
      }
      long expected = Double.doubleToRawLongBits(value(series, rows.times[k]));
      if (Double.doubleToRawLongBits(rows.values[k]) != expected) {
        assertThat(Double.doubleToRawLongBits(rows.values[k]))
            .as("row %d of series %d at %d", k, series, rows.times[k])
            .isEqualTo(expected);
      }
    }
    assertThat(rows.times[rows.size - 1]).isGreaterThanOrEqualTo(known);
  }
}
