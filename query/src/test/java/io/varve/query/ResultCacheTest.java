package io.varve.query;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.DeleteInfo;
import io.varve.engine.Engine;
import io.varve.engine.EngineConfig;
import io.varve.engine.FsyncPolicy;
import io.varve.engine.Seeds;
import io.varve.engine.Snapshot;
import io.varve.engine.UndeleteException;
import io.varve.engine.WriteMode;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import io.varve.query.QueryResult.Matrix;
import io.varve.query.QueryResult.Series;
import io.varve.query.histogram.FloatHistogram;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Cached answers are those that would be computed, whatever happens to the data meanwhile. */
class ResultCacheTest {
  private static final long MINUTE = 60_000;
  private static final long HOUR = 60 * MINUTE;
  private static final long DAY = 24 * HOUR;
  private static final long T = 20_000 * DAY;
  private static final long STEP = 5 * MINUTE;
  private static final long STEPS_A_DAY = DAY / STEP;

  private final AtomicLong now = new AtomicLong(T + 3 * DAY);
  private final QueryEngine queries =
      new QueryEngine(
          new QueryEngine.Options(2, 300_000, MINUTE, QueryLimits.DEFAULT, features(), 64 << 20));
  private Engine engine;

  private static EnumSet<Feature> features() {
    EnumSet<Feature> all = EnumSet.allOf(Feature.class);
    all.remove(Feature.START_TIMESTAMPS);
    all.remove(Feature.DELAYED_NAME_REMOVAL);
    return all;
  }

  @BeforeEach
  void fill(@TempDir Path folder) throws Exception {
    engine =
        Engine.open(
            EngineConfig.defaults(folder.resolve("data"))
                .withFsync(FsyncPolicy.OS)
                .withRetention(30 * DAY)
                .withClock(() -> Instant.ofEpochMilli(now.get()))
                .withBackgroundThreads(false));
    for (long t = T + 2 * MINUTE; t <= now.get(); t += 2 * MINUTE) {
      write(t, "a", t / 1000.0, "b", 2 * (t / 1000 % 77));
    }
    engine.flush();
  }

  @AfterEach
  void close() throws Exception {
    engine.close();
    queries.close();
  }

  private static Labels series(String name) {
    return Labels.of("__name__", "x", "s", name);
  }

  private void write(long time, Object... namesAndValues) {
    WriteBatch batch = new WriteBatch();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      batch.add(
          series((String) namesAndValues[i]), time, ((Number) namesAndValues[i + 1]).doubleValue());
    }
    engine.append(batch, WriteMode.ALL_OR_NOTHING);
  }

  private QueryResult result(String query, long start, long end, long step, boolean cache) {
    try (Snapshot snapshot = engine.snapshot()) {
      QueryOptions options = QueryOptions.DEFAULT.withStoredAggregates(false).withCache(cache);
      return queries.range(snapshot, "", query, start, end, step, options);
    }
  }

  private List<Series> ask(String query, long start, long end, long step, boolean cache) {
    return ((Matrix) result(query, start, end, step, cache).value()).series();
  }

  /**
   * Asks with the cache, and compares with what is computed.
   *
   * @return how many steps were computed in spite of the cache
   */
  private long computed(String query, long start, long end, long step) {
    long before = queries.cacheStats().stepsComputed();
    QueryResult found = result(query, start, end, step, true);
    final long computed = queries.cacheStats().stepsComputed() - before;
    QueryResult expected = result(query, start, end, step, false);
    assertThat(found.warnings()).as(query).isEqualTo(expected.warnings());
    assertThat(found.infos()).as(query).isEqualTo(expected.infos());
    List<Series> cached = ((Matrix) found.value()).series();
    List<Series> fresh = ((Matrix) expected.value()).series();
    assertThat(cached).as(query).hasSameSizeAs(fresh);
    for (int i = 0; i < fresh.size(); i++) {
      assertThat(cached.get(i).labels()).as(query).isEqualTo(fresh.get(i).labels());
      assertThat(cached.get(i).times()).as(query).isEqualTo(fresh.get(i).times());
      long[] bits = new long[fresh.get(i).size()];
      long[] cachedBits = new long[bits.length];
      for (int k = 0; k < bits.length; k++) {
        FloatHistogram histogram = fresh.get(i).histogram(k);
        assertThat(cached.get(i).histogram(k)).as(query).isEqualTo(histogram);
        if (histogram == null) {
          bits[k] = Double.doubleToRawLongBits(fresh.get(i).values()[k]);
          cachedBits[k] = Double.doubleToRawLongBits(cached.get(i).values()[k]);
        }
      }
      assertThat(cachedBits).as("%s %s", query, cached.get(i).labels()).isEqualTo(bits);
    }
    return computed;
  }

  private long computed(String query) {
    return computed(query, T + HOUR, T + 3 * DAY, STEP);
  }

  private static final String RATE = "sum by (s) (max_over_time(x[10m]))";

  @Test
  void whatIsKnownIsReusedAndTheRestComputed() {
    long all = (3 * DAY - HOUR) / STEP + 1;
    assertThat(computed(RATE)).isEqualTo(all);
    // The settled time is five minutes ago: one step behind it.
    assertThat(computed(RATE)).isEqualTo(1);
    assertThat(computed("sum(max_over_time(x[10m]))by(s)")).isEqualTo(1);
    assertThat(computed(RATE, T + DAY, T + 2 * DAY, STEP)).isZero();
    assertThat(computed(RATE, T + 30 * MINUTE, T + 2 * HOUR, STEP)).isEqualTo(6);
    assertThat(computed(RATE, T + 20 * MINUTE, T + 2 * HOUR, STEP)).isEqualTo(2);
    // Another phase, step, lookback or expression is another question.
    assertThat(computed(RATE, T + DAY + 1, T + DAY + HOUR, STEP)).isEqualTo(12);
    assertThat(computed(RATE, T + DAY, T + DAY + HOUR, STEP / 5)).isEqualTo(61);
    assertThat(computed("x", T + DAY, T + DAY + HOUR, STEP)).isEqualTo(13);
    // Time goes on, samples come.
    now.addAndGet(HOUR);
    for (long t = now.get() - HOUR + MINUTE; t <= now.get(); t += MINUTE) {
      write(t, "a", 1, "b", 2);
    }
    assertThat(computed(RATE, T + HOUR, now.get(), STEP)).isEqualTo(13);
    assertThat(computed(RATE, T + HOUR, now.get(), STEP)).isEqualTo(1);
    assertThat(queries.cacheStats().bytes()).isPositive();
  }

  @Test
  void aLateSampleInvalidatesItsWindowAtOnce() {
    computed(RATE);
    write(T + DAY + 6 * HOUR + 1, "a", 9e9);
    long computed = computed(RATE);
    // The window of the second day, and the hours after it that reach into it.
    assertThat(computed).isBetween(STEPS_A_DAY, STEPS_A_DAY + 4);
    assertThat(computed(RATE)).isEqualTo(1);
    engine.flush();
    assertThat(computed(RATE)).isEqualTo(1);
    engine.mergeAll();
    assertThat(computed(RATE)).isEqualTo(1);
  }

  @Test
  void aNewSeriesInAnOldWindowIsSeenAtOnce() {
    computed("count(x)");
    write(T + 5 * HOUR, "new", 1);
    assertThat(computed("count(x)")).isBetween(23 * HOUR / STEP, 23 * HOUR / STEP + 4);
    assertThat(ask("max(count(x))", T + 5 * HOUR, T + 5 * HOUR, STEP, true).getFirst().values())
        .containsExactly(3);
    write(T - DAY + HOUR, "older", 1);
    assertThat(computed("count(x)", T - DAY, T + 3 * DAY, STEP)).isGreaterThan(STEPS_A_DAY);
  }

  @Test
  void undeletesAndCorrectionsInvalidate() {
    computed(RATE);
    TimeRange deleted = new TimeRange(T + DAY + HOUR, T + DAY + 2 * HOUR);
    long id = engine.delete("", List.of(Matcher.equal("s", "b")), deleted);
    computed(RATE); // which compares with what is computed afresh
    engine.undelete(id);
    assertThat(computed(RATE)).isBetween(13L, STEPS_A_DAY + 4);
    while (engine.runBackgroundWork()) {
      assertThat(computed(RATE)).isEqualTo(1);
    }
    WriteBatch batch = new WriteBatch();
    batch.add(Labels.of("__name__", "x", "s", "b"), T + DAY + HOUR, 1e6);
    engine.correct(batch);
    assertThat(computed(RATE)).isGreaterThan(1);
    while (engine.runBackgroundWork()) {
      assertThat(computed(RATE)).isEqualTo(1);
    }
    engine.mergeAll();
    assertThat(computed(RATE)).isEqualTo(1);
  }

  /** Takes some delete back, or overwrites a sample that may be there. */
  private void undeleteOrCorrect(Random random, long time, String metric, String series) {
    List<DeleteInfo> deletes = engine.deletes();
    if (!deletes.isEmpty() && random.nextBoolean()) {
      try {
        engine.undelete(deletes.get(random.nextInt(deletes.size())).id());
      } catch (UndeleteException e) {
        assertThat(e.known()).isTrue();
      }
      return;
    }
    WriteBatch batch = new WriteBatch();
    batch.add(Labels.of("__name__", metric, "s", series), time, random.nextInt(1000));
    engine.correct(batch);
  }

  @Test
  void deletesAndDroppedWindowsInvalidate() {
    computed(RATE);
    TimeRange deleted = new TimeRange(T + DAY + HOUR, T + DAY + 2 * HOUR);
    engine.delete("", List.of(Matcher.equal("s", "b")), deleted);
    long computed = computed(RATE);
    assertThat(computed).isBetween(13L, STEPS_A_DAY + 4);
    while (engine.runBackgroundWork()) {
      assertThat(computed(RATE)).isEqualTo(1);
    }
    assertThat(computed(RATE)).isEqualTo(1);
    engine.cleanTombstones();
    assertThat(computed(RATE)).isEqualTo(1);
    now.set(T + 32 * DAY); // the first days are over
    while (engine.runBackgroundWork()) {
      // until the windows are gone
    }
    assertThat(ask(RATE, T + HOUR, T + DAY - HOUR, STEP, false)).isEmpty();
    assertThat(computed(RATE)).isPositive();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "x offset 1d",
        "max_over_time(x[26h])",
        "x + on (s) (x @ %d)",
        "max_over_time(x[1h:10m] offset 30h)",
        "max_over_time((x offset 12h)[14h:1h])",
        "vector(1) + scalar(max(x offset 1d))",
        "absent(x{s=\"late\"} offset 1d)",
        "x{s=\"a\"} unless x{s=\"late\"} offset 1d",
        "max_over_time(x[1h] @ %d)",
        "max_over_time(x[1h:1m] @ %d)",
        "x offset -1d",
        "last_over_time(x[25h])",
        "x smoothed"
      })
  void whatAnExpressionReachesIntoCounts(String pattern) {
    String query = pattern.replace("%d", Long.toString((T + DAY - HOUR) / 1000));
    long start = query.contains("-1d") ? T + HOUR : T + DAY + HOUR;
    long end = query.contains("-1d") ? T + DAY : T + 2 * DAY;
    computed(query, start, end, STEP);
    assertThat(computed(query, start, end, STEP)).as(query).isZero();
    // At the end of the first day; the negative offset looks at the second.
    long late =
        query.contains("-1d") || query.contains("smoothed") ? T + DAY + 2 * HOUR : T + DAY - HOUR;
    write(late - 1, "late", 1e15);
    write(late - 1, "a", 1e12);
    assertThat(computed(query, start, end, STEP)).as(query).isPositive();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "x @ end()",
        "x + start()",
        "sum_over_time(x[range()])",
        "x offset (range() / 2)",
        "limitk(1, x)",
        "max_over_time(x[10m:1m] @ start())",
        "quantile(scalar(x{s='b'}), x)", // one warning for the greatest and one for the smallest
        "topk(1 + scalar(x{s='a'}) % 2, x @ 1728003600)", // the parameter of the first step
        "limit_ratio(0.5, x)",
        "max_over_time(x[1m:1m])" // the steps are five minutes apart
      })
  void whatMayDependOnTheBoundsIsNotKept(String query) {
    for (int i = 0; i < 3; i++) {
      computed(query, T + HOUR, T + (i + 2) * HOUR, STEP);
    }
    assertThat(queries.cacheStats().stepsReused()).isZero();
    assertThat(queries.cacheStats().blocks()).isZero();
  }

  /** A native histogram with so many observations. */
  private static Histogram histogram(long count) {
    return new Histogram(
        3,
        0.001,
        false,
        count,
        0,
        7.5 * count,
        0,
        new int[] {0, 2},
        new int[0],
        new long[] {count / 3, count - 2 * (count / 3)},
        new long[0],
        new double[0],
        new double[0],
        new double[0]);
  }

  private static void addHistogram(
      WriteBatch batch, Labels series, long time, Histogram histogram) {
    batch.addHistogram(batch.addSeries(series), time, histogram, 0);
  }

  /** Floats and histograms by turns of hours; buckets that are not monotonic at some minutes. */
  private void fillMore() {
    for (long t = T + DAY + 5 * MINUTE; t <= T + 2 * DAY; t += 5 * MINUTE) {
      long n = (t - T - DAY) / (5 * MINUTE);
      WriteBatch batch = new WriteBatch();
      addHistogram(batch, Labels.of("__name__", "h", "s", "a"), t, histogram(30 + n));
      if (n / 12 % 5 == 3) {
        batch.add(Labels.of("__name__", "h", "s", "mixed"), t, n);
      } else {
        addHistogram(batch, Labels.of("__name__", "h", "s", "mixed"), t, histogram(60 + n));
      }
      batch.add(Labels.of("__name__", "b", "le", "1"), t, n % 50 == 7 ? 3 * n : n);
      batch.add(Labels.of("__name__", "b", "le", "2"), t, 2.0 * n);
      batch.add(Labels.of("__name__", "b", "le", "+Inf"), t, 2.0 * n);
      if (n % 40 == 11 || n % 40 == 12) {
        batch.add(Labels.of("__name__", "rare", "s", "a"), t, n);
      }
      engine.append(batch, WriteMode.ALL_OR_NOTHING);
    }
  }

  private static final List<String> ANNOTATED =
      List.of(
          "rate(x[5m])",
          "sum by (s) (increase(rare[7m]))",
          "sum(rate(h[20m]))",
          "h",
          "avg by (s) (h)",
          "histogram_quantile(0.9, rate(h[15m]))",
          "histogram_quantile(0.9, b)",
          "histogram_quantile(time() % 86400 / 43200, b)",
          "max(h)",
          "topk(2, h)",
          "quantile(2, x)",
          "h + x",
          "h > 3",
          "sum_over_time(h[30m])",
          "quantile_over_time(time() % 86400 / 43200, x[15m])",
          "sort(x)",
          "sum(max_over_time(rate(rare[7m])[30m:5m] offset 10m))",
          "max_over_time(histogram_quantile(0.9, b)[10m:5m])",
          "rate(rare[7m] @ %d)",
          "absent(rate(rare[7m]))",
          "rare / on(s) group_left() rate(rare[7m])");

  @Test
  void annotationsAndHistogramsAreKeptWithTheirSteps() {
    fillMore();
    for (String pattern : ANNOTATED) {
      String query = pattern.replace("%d", Long.toString((T + DAY + 2 * HOUR) / 1000));
      computed(query, T + DAY + HOUR, T + DAY + 11 * HOUR, STEP);
      boolean bySteps = !query.startsWith("max_over_time(histogram_quantile");
      assertThat(computed(query, T + DAY + HOUR, T + DAY + 11 * HOUR, STEP))
          .as(query)
          .matches(steps -> (steps == 0) == bySteps);
      // Every stretch has the annotations of its own steps, and of no others.
      for (int hour = 0; hour < 12; hour += 3) {
        long from = T + DAY + hour * HOUR;
        computed(query, from, from, STEP);
        computed(query, from, from + HOUR, STEP);
        computed(query, from - 2 * HOUR, from + 3 * HOUR + STEP, STEP);
      }
    }
    // Spelt otherwise, they are at other places.
    String other = "sum by (s)  (  increase ( rare [7m] ) )";
    assertThat(computed(other, T + DAY + HOUR, T + DAY + 11 * HOUR, STEP)).isZero();
    assertThat(result(other, T + DAY + HOUR, T + DAY + 11 * HOUR, STEP, true).infos())
        .containsExactly(
            "PromQL info: metric might not be a counter, __type__ label is not set to"
                + " \"counter\" or \"histogram\", got \"\": \"rare\" (1:27)");
  }

  @Test
  void annotationsAndHistogramsFollowLateWritesAndDeletes() {
    fillMore();
    long seed = Seeds.usual(20_261_123L);
    Random random = new Random(seed);
    List<String> some = new ArrayList<>(ANNOTATED);
    Collections.shuffle(some, random);
    some = some.subList(0, 7);
    for (int i = 0; i < 120; i++) {
      long time = T + DAY + random.nextLong(DAY);
      switch (random.nextInt(13)) {
        case 12 ->
            undeleteOrCorrect(
                random, time, List.of("h", "rare", "x").get(random.nextInt(3)), "late");
        case 0 -> {
          WriteBatch batch = new WriteBatch();
          addHistogram(batch, Labels.of("__name__", "h", "s", "a"), time, histogram(1 + i));
          batch.add(Labels.of("__name__", "rare", "s", "late"), time, i);
          engine.append(batch, WriteMode.ALL_OR_NOTHING);
        }
        case 1 -> {
          WriteBatch batch = new WriteBatch();
          batch.add(Labels.of("__name__", "h", "s", "late"), time, i);
          batch.add(Labels.of("__name__", "b", "le", "1"), time, 100.0 * i);
          engine.append(batch, WriteMode.ALL_OR_NOTHING);
        }
        case 2 ->
            engine.delete(
                "",
                List.of(
                    Matcher.equal(
                        "__name__", List.of("h", "rare", "b", "x").get(random.nextInt(4)))),
                new TimeRange(time, time + random.nextLong(HOUR)));
        default -> {
          String query =
              some.get(random.nextInt(some.size()))
                  .replace("%d", Long.toString((T + DAY + 3 * HOUR) / 1000));
          long start = T + DAY - HOUR + random.nextLong(DAY / STEP) * STEP;
          try {
            computed(query, start, start + random.nextLong(8 * HOUR), STEP);
          } catch (AssertionError e) {
            throw new AssertionError("seed " + seed + ", query " + query + " at " + i, e);
          }
        }
      }
    }
    assertThat(queries.cacheStats().stepsReused()).as("seed %d", seed).isPositive();
  }

  @Test
  void memoryIsBounded() {
    try (QueryEngine small =
            new QueryEngine(
                new QueryEngine.Options(
                    0, 300_000, MINUTE, QueryLimits.DEFAULT, features(), 100_000));
        Snapshot snapshot = engine.snapshot()) {
      for (int i = 0; i < 50; i++) {
        small.range(
            snapshot,
            "",
            "x + " + i,
            T + HOUR,
            T + 2 * DAY,
            STEP,
            QueryOptions.DEFAULT.withCache(true));
        assertThat(small.cacheStats().bytes()).isLessThanOrEqualTo(100_000);
      }
      assertThat(small.cacheStats().blocks()).isPositive();
    }
  }

  @Test
  void anyHistoryOfWritesAndQueriesAnswersAsWithoutCache() {
    long seed = Seeds.usual(20_261_122L);
    Random random = new Random(seed);
    List<String> expressions =
        List.of(
            "x",
            "sum(x)",
            "max_over_time(x[3h])",
            "x offset 5h",
            "count(x) - count(x offset 1d)",
            "max_over_time(x[2h:7m])",
            "topk(1, x)",
            "timestamp(x)",
            "x + on (s) (x @ " + (T + DAY) / 1000 + ")",
            "absent(x{s=\"n3\"})",
            "quantile_over_time(0.4, x[1h]) > 50",
            "time() + hour()");
    List<String> done = new ArrayList<>(List.of("seed " + seed));
    for (int i = 0; i < 150; i++) {
      switch (random.nextInt(10)) {
        case 9 ->
            undeleteOrCorrect(
                random,
                T + random.nextLong(3 * DAY) / STEP * STEP,
                "x",
                random.nextBoolean() ? "a" : "n" + random.nextInt(5));
        case 0 -> write(T + random.nextLong(3 * DAY), "a", random.nextInt(1000));
        case 1 -> write(T + random.nextLong(3 * DAY), "n" + random.nextInt(5), i);
        case 2 -> {
          long from = T + random.nextLong(3 * DAY);
          engine.delete(
              "",
              List.of(Matcher.equal("s", "n" + random.nextInt(5))),
              new TimeRange(from, from + random.nextLong(6 * HOUR)));
        }
        case 3 -> {
          if (random.nextInt(4) == 0) {
            engine.flush();
          } else {
            now.addAndGet(random.nextLong(20 * MINUTE));
            write(now.get(), "a", i, "b", i);
          }
        }
        default -> {
          long step = STEP * (1 + random.nextInt(3));
          long start = T + random.nextLong(2 * DAY / step) * step;
          long end = start + random.nextLong(2 * DAY);
          String query = expressions.get(random.nextInt(expressions.size()));
          done.add(query + " " + start + " " + end + " " + step);
          try {
            computed(query, start, end, step);
          } catch (AssertionError e) {
            throw new AssertionError("seed " + seed + ", query " + done.getLast(), e);
          }
        }
      }
    }
    assertThat(queries.cacheStats().stepsReused()).as("seed %d", seed).isPositive();
  }

  @Test
  void whatIsAcknowledgedIsSeenByTheNextQuery() throws Exception {
    AtomicLong acknowledged = new AtomicLong();
    AtomicBoolean over = new AtomicBoolean();
    Thread writer =
        Thread.ofPlatform()
            .start(
                () -> {
                  for (long i = 1; !over.get(); i++) {
                    write(T + DAY, "late", i);
                    acknowledged.set(i);
                  }
                });
    try {
      long until = System.nanoTime() + 2_000_000_000L;
      while (System.nanoTime() < until) {
        long least = acknowledged.get();
        List<Series> found = ask("x{s=\"late\"}", T + DAY, T + DAY, STEP, true);
        if (least > 0) {
          assertThat(found.getFirst().values()[0]).isGreaterThanOrEqualTo(least);
        }
      }
    } finally {
      over.set(true);
      writer.join();
    }
    assertThat(computed("x{s=\"late\"}", T + DAY, T + DAY, STEP)).isLessThanOrEqualTo(1);
    assertThat(computed("x{s=\"late\"}", T + DAY, T + DAY, STEP)).isZero();
  }
}
