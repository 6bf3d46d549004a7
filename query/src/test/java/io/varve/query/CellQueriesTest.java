package io.varve.query;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.AggregateRule;
import io.varve.engine.CellPart;
import io.varve.engine.Engine;
import io.varve.engine.EngineConfig;
import io.varve.engine.FsyncPolicy;
import io.varve.engine.Seeds;
import io.varve.engine.Snapshot;
import io.varve.engine.WriteMode;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.StaleMarker;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With continuous aggregates every query must answer what it answers from the samples. */
final class CellQueriesTest {
  private static final long HOUR = 3_600_000;
  private static final long ORIGIN = 1_750_000_000_000L / HOUR * HOUR;
  private static final List<String> FUNCTIONS =
      List.of(
          "rate",
          "increase",
          "delta",
          "resets",
          "sum_over_time",
          "avg_over_time",
          "min_over_time",
          "max_over_time",
          "count_over_time");

  @TempDir Path dir;
  private final QueryEngine queries = new QueryEngine(QueryEngine.Options.DEFAULT);
  private final Random random = new Random(Seeds.usual(7));
  private long now = ORIGIN;
  private Engine engine;

  @BeforeEach
  void fill() throws IOException {
    engine =
        Engine.open(
            EngineConfig.defaults(dir)
                .withWindow(HOUR, HOUR / 4)
                .withFsync(FsyncPolicy.OS)
                .withBackgroundThreads(false)
                .withClock(() -> Instant.ofEpochMilli(now)));
    engine.aggregate(
        List.of(
            new AggregateRule("all", null, List.of(), List.of(60_000L, 300_000L)),
            new AggregateRule(
                "hours",
                "",
                List.of(Matcher.equal("kind", "counter")),
                List.of(HOUR),
                Set.of(CellPart.RESETS))),
        60_000);
    double[] counters = new double[6];
    for (int minute = 0; minute < 26 * 60; minute++) {
      WriteBatch batch = new WriteBatch();
      for (int s = 0; s < 12; s++) {
        write(batch, s, minute, counters);
      }
      now = ORIGIN + (minute + 1) * 60_000L;
      engine.append(batch, WriteMode.ALL_OR_NOTHING);
      if (minute % 20 == 0) {
        engine.runBackgroundWork();
      }
    }
  }

  /**
   * Counters that are reset at times, gauges, gaps; one with a NaN, one that comes late at times.
   */
  private void write(WriteBatch batch, int s, int minute, double[] counters) {
    boolean counter = s < counters.length;
    if (s == 3 && minute / 90 % 2 == 1) {
      return; // a gap of 90 minutes
    }
    int row =
        batch.addSeries(
            Labels.of(
                "__name__", "x", "kind", counter ? "counter" : "gauge", "n", Integer.toString(s)));
    for (int k = 0; k < 4; k++) {
      long time = ORIGIN + minute * 60_000L + k * 15_000L + 1 + s * 100L;
      if (s == 5 && minute % 200 == 199) {
        time -= 3 * HOUR; // late
      }
      double value;
      if (counter) {
        counters[s] =
            random.nextInt(400) == 0 ? 0 : counters[s] + random.nextInt(50) / (s == 1 ? 8.0 : 1);
        value = counters[s];
      } else {
        value = s == 7 ? 3.5 : Math.rint(1e3 * random.nextGaussian()) / 100;
      }
      if (s == 8 && minute == 700) {
        value = Double.NaN;
      }
      if (s == 4 && minute % 300 == 0) {
        value = StaleMarker.VALUE;
      }
      batch.addSample(row, time, Double.doubleToRawLongBits(value), 0);
    }
  }

  @AfterEach
  void close() throws IOException {
    queries.close();
    engine.close();
  }

  @Test
  void allModesAnswerAlike() {
    int used = compareMany(150);
    assertThat(used).as("queries that cells were used for").isGreaterThan(40);
    engine.delete(
        "", List.of(Matcher.equal("n", "2")), new TimeRange(ORIGIN + 5 * HOUR, ORIGIN + 7 * HOUR));
    compareMany(100);
    engine.mergeAll();
    while (engine.runBackgroundWork()) {
      // until all cells are made
    }
    compareMany(150);
  }

  private int compareMany(int rounds) {
    int used = 0;
    for (int round = 0; round < rounds; round++) {
      String function = FUNCTIONS.get(random.nextInt(FUNCTIONS.size()));
      long unit = List.of(60L, 300L, 3600L).get(random.nextInt(3));
      long range = unit * (1 + random.nextInt(unit == 3600 ? 12 : 40));
      long offset = random.nextInt(3) == 0 ? unit * random.nextInt(5) : 0;
      String selector = random.nextBoolean() ? "x" : "x{kind=\"counter\"}";
      String query =
          function
              + "("
              + selector
              + "["
              + range
              + "s]"
              + (offset > 0 ? " offset " + offset + "s" : "")
              + ")";
      long end = ORIGIN + random.nextInt(28) * HOUR + (random.nextInt(4) == 0 ? 7_000 : 0);
      long step = random.nextInt(4) == 0 ? 0 : unit * 1000 * (1 + random.nextInt(10));
      long start = step == 0 ? end : end - step * random.nextInt(30);
      used += compare(query, start, end, step) ? 1 : 0;
    }
    return used;
  }

  /** True if cells were used. */
  private boolean compare(String query, long start, long end, long step) {
    try (Snapshot snapshot = engine.snapshot()) {
      QueryOptions samplesOnly = QueryOptions.DEFAULT.withStoredAggregates(false);
      QueryResult expected = ask(snapshot, query, start, end, step, samplesOnly);
      QueryResult found = ask(snapshot, query, start, end, step, QueryOptions.DEFAULT);
      String context = query + " from " + start + " to " + end + " by " + step;
      TreeMap<String, Double> a = values(expected);
      TreeMap<String, Double> b = values(found);
      assertThat(b.keySet()).as(context).isEqualTo(a.keySet());
      a.forEach(
          (place, value) -> {
            double other = b.getOrDefault(place, Double.NaN); // it is there, as was just asserted
            if (Double.isNaN(value)) {
              assertThat(other).as(context + place).isNaN();
            } else {
              // Sums of values of both signs may be nothing beside what they are made of.
              double scale = Math.max(Math.abs(value), query.startsWith("sum") ? 1e-3 : 0);
              assertThat(Math.abs(value - other))
                  .as(context + place + ": " + other + " for " + value)
                  .isLessThanOrEqualTo(1e-9 * scale);
            }
          });
      return found.stats().storedCells() > 0;
    }
  }

  private QueryResult ask(
      Snapshot snapshot, String query, long start, long end, long step, QueryOptions options) {
    return step == 0
        ? queries.instant(snapshot, "", query, end, options)
        : queries.range(snapshot, "", query, start, end, step, options);
  }

  private static TreeMap<String, Double> values(QueryResult result) {
    TreeMap<String, Double> values = new TreeMap<>();
    switch (result.value()) {
      case QueryResult.Vector vector -> {
        for (int i = 0; i < vector.size(); i++) {
          values.put(vector.labels()[i] + " ", vector.values()[i]);
        }
      }
      case QueryResult.Matrix matrix -> {
        for (QueryResult.Series series : matrix.series()) {
          for (int i = 0; i < series.times().length; i++) {
            values.put(series.labels() + " " + series.times()[i], series.values()[i]);
          }
        }
      }
      case QueryResult.Scalar _, QueryResult.StringResult _ ->
          throw new AssertionError("a vector or matrix is expected");
    }
    return values;
  }
}
