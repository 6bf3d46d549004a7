package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.io.SimFileSystem;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import io.varve.engine.policy.RetentionPolicy;
import io.varve.engine.policy.RetentionRule;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Cells outlive their samples: whatever lay in files when the samples had to go (late ones,
 * corrections, deletes that may be undone, files that series of other retention share), the cells
 * are what could be read then, and what is deleted later takes away the cells that it touches.
 */
final class LostSamplesModelTest {
  private static final long WINDOW = 60_000;
  private static final long ORIGIN = 1_700_000_000_000L / WINDOW * WINDOW;
  private static final long[] WIDTHS = {5_000, 20_000};
  private static final int STORES = 10;

  private final Path dir = Path.of("/store");
  private HistoryModel model = new HistoryModel(DuplicatePolicy.LAST);
  private final TreeMap<Labels, TreeMap<Long, Lost>> lost = new TreeMap<>();
  private final List<Deleted> deleted = new ArrayList<>();
  private final List<Long> undeletable = new ArrayList<>();
  private final TreeMap<Labels, Long> horizons = new TreeMap<>();
  private RetentionPolicy policy = RetentionPolicy.KEEP_ALL;
  private long now;
  private long number;
  private long written;
  private boolean expiring;
  private int compared;
  private int purges;

  /** The samples of a series in a window as they were when they went. */
  private record Lost(long number, TreeMap<Long, Long> samples) {}

  /** A delete that holds. */
  private record Deleted(long number, long id, Matcher matcher, TimeRange range) {}

  @Test
  void cellsSayWhatTheirSamplesWere() throws IOException {
    long seed = Seeds.usual(1);
    for (int store = 0; store < STORES; store++) {
      live(seed + store);
    }
    System.out.printf(
        "LostSamplesModelTest: %d cells of lost samples compared, %d purged deletes%n",
        compared, purges);
    assertThat(compared).isGreaterThan(10_000);
    assertThat(purges).isPositive();
  }

  private void live(long seed) throws IOException {
    Random random = new Random(seed);
    SimFileSystem fs = new SimFileSystem(seed);
    model = new HistoryModel(DuplicatePolicy.LAST);
    lost.clear();
    deleted.clear();
    undeletable.clear();
    horizons.clear();
    policy = keep(RetentionPolicy.FOREVER, List.of());
    now = ORIGIN + 10_000;
    EngineConfig config =
        EngineConfig.defaults(dir)
            .withFileSystem(fs)
            .withWindow(WINDOW, WINDOW / 4)
            .withSizes(3_000, 2_000)
            .withLimits(1000, 64 << 20, 2_000)
            .withClock(() -> Instant.ofEpochMilli(now))
            .withRetention(policy)
            .withUndo(4 * WINDOW, 2 * WINDOW)
            .withBackgroundThreads(false);
    Engine engine = open(config);
    try {
      for (int step = 0; step < 220; step++) {
        int dice = random.nextInt(100);
        if (dice < 55) {
          write(engine, random, false);
        } else if (dice < 62) {
          work(engine);
        } else if (dice < 66) {
          engine.flush();
        } else if (dice < 70) {
          engine.mergeAll();
        } else if (dice < 71) {
          engine.cleanTombstones();
          undeletable.clear();
        } else if (dice < 78) {
          delete(engine, random);
        } else if (dice < 82) {
          undelete(engine, random);
        } else if (dice < 86) {
          write(engine, random, true);
        } else if (dice < 88) {
          setPolicy(engine, random);
        } else if (dice < 90) {
          engine.close();
          engine = open(config.withStoredRetention());
        } else if (dice < 95) {
          age(engine, random);
        } else {
          check(engine, "seed " + seed + " step " + step);
        }
      }
      check(engine, "seed " + seed + " at last");
      engine.cleanTombstones();
      work(engine);
      check(engine, "seed " + seed + " purged");
      engine.deletes().forEach(d -> purges += d.state() == DeleteInfo.State.PURGED ? 1 : 0);
      assertThat(engine.stats().jobFailures()).isZero();
    } finally {
      engine.close();
    }
    List<String> problems = new ArrayList<>();
    new DataFolder(fs, dir).verify(file -> {}, problems::add);
    assertThat(problems).as("seed %d", seed).isEmpty();
  }

  private static Engine open(EngineConfig config) throws IOException {
    Engine engine = Engine.open(config);
    engine.aggregate(
        List.of(
            new AggregateRule("all", null, List.of(), List.of(WIDTHS[0])),
            new AggregateRule(
                "some", "", List.of(Matcher.equal("__name__", "m1")), List.of(WIDTHS[1]))),
        0);
    return engine;
  }

  private static RetentionPolicy keep(long millis, List<RetentionRule> rules) {
    List<RetentionRule> all = new ArrayList<>(rules);
    for (long width : WIDTHS) {
      all.add(new RetentionRule(null, List.of(), width, RetentionPolicy.FOREVER));
    }
    return new RetentionPolicy(millis, all);
  }

  private static void work(Engine engine) {
    while (engine.runBackgroundWork()) {
      // until nothing is left
    }
  }

  private static Labels labels(int s) {
    return Labels.of("__name__", "m" + s % 2, "host", "h" + s);
  }

  private long horizon(RetentionPolicy by, Labels labels) {
    long keep = by.keepMillis("", labels, RetentionRule.RAW);
    return keep == RetentionPolicy.FOREVER
        ? Long.MIN_VALUE
        : Math.floorDiv(now - keep - 1, WINDOW) * WINDOW;
  }

  private void write(Engine engine, Random random, boolean correction) {
    WriteBatch batch = new WriteBatch();
    for (int i = 0, n = 1 + random.nextInt(30); i < n; i++) {
      Labels labels = labels(random.nextInt(8));
      boolean late = correction || random.nextInt(4) == 0;
      long time = now - (late ? random.nextInt(200_000) : random.nextInt(1_000)) / 100 * 100;
      if (time <= horizons.getOrDefault(labels, Long.MIN_VALUE)) {
        continue; // it is refused, or, under a milder policy, beside what is lost
      }
      long bits = Double.doubleToRawLongBits(++written * 7_919 % 100_003); // each one once
      batch.addSample(batch.addSeries(labels), time, bits, 0);
      model.write(labels, time, bits, correction);
    }
    WriteResult result =
        correction ? engine.correct(batch) : engine.append(batch, WriteMode.ALL_OR_NOTHING);
    assertThat(result.complete()).isTrue();
    long next = now + random.nextInt(4_000);
    // The clock crosses the edges of windows in age() alone: there things expire.
    now = Math.floorDiv(next - 1, WINDOW) == Math.floorDiv(now - 1, WINDOW) ? next : now;
  }

  private void delete(Engine engine, Random random) {
    long from = ORIGIN + random.nextLong(now - ORIGIN);
    TimeRange range =
        new TimeRange(from, from + random.nextInt(random.nextBoolean() ? 8_000 : 130_000));
    Matcher matcher =
        random.nextBoolean()
            ? Matcher.equal("__name__", "m" + random.nextInt(2))
            : Matcher.equal("host", "h" + random.nextInt(8));
    long id = engine.delete("", List.of(matcher), range);
    model.delete(id, matcher, range);
    deleted.add(new Deleted(++number, id, matcher, range));
    undeletable.add(id);
  }

  private void undelete(Engine engine, Random random) {
    if (undeletable.isEmpty()) {
      return;
    }
    long id = undeletable.get(random.nextInt(undeletable.size()));
    try {
      engine.undelete(id);
      model.undelete(id);
      deleted.removeIf(one -> one.id() == id);
    } catch (UndeleteException e) {
      assertThat(e.known()).isTrue();
    }
  }

  private void setPolicy(Engine engine, Random random) {
    List<RetentionRule> rules = new ArrayList<>();
    for (int i = random.nextInt(3); i > 0; i--) {
      Matcher matcher =
          random.nextBoolean()
              ? Matcher.equal("host", "h" + random.nextInt(8))
              : Matcher.equal("__name__", "m" + random.nextInt(2));
      rules.add(
          new RetentionRule(
              null, List.of(matcher), RetentionRule.RAW, (1 + random.nextInt(6)) * WINDOW));
    }
    policy = keep((1 + random.nextInt(6)) * WINDOW, rules);
    engine.setRetention(policy);
    lose();
    expiring = true;
  }

  private void age(Engine engine, Random random) {
    engine.flush();
    now += (1 + random.nextInt(3)) * WINDOW;
    work(engine);
    lose();
  }

  /** What is too old now stays as cells only. */
  private void lose() {
    number++;
    model
        .visible(TimeRange.ALL)
        .forEach(
            (labels, samples) -> {
              for (Map.Entry<Long, Long> sample :
                  samples.headMap(horizon(policy, labels), true).entrySet()) {
                long window = Math.floorDiv(sample.getKey() - 1, WINDOW) * WINDOW;
                lost.computeIfAbsent(labels, key -> new TreeMap<>())
                    .computeIfAbsent(window, key -> new Lost(number, new TreeMap<>()))
                    .samples()
                    .put(sample.getKey(), sample.getValue());
              }
            });
    model.expire(labels -> horizon(policy, labels));
    for (int s = 0; s < 8; s++) {
      horizons.merge(labels(s), horizon(policy, labels(s)), Math::max);
    }
  }

  /** The samples that cells of a width stand for. */
  private TreeMap<Long, Long> told(Labels labels, long asked) {
    long width = asked >= WIDTHS[1] && labels.get("__name__").equals("m1") ? WIDTHS[1] : WIDTHS[0];
    TreeMap<Long, Long> told = new TreeMap<>();
    for (Lost one : lost.getOrDefault(labels, new TreeMap<>()).values()) {
      TreeMap<Long, TreeMap<Long, Long>> cells = new TreeMap<>();
      one.samples()
          .forEach(
              (time, bits) ->
                  cells
                      .computeIfAbsent(Math.floorDiv(time - 1, width), key -> new TreeMap<>())
                      .put(time, bits));
      for (TreeMap<Long, Long> cell : cells.values()) {
        boolean gone =
            deleted.stream()
                .anyMatch(
                    delete ->
                        delete.number() > one.number()
                            && delete.matcher().matches(labels.get(delete.matcher().name()))
                            && cell.lastKey() > delete.range().startExclusive()
                            && cell.firstKey() <= delete.range().endInclusive());
        if (!gone) {
          told.putAll(cell);
        }
      }
    }
    return told;
  }

  /**
   * The samples that may be told of beside those: of a cell that a delete touches, when two files
   * have a part of it each.
   */
  private TreeMap<Long, Long> atMost(Labels labels) {
    TreeMap<Long, Long> most = new TreeMap<>();
    for (Lost one : lost.getOrDefault(labels, new TreeMap<>()).values()) {
      one.samples()
          .forEach(
              (time, bits) -> {
                if (deleted.stream()
                    .noneMatch(
                        delete ->
                            delete.number() > one.number()
                                && delete.matcher().matches(labels.get(delete.matcher().name()))
                                && delete.range().contains(time))) {
                  most.put(time, bits);
                }
              });
    }
    return most;
  }

  private void check(Engine engine, String as) {
    if (expiring) {
      work(engine); // cells stand in from when the policy has reached the files
      expiring = false;
    }
    Map<Labels, TreeMap<Long, Long>> raw = model.visible(TimeRange.ALL);
    TimeRange all =
        new TimeRange(ORIGIN - 4 * WINDOW, Math.floorDiv(now, WINDOW) * WINDOW + WINDOW);
    try (Snapshot snapshot = engine.snapshot()) {
      SeriesSet set =
          snapshot.select(
              "",
              List.of(new Matcher(Matcher.Type.RE, "__name__", "m.*")),
              all,
              QueryBudget.UNLIMITED);
      try (SeriesReader reader = set.reader()) {
        for (int s = 0; s < 8; s++) {
          Labels labels = labels(s);
          int at = -1;
          for (int i = 0; i < set.size(); i++) {
            at = set.labels(i).equals(labels) ? i : at;
          }
          if (at >= 0) {
            checkSamples(reader, at, all, raw.getOrDefault(labels, new TreeMap<>()), labels, as);
          }
          for (long width : new long[] {WIDTHS[0], WIDTHS[1], WINDOW}) {
            TreeMap<Long, Long> expected = told(labels, width);
            expected.putAll(raw.getOrDefault(labels, new TreeMap<>()));
            // Where a purge has left nothing of the wide cells, the narrow ones tell the rest.
            TreeMap<Long, Long> rest = told(labels, WIDTHS[0]);
            rest.putAll(raw.getOrDefault(labels, new TreeMap<>()));
            TreeMap<Long, Long> most = atMost(labels);
            most.putAll(raw.getOrDefault(labels, new TreeMap<>()));
            if (at < 0) {
              assertThat(expected).as("%s: %s is not found", as, labels).isEmpty();
            } else {
              checkCells(
                  reader,
                  at,
                  all,
                  width,
                  expected,
                  rest,
                  most,
                  as + ": " + labels + " by " + width);
            }
          }
        }
      }
      assertThat(snapshot.damage()).isEmpty();
    }
    assertThat(engine.stats().damage()).isEmpty();
  }

  /** Reading samples gives of what is lost the last one of each of the finest cells. */
  private void checkSamples(
      SeriesReader reader,
      int series,
      TimeRange all,
      TreeMap<Long, Long> raw,
      Labels labels,
      String as) {
    TreeMap<Long, Long> expected = new TreeMap<>();
    TreeMap<Long, Long> told = told(labels, WIDTHS[0]);
    told.forEach(
        (time, bits) -> {
          Long next = told.higherKey(time);
          if (next == null
              || Math.floorDiv(next - 1, WIDTHS[0]) != Math.floorDiv(time - 1, WIDTHS[0])) {
            expected.put(time, bits);
          }
        });
    expected.putAll(raw);
    SampleColumns rows = new SampleColumns();
    reader.read(series, all, rows);
    TreeMap<Long, Long> found = new TreeMap<>();
    for (int k = 0; k < rows.size; k++) {
      found.put(rows.times[k], Double.doubleToRawLongBits(rows.values[k]));
    }
    TreeMap<Long, Long> more = new TreeMap<>(found);
    more.keySet().removeAll(expected.keySet());
    TreeMap<Long, Long> less = new TreeMap<>(expected);
    less.keySet().removeAll(found.keySet());
    more.keySet().removeAll(atMost(labels).keySet());
    assertThat(more.isEmpty() && less.isEmpty())
        .as("%s: samples of %s, too many %s, too few %s", as, labels, more, less)
        .isTrue();
    found.forEach((time, bits) -> assertThat(bits).isEqualTo(expected.getOrDefault(time, bits)));
    assertThat(reader.anyIn(series, all)).isEqualTo(!expected.isEmpty());
  }

  private void checkCells(
      SeriesReader reader,
      int series,
      TimeRange all,
      long width,
      TreeMap<Long, Long> expected,
      TreeMap<Long, Long> rest,
      TreeMap<Long, Long> most,
      String as) {
    CellColumns cells = new CellColumns();
    reader.cells(series, all, width, CellPart.ALL, List.of(cells));
    assertThat(cells.isKnown()).as(as).isTrue();
    RangeAggregate found = new RangeAggregate();
    RangeAggregate wanted = new RangeAggregate();
    for (int cell = 0; cell < cells.size(); cell++) {
      long from = all.startExclusive() + cell * width;
      found.clear();
      cells.appendTo(cell, found);
      boolean isRest = found.count != expected.subMap(from, false, from + width, true).size();
      wanted.clear();
      (isRest ? rest : expected)
          .subMap(from, false, from + width, true)
          .forEach((time, bits) -> wanted.add(time, Double.longBitsToDouble(bits)));
      String where = as + " from " + from;
      int atMost = most.subMap(from, false, from + width, true).size();
      if (found.count > wanted.count && found.count <= atMost) {
        continue;
      }
      assertThat(found.count).as(where).isEqualTo(wanted.count);
      assertThat(found.firstTime).as(where).isEqualTo(wanted.firstTime);
      assertThat(found.lastTime).as(where).isEqualTo(wanted.lastTime);
      assertThat(found.first).as(where).isEqualTo(wanted.first);
      assertThat(found.last).as(where).isEqualTo(wanted.last);
      assertThat(found.min).as(where).isEqualTo(wanted.min);
      assertThat(found.max).as(where).isEqualTo(wanted.max);
      assertThat(found.sum + found.sumLow).as(where).isEqualTo(wanted.sum + wanted.sumLow);
      assertThat(found.resets).as(where).isEqualTo(wanted.resets);
      compared += found.count > 0 ? 1 : 0;
    }
  }
}
