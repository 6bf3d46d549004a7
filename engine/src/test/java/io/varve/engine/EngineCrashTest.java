package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.io.PowerCutException;
import io.varve.engine.io.SimFileSystem;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import io.varve.engine.policy.RetentionPolicy;
import io.varve.engine.policy.RetentionRule;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
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
 *
 * <p>What happens in between is everything that changes data: samples in order and late, deletes,
 * undeletes, corrections, other retention policies, the clock, other continuous aggregates,
 * flushes, merges, purges. Samples are those of {@link HistoryModel}, and cells are what their
 * samples are.
 */
final class EngineCrashTest {
  private static final int STORES = 23;
  private static final int LIVES = 44;
  private static final long WINDOW = 60_000;
  private static final long ORIGIN = 1_700_000_000_000L / WINDOW * WINDOW;

  private final Path dir = Path.of("/store");
  private HistoryModel model = new HistoryModel(DuplicatePolicy.LAST);
  private @Nullable HistoryModel underWay;
  private boolean deleting;
  private long undeleting = -1;
  private RetentionPolicy policy = RetentionPolicy.KEEP_ALL;
  private @Nullable RetentionPolicy nextPolicy;
  private long cellsRead;
  private final List<Long> deletes = new ArrayList<>();
  private final Map<String, Integer> seen = new TreeMap<>();
  private long now;

  @Test
  void acknowledgedSamplesSurvivePowerCuts() throws IOException {
    long seed = Seeds.usual(1);
    int cuts = 0;
    for (int store = 0; store < STORES; store++) {
      cuts += live(seed + store);
    }
    System.out.println("EngineCrashTest: " + cuts + " power cuts");
    System.out.println("EngineCrashTest: " + seen);
    assertThat(cuts).isGreaterThanOrEqualTo(1000);
    assertThat(cellsRead).as("stored cells that were compared").isPositive();
    assertThat(seen)
        .containsKeys("UNDONE", "PURGED", "HIDDEN", "corrections", "undeletes", "policies")
        .containsKeys("samples gone by a policy", "operations after a drop");
  }

  private int live(long seed) throws IOException {
    Random random = new Random(seed);
    SimFileSystem fs = new SimFileSystem(seed);
    model = new HistoryModel(DuplicatePolicy.LAST);
    deletes.clear();
    policy = RetentionPolicy.KEEP_ALL;
    now = ORIGIN;
    int cuts = 0;
    for (int life = 0; life < LIVES; life++) {
      underWay = null;
      deleting = false;
      undeleting = -1;
      nextPolicy = null;
      fs.cutPowerAt(fs.operations() + 1 + random.nextInt(life % 4 == 0 ? 15 : 150));
      try {
        Engine engine = Engine.open(config(fs));
        engine.aggregate(aggregates(random), 1);
        for (int step = 1; true; step++) {
          operate(engine, random);
          if (engine.stats().dropped(DropReason.AGE).bytes() > 0) {
            seen.merge("operations after a drop", 1, Integer::sum);
          }
          if (step % 60 == 0) {
            check(engine, random, "seed " + seed + " life " + life + " step " + step);
          }
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
        HistoryModel after = underWay;
        if (after != null && happened(engine, found, after)) {
          model = after;
          policy = nextPolicy == null ? policy : nextPolicy;
        }
        assertThat(engine.retention())
            .as("seed %d life %d next %s", seed, life, nextPolicy)
            .isEqualTo(policy);
        check(engine, random, "seed " + seed + " life " + life);
        deletes.clear();
        for (DeleteInfo delete : engine.deletes()) {
          model.known(delete.id());
          deletes.add(delete.id());
          seen.merge(delete.state().name(), 1, Integer::sum);
        }
      }
      if (life % 8 == 7) {
        List<String> problems = new ArrayList<>();
        new DataFolder(fs, dir).verify(file -> {}, problems::add);
        assertThat(problems).as("seed %d life %d", seed, life).isEmpty();
      }
    }
    return cuts;
  }

  /**
   * True if the operation that was under way is there. A delete or undelete may change nothing that
   * can be seen now, and yet later: whether it is there the engine tells.
   */
  private boolean happened(
      Engine engine, Map<Labels, TreeMap<Long, Long>> found, HistoryModel after) {
    if (deleting) {
      return engine.deletes().stream().anyMatch(delete -> !deletes.contains(delete.id()));
    }
    if (undeleting >= 0) {
      return engine.deletes().stream()
          .anyMatch(
              delete -> delete.id() == undeleting && delete.state() == DeleteInfo.State.UNDONE);
    }
    if (nextPolicy != null) {
      return engine.retention().equals(nextPolicy);
    }
    settle(after, found);
    return found.equals(after.visible(TimeRange.ALL));
  }

  private void check(Engine engine, Random random, String as) {
    Map<Labels, TreeMap<Long, Long>> found = read(engine);
    settle(model, found);
    assertThat(found).as(as).isEqualTo(model.visible(TimeRange.ALL));
    checkCells(engine, random);
  }

  /** What the clock has made too old may be there still, or not. */
  private void settle(HistoryModel history, Map<Labels, TreeMap<Long, Long>> found) {
    history.age(labels -> horizon(policy, labels));
    history.settle(found);
  }

  /** What of a series is not kept: everything up to this time. */
  private long horizon(RetentionPolicy by, Labels labels) {
    long keep = by.keepMillis("", labels, RetentionRule.RAW);
    return keep == RetentionPolicy.FOREVER
        ? Long.MIN_VALUE
        : Math.floorDiv(now - keep - 1, WINDOW) * WINDOW;
  }

  private EngineConfig config(SimFileSystem fs) {
    return EngineConfig.defaults(dir)
        .withFileSystem(fs)
        .withWindow(WINDOW, WINDOW / 4)
        .withSizes(3_000, 2_000)
        .withLimits(1000, 64 << 20, 2_000)
        .withClock(() -> Instant.ofEpochMilli(now))
        .withFsync(FsyncPolicy.ALWAYS)
        .withUndo(WINDOW / 8, WINDOW / 4)
        .withStoredRetention()
        .withBackgroundThreads(false);
  }

  private void operate(Engine engine, Random random) {
    int dice = random.nextInt(100);
    if (dice < 62) {
      write(engine, random, false);
    } else if (dice < 78) {
      engine.runBackgroundWork();
    } else if (dice < 84) {
      engine.flush();
    } else if (dice < 87) {
      engine.mergeAll();
    } else if (dice < 88) {
      engine.cleanTombstones();
    } else if (dice < 91) {
      delete(engine, random);
    } else if (dice < 93) {
      undelete(engine, random);
    } else if (dice < 95) {
      write(engine, random, true);
    } else if (dice < 97) {
      setPolicy(engine, random);
    } else if (dice < 98) {
      engine.aggregate(aggregates(random), 1);
    } else {
      now += random.nextInt(60_000);
    }
  }

  /** Continuous aggregates of all series or of some, of other widths each time. */
  private static List<AggregateRule> aggregates(Random random) {
    return switch (random.nextInt(4)) {
      case 0 ->
          List.of(
              new AggregateRule(
                  "one", "", List.of(Matcher.equal("__name__", "m1")), List.of(20_000L)));
      case 1 -> List.of(new AggregateRule("coarse", null, List.of(), List.of(60_000L)));
      default -> List.of(new AggregateRule("all", null, List.of(), List.of(5_000L, 20_000L)));
    };
  }

  private void setPolicy(Engine engine, Random random) {
    List<RetentionRule> rules = new ArrayList<>();
    for (int i = random.nextInt(3); i > 0; i--) {
      Matcher matcher =
          random.nextBoolean()
              ? Matcher.equal("host", "h" + random.nextInt(8))
              : Matcher.equal("__name__", "m" + random.nextInt(2));
      rules.add(new RetentionRule(null, List.of(matcher), RetentionRule.ANY, keep(random)));
    }
    RetentionPolicy next = new RetentionPolicy(keep(random), rules);
    model.age(labels -> horizon(policy, labels));
    HistoryModel after = model.copy();
    if (!next.equals(policy)) {
      after.expire(labels -> horizon(next, labels));
    }
    underWay = after;
    nextPolicy = next;
    engine.setRetention(next);
    seen.merge("policies", 1, Integer::sum);
    seen.merge("samples gone by a policy", model.size() - after.size(), Integer::sum);
    model = after;
    policy = next;
    nextPolicy = null;
    underWay = null;
  }

  private static long keep(Random random) {
    return random.nextInt(3) == 0 ? RetentionPolicy.FOREVER : (1 + random.nextInt(6)) * WINDOW;
  }

  private void write(Engine engine, Random random, boolean correction) {
    HistoryModel after = model.copy();
    WriteBatch batch = new WriteBatch();
    now += random.nextInt(2000);
    for (int i = 0, n = 1 + random.nextInt(20); i < n; i++) {
      int s = random.nextInt(8);
      Labels labels = Labels.of("__name__", "m" + s % 2, "host", "h" + s);
      boolean late = correction || random.nextInt(6) == 0;
      long time = late ? now - random.nextInt(150_000) / 10 * 10 : now + i;
      if (time <= horizon(policy, labels)) {
        continue; // it would be refused: RetentionModelTest
      }
      long bits = Double.doubleToRawLongBits(random.nextInt(50));
      batch.addSample(batch.addSeries(labels), time, bits, 0);
      after.write(labels, time, bits, correction);
    }
    underWay = after;
    if (correction) {
      engine.correct(batch);
      seen.merge("corrections", 1, Integer::sum);
    } else {
      engine.append(batch, WriteMode.ALL_OR_NOTHING);
    }
    model = after;
    underWay = null;
    now += 20;
  }

  private void delete(Engine engine, Random random) {
    HistoryModel after = model.copy();
    long from = ORIGIN + random.nextLong(Math.max(1, now - ORIGIN));
    TimeRange range = new TimeRange(from, from + random.nextInt(30_000));
    Matcher matcher = Matcher.equal("__name__", "m" + random.nextInt(2));
    after.delete(HistoryModel.UNKNOWN, matcher, range);
    underWay = after;
    deleting = true;
    long id = engine.delete("", List.of(matcher), range);
    deleting = false;
    after.known(id);
    deletes.add(id);
    model = after;
    underWay = null;
  }

  private void undelete(Engine engine, Random random) {
    if (deletes.isEmpty()) {
      return;
    }
    HistoryModel after = model.copy();
    long id = deletes.get(random.nextInt(deletes.size()));
    after.undelete(id);
    underWay = after;
    undeleting = id;
    try {
      engine.undelete(id);
      model = after;
      seen.merge("undeletes", 1, Integer::sum);
    } catch (UndeleteException e) {
      assertThat(e.known()).isTrue(); // too late: it stays deleted
    }
    undeleting = -1;
    underWay = null;
  }

  /** What crashes have left of continuous aggregates must be what the samples are. */
  private void checkCells(Engine engine, Random random) {
    TimeRange all = new TimeRange(ORIGIN - 150_000, now + 1_000);
    try (Snapshot snapshot = engine.snapshot()) {
      SeriesSet set =
          snapshot.select(
              "",
              List.of(new Matcher(Matcher.Type.RE, "__name__", "m.*")),
              all,
              QueryBudget.UNLIMITED);
      try (SeriesReader reader = set.reader()) {
        for (int series = 0; series < set.size(); series++) {
          CellCheck.cellsAreTheirSamples(reader, series, all, random);
        }
      }
    }
    cellsRead += engine.aggregateStats().cellsRead();
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
