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
 * Stores whose retention policy changes all the time, against a map of maps, while the power goes
 * at random operations of the simulated disk: what a policy keeps is there, what it does not keep
 * is gone at once, and what was seen to be gone never comes back, whatever the next policy says.
 */
final class RetentionModelTest {
  private static final long WINDOW = 60_000;
  private static final long ORIGIN = 1_700_000_000_000L / WINDOW * WINDOW;
  private static final String[] TENANTS = {"", "a"};

  private final Path dir = Path.of("/store");
  private Map<Key, TreeMap<Long, Long>> model = new TreeMap<>();
  private @Nullable Map<Key, TreeMap<Long, Long>> underWay;
  private RetentionPolicy policy = RetentionPolicy.KEEP_ALL;
  private long now;
  private int policies;
  private int vanished;

  private record Key(String tenant, Labels labels) implements Comparable<Key> {
    @Override
    public int compareTo(Key other) {
      int byTenant = tenant.compareTo(other.tenant);
      return byTenant != 0 ? byTenant : labels.compareTo(other.labels);
    }
  }

  @Test
  void policiesHoldThroughPowerCuts() throws IOException {
    long seed = Seeds.usual(1);
    int cuts = 0;
    for (int store = 0; store < 6; store++) {
      cuts += live(seed + store, true, 30);
    }
    System.out.printf(
        "RetentionModelTest: %d power cuts, %d policies, %d samples gone%n",
        cuts, policies, vanished);
    assertThat(cuts).isGreaterThan(150);
    assertThat(policies).isGreaterThan(60);
    assertThat(vanished).isGreaterThan(2_000);
  }

  @Test
  void policiesHold() throws IOException {
    long seed = Seeds.usual(1001);
    for (int store = 0; store < 5; store++) {
      live(seed + store, false, 2);
    }
    assertThat(policies).isGreaterThan(60);
    assertThat(vanished).isGreaterThan(2_000);
  }

  private int live(long seed, boolean withCuts, int lives) throws IOException {
    Random random = new Random(seed);
    SimFileSystem fs = new SimFileSystem(seed);
    model = new TreeMap<>();
    policy = RetentionPolicy.KEEP_ALL;
    now = ORIGIN;
    int cuts = 0;
    for (int life = 0; life < lives; life++) {
      String as = "seed " + seed + " life " + life;
      underWay = null;
      if (withCuts) {
        fs.cutPowerAt(fs.operations() + 1 + random.nextInt(life % 4 == 0 ? 25 : 250));
      }
      try {
        Engine engine = Engine.open(config(fs));
        for (int step = 0; withCuts || step < 150; step++) {
          operate(engine, random);
          if (random.nextInt(8) == 0) {
            check(engine, as + " step " + step);
          }
        }
        engine.close();
      } catch (PowerCutException | StorageStoppedException | UncheckedIOException | IOException e) {
        if (!fs.isDead()) {
          throw new AssertionError(as + ": not a power cut", e);
        }
        cuts++;
        fs = fs.restart();
      }
      try (Engine engine = Engine.open(config(fs))) {
        assertThat(engine.stats().damage()).as(as).isEmpty();
        Map<Key, TreeMap<Long, Long>> after = underWay;
        assertThat(engine.retention()).isEqualTo(policy);
        if (after != null) {
          Map<Key, TreeMap<Long, Long>> found = read(engine);
          forgetOld(after, found);
          if (found.equals(after)) {
            model = after;
          }
        }
        check(engine, as + " again");
        while (engine.runBackgroundWork()) {
          check(engine, as + " at work");
        }
      }
    }
    return cuts;
  }

  private EngineConfig config(SimFileSystem fs) {
    return EngineConfig.defaults(dir)
        .withFileSystem(fs)
        .withWindow(WINDOW, WINDOW / 4)
        .withSizes(3_000, 1_000)
        .withLimits(1000, 64 << 20, 2_000)
        .withClock(() -> Instant.ofEpochMilli(now))
        .withFsync(FsyncPolicy.ALWAYS)
        .withRetention(policy)
        .withBackgroundThreads(false);
  }

  private void operate(Engine engine, Random random) {
    int dice = random.nextInt(100);
    if (dice < 55) {
      append(engine, random);
    } else if (dice < 72) {
      engine.runBackgroundWork();
    } else if (dice < 78) {
      engine.flush();
    } else if (dice < 83) {
      engine.mergeAll();
    } else if (dice < 90) {
      setPolicy(engine, random);
    } else if (dice < 95) {
      delete(engine, random);
    } else {
      now += random.nextInt(90_000);
    }
  }

  private static RetentionPolicy anyPolicy(Random random) {
    List<RetentionRule> rules = new ArrayList<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      List<Matcher> matchers = new ArrayList<>();
      if (random.nextInt(4) > 0) {
        matchers.add(
            random.nextBoolean()
                ? Matcher.equal("team", "t" + random.nextInt(3))
                : new Matcher(Matcher.Type.RE, "__name__", "m" + random.nextInt(3) + "|x"));
      }
      String tenant = random.nextInt(3) == 0 ? TENANTS[random.nextInt(2)] : null;
      rules.add(new RetentionRule(tenant, matchers, RetentionRule.ANY, keep(random)));
    }
    return new RetentionPolicy(keep(random), rules);
  }

  private static long keep(Random random) {
    return random.nextInt(5) == 0 ? RetentionPolicy.FOREVER : (1 + random.nextInt(8)) * WINDOW;
  }

  /** What of a series is not kept: everything up to this time. */
  private long horizon(RetentionPolicy by, Key key) {
    long keep = by.keepMillis(key.tenant(), key.labels(), 0);
    return keep == RetentionPolicy.FOREVER
        ? Long.MIN_VALUE
        : Math.floorDiv(now - keep - 1, WINDOW) * WINDOW;
  }

  private void setPolicy(Engine engine, Random random) {
    check(engine, "before"); // what went by the clock must not be expected under the next policy
    RetentionPolicy next = anyPolicy(random);
    Map<Key, TreeMap<Long, Long>> after = copy(model);
    if (!next.equals(policy)) {
      after.forEach((key, samples) -> samples.headMap(horizon(next, key), true).clear());
    }
    after.values().removeIf(TreeMap::isEmpty);
    vanished += size(model) - size(after);
    policies++;
    underWay = after;
    engine.setRetention(next);
    model = after;
    underWay = null;
    policy = next;
    assertThat(engine.retention()).isEqualTo(next);
    check(engine, "policy " + next);
  }

  private static int size(Map<Key, TreeMap<Long, Long>> samples) {
    return samples.values().stream().mapToInt(TreeMap::size).sum();
  }

  private void append(Engine engine, Random random) {
    Map<Key, TreeMap<Long, Long>> after = copy(model);
    WriteBatch batch = new WriteBatch();
    batch.tenant = TENANTS[random.nextInt(2)];
    now += random.nextInt(4000);
    int refused = 0;
    int n = 1 + random.nextInt(20);
    for (int i = 0; i < n; i++) {
      int s = random.nextInt(9);
      Key key =
          new Key(batch.tenant, Labels.of("__name__", "m" + s % 3, "team", "t" + s / 3, "x", "y"));
      long time = random.nextInt(4) == 0 ? now - random.nextInt(500_000) : now + i;
      long bits = Double.doubleToRawLongBits(random.nextInt(50));
      batch.addSample(batch.addSeries(key.labels()), time, bits, 0);
      if (time <= horizon(policy, key)) {
        refused++;
      } else {
        after.computeIfAbsent(key, k -> new TreeMap<>()).put(time, bits);
      }
    }
    underWay = after;
    WriteResult result = engine.append(batch, WriteMode.PARTIAL);
    assertThat(result.rejected()).isEqualTo(refused);
    model = after;
    underWay = null;
    now += 20;
  }

  private void delete(Engine engine, Random random) {
    Map<Key, TreeMap<Long, Long>> after = copy(model);
    long from = now - random.nextInt(400_000);
    TimeRange range = new TimeRange(from, from + random.nextInt(90_000));
    String metric = "m" + random.nextInt(3);
    after.forEach(
        (key, samples) -> {
          if (key.tenant().isEmpty() && key.labels().get("__name__").equals(metric)) {
            samples.subMap(range.startExclusive(), false, range.endInclusive(), true).clear();
          }
        });
    after.values().removeIf(TreeMap::isEmpty);
    underWay = after;
    engine.delete("", List.of(Matcher.equal("__name__", metric)), range);
    model = after;
    underWay = null;
  }

  /** What the clock has made old may be there or not, but if it is not, it does not come back. */
  private void forgetOld(Map<Key, TreeMap<Long, Long>> from, Map<Key, TreeMap<Long, Long>> found) {
    from.forEach(
        (key, samples) -> {
          TreeMap<Long, Long> there = found.getOrDefault(key, new TreeMap<>());
          samples
              .headMap(horizon(policy, key), true)
              .keySet()
              .removeIf(time -> !there.containsKey(time));
        });
    from.values().removeIf(TreeMap::isEmpty);
  }

  private void check(Engine engine, String as) {
    Map<Key, TreeMap<Long, Long>> found = read(engine);
    int before = size(model);
    forgetOld(model, found);
    vanished += before - size(model);
    model.forEach(
        (key, samples) -> {
          TreeMap<Long, Long> there = found.getOrDefault(key, new TreeMap<>());
          List<Long> lost = new ArrayList<>(samples.keySet());
          lost.removeAll(there.keySet());
          List<Long> back = new ArrayList<>(there.keySet());
          back.removeAll(samples.keySet());
          assertThat(lost.isEmpty() && back.isEmpty())
              .as(
                  "%s: %s, gone up to %d under %s: lost %s, back %s",
                  as, key, horizon(policy, key), policy, lost, back)
              .isTrue();
        });
    assertThat(found).as(as).isEqualTo(model);
  }

  private static Map<Key, TreeMap<Long, Long>> copy(Map<Key, TreeMap<Long, Long>> from) {
    Map<Key, TreeMap<Long, Long>> copy = new TreeMap<>();
    from.forEach((key, samples) -> copy.put(key, new TreeMap<>(samples)));
    return copy;
  }

  private static Map<Key, TreeMap<Long, Long>> read(Engine engine) {
    Map<Key, TreeMap<Long, Long>> found = new TreeMap<>();
    try (Snapshot snapshot = engine.snapshot()) {
      for (String tenant : TENANTS) {
        SeriesSet set = snapshot.select(tenant, List.of(), TimeRange.ALL, QueryBudget.UNLIMITED);
        SampleColumns rows = new SampleColumns();
        RangeAggregate aggregate = new RangeAggregate();
        try (SeriesReader reader = set.reader()) {
          for (int i = 0; i < set.size(); i++) {
            reader.read(i, TimeRange.ALL, rows);
            TreeMap<Long, Long> samples = new TreeMap<>();
            for (int k = 0; k < rows.size; k++) {
              samples.put(rows.times[k], Double.doubleToRawLongBits(rows.values[k]));
            }
            assertThat(reader.anyIn(i, TimeRange.ALL)).isEqualTo(!samples.isEmpty());
            if (reader.aggregate(i, TimeRange.ALL, aggregate)) {
              assertThat(aggregate.count).isEqualTo(samples.size());
            }
            if (!samples.isEmpty()) {
              found.put(new Key(tenant, set.labels(i)), samples);
            }
          }
        }
      }
      assertThat(snapshot.damage()).isEmpty();
    }
    return found;
  }
}
