package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.io.PowerCutException;
import io.varve.engine.io.SimFileSystem;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * A store that lives through power cuts, one after the other: at a random operation of the
 * simulated disk everything unsynced is lost, torn or reordered. Under {@code fsync = always} the
 * next life must find exactly what was acknowledged, give or take the one operation that was under
 * way, which is there as a whole or not at all.
 */
final class EngineCrashTest {
  private static final int STORES = 25;
  private static final int LIVES = 44;
  private static final long WINDOW = 60_000;
  private static final long ORIGIN = 1_700_000_000_000L / WINDOW * WINDOW;

  private final Path dir = Path.of("/store");
  private Map<Labels, TreeMap<Long, Long>> model = new TreeMap<>();
  private @Nullable Map<Labels, TreeMap<Long, Long>> underWay;
  private long now;

  @Test
  void acknowledgedSamplesSurvivePowerCuts() throws IOException {
    long seed = Seeds.usual(1);
    int cuts = 0;
    for (int store = 0; store < STORES; store++) {
      cuts += live(seed + store);
    }
    System.out.println("EngineCrashTest: " + cuts + " power cuts");
    assertThat(cuts).isGreaterThanOrEqualTo(1000);
  }

  private int live(long seed) throws IOException {
    Random random = new Random(seed);
    SimFileSystem fs = new SimFileSystem(seed);
    model = new TreeMap<>();
    now = ORIGIN;
    int cuts = 0;
    for (int life = 0; life < LIVES; life++) {
      underWay = null;
      fs.cutPowerAt(fs.operations() + 1 + random.nextInt(life % 4 == 0 ? 15 : 150));
      try {
        Engine engine = Engine.open(config(fs));
        while (true) {
          operate(engine, random);
        }
      } catch (PowerCutException | StorageStoppedException | UncheckedIOException | IOException e) {
        if (!fs.isDead()) {
          throw new AssertionError("seed " + seed + " life " + life + ": not a power cut", e);
        }
        cuts++;
      }
      fs = fs.restart();
      try (Engine engine = Engine.open(config(fs))) {
        assertThat(engine.stats().damage()).as("seed %d life %d", seed, life).isEmpty();
        Map<Labels, TreeMap<Long, Long>> found = read(engine);
        Map<Labels, TreeMap<Long, Long>> after = underWay;
        if (after != null && found.equals(after)) {
          model = after;
        }
        assertThat(found).as("seed %d life %d", seed, life).isEqualTo(model);
      }
    }
    return cuts;
  }

  private EngineConfig config(SimFileSystem fs) {
    return EngineConfig.defaults(dir)
        .withFileSystem(fs)
        .withWindow(WINDOW, WINDOW / 4)
        .withSizes(3_000, 2_000)
        .withLimits(1000, 64 << 20, 2_000)
        .withClock(() -> Instant.ofEpochMilli(now))
        .withFsync(FsyncPolicy.ALWAYS)
        .withBackgroundThreads(false);
  }

  private void operate(Engine engine, Random random) {
    int dice = random.nextInt(100);
    if (dice < 65) {
      append(engine, random);
    } else if (dice < 80) {
      engine.runBackgroundWork();
    } else if (dice < 88) {
      engine.flush();
    } else if (dice < 92) {
      engine.mergeAll();
    } else {
      delete(engine, random);
    }
  }

  private void append(Engine engine, Random random) {
    Map<Labels, TreeMap<Long, Long>> after = copy(model);
    WriteBatch batch = new WriteBatch();
    now += random.nextInt(2000);
    for (int i = 0, n = 1 + random.nextInt(20); i < n; i++) {
      int s = random.nextInt(8);
      Labels labels = Labels.of("__name__", "m" + s % 2, "host", "h" + s);
      long time = random.nextInt(6) == 0 ? now - random.nextInt(150_000) : now + i;
      long bits = Double.doubleToRawLongBits(random.nextInt(50));
      batch.addSample(batch.addSeries(labels), time, bits, 0);
      after.computeIfAbsent(labels, key -> new TreeMap<>()).put(time, bits);
    }
    underWay = after;
    engine.append(batch, WriteMode.ALL_OR_NOTHING);
    model = after;
    underWay = null;
    now += 20;
  }

  private void delete(Engine engine, Random random) {
    Map<Labels, TreeMap<Long, Long>> after = copy(model);
    long from = ORIGIN + random.nextLong(Math.max(1, now - ORIGIN));
    TimeRange range = new TimeRange(from, from + random.nextInt(30_000));
    String metric = "m" + random.nextInt(2);
    after.forEach(
        (labels, samples) -> {
          if (labels.get("__name__").equals(metric)) {
            samples.subMap(range.startExclusive(), false, range.endInclusive(), true).clear();
          }
        });
    after.values().removeIf(TreeMap::isEmpty);
    underWay = after;
    engine.delete("", List.of(Matcher.equal("__name__", metric)), range);
    model = after;
    underWay = null;
  }

  private static Map<Labels, TreeMap<Long, Long>> copy(Map<Labels, TreeMap<Long, Long>> from) {
    Map<Labels, TreeMap<Long, Long>> copy = new TreeMap<>();
    from.forEach((labels, samples) -> copy.put(labels, new TreeMap<>(samples)));
    return copy;
  }

  private static Map<Labels, TreeMap<Long, Long>> read(Engine engine) {
    Map<Labels, TreeMap<Long, Long>> found = new TreeMap<>();
    try (Snapshot snapshot = engine.snapshot()) {
      SeriesSet set = snapshot.select("", List.of(), TimeRange.ALL, QueryBudget.UNLIMITED);
      SampleColumns rows = new SampleColumns();
      try (SeriesReader reader = set.reader()) {
        for (int i = 0; i < set.size(); i++) {
          reader.read(i, TimeRange.ALL, rows);
          TreeMap<Long, Long> samples = new TreeMap<>();
          for (int k = 0; k < rows.size; k++) {
            samples.put(rows.times[k], Double.doubleToRawLongBits(rows.values[k]));
          }
          if (!samples.isEmpty()) {
            found.put(set.labels(i), samples);
          }
        }
      }
      assertThat(snapshot.damage()).isEmpty();
    }
    return found;
  }
}
