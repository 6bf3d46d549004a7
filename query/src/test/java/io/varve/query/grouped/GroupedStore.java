package io.varve.query.grouped;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.AggregateRule;
import io.varve.engine.Engine;
import io.varve.engine.EngineConfig;
import io.varve.engine.FsyncPolicy;
import io.varve.engine.Grouping;
import io.varve.engine.Snapshot;
import io.varve.engine.WriteMode;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.StaleMarker;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import io.varve.query.Cancellation;
import io.varve.query.QueryEngine;
import io.varve.query.QueryOptions;
import io.varve.query.QueryResult;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/** A store with grouped aggregates, and queries that are to be answered alike with and without. */
final class GroupedStore implements AutoCloseable {
  static final long HOUR = 3_600_000;
  static final long MINUTE = 60_000;
  static final long WINDOW = 4 * HOUR;
  static final long ORIGIN = 1_750_000_000_000L / WINDOW * WINDOW;

  private static final List<String> FUNCTIONS =
      List.of(
          "rate",
          "increase",
          "sum_over_time",
          "count_over_time",
          "min_over_time",
          "max_over_time",
          "avg_over_time",
          "last_over_time");
  private static final List<String> AGGREGATIONS =
      List.of("sum", "min", "max", "count", "avg", "group");

  static final List<AggregateRule> RULES =
      List.of(
          new AggregateRule("cells", null, List.of(), List.of(10 * MINUTE)),
          rule("by_job", false, List.of("job", "zone"), 10 * MINUTE, HOUR),
          rule("without_n", true, List.of("n"), 20 * MINUTE));

  static AggregateRule rule(String name, boolean without, List<String> labels, Long... steps) {
    return new AggregateRule(
        name,
        null,
        List.of(Matcher.equal("__name__", "x_total")),
        List.of(steps),
        new Grouping(
            without,
            labels,
            GroupedColumn.names(GroupedColumn.AGGREGATIONS, GroupedColumn.FUNCTIONS)));
  }

  final Random random;
  final QueryEngine queries = new QueryEngine(QueryEngine.Options.DEFAULT);
  UnaryOperator<EngineConfig> configuration;
  private final Path dir;
  Engine engine;
  GroupedUpkeep upkeep;
  long now = ORIGIN;
  List<AggregateRule> rules = RULES;
  private final double[] counters = new double[12];

  GroupedStore(Path dir, Random random, UnaryOperator<EngineConfig> configuration)
      throws IOException {
    this.dir = dir;
    this.random = random;
    this.configuration = configuration;
    open();
  }

  void open() throws IOException {
    engine =
        Engine.open(
            configuration.apply(
                EngineConfig.defaults(dir)
                    .withWindow(WINDOW, HOUR)
                    .withFsync(FsyncPolicy.OS)
                    .withBackgroundThreads(false)
                    .withClock(() -> Instant.ofEpochMilli(now))));
    engine.aggregate(rules, 0);
    upkeep = new GroupedUpkeep(engine, queries);
  }

  @Override
  public void close() throws IOException {
    queries.close();
    engine.close();
  }

  /** Samples of all series up to a time from now, minute by minute. */
  void write(long minutes) {
    for (long minute = 0; minute < minutes; minute++) {
      WriteBatch batch = new WriteBatch();
      for (int s = 0; s < counters.length; s++) {
        if (s == 3 && now / (90 * MINUTE) % 2 == 1) {
          continue; // a gap
        }
        int row = batch.addSeries(labels(s));
        for (int k = 0; k < 2; k++) {
          boolean reset = random.nextInt(300) == 0;
          counters[s] = reset ? 0 : counters[s] + random.nextInt(50) / (s == 1 ? 8.0 : 1);
          double value = s == 4 && random.nextInt(200) == 0 ? StaleMarker.VALUE : counters[s];
          add(batch, row, now + k * 30_000L + 1 + s * 100L, value);
        }
      }
      now += MINUTE;
      assertThat(engine.append(batch, WriteMode.ALL_OR_NOTHING).rejected()).isZero();
      if (minute % 30 == 0) {
        engine.runBackgroundWork();
      }
    }
  }

  static Labels labels(int s) {
    return Labels.of(
        "__name__",
        s == 11 ? "y_total" : "x_total",
        "job",
        "j" + s % 3,
        "n",
        Integer.toString(s),
        "zone",
        s % 4 == 0 ? "" : "z" + s % 2);
  }

  static void add(WriteBatch batch, int row, long time, double value) {
    batch.addSample(row, time, Double.doubleToRawLongBits(value), 0);
  }

  /** Other values in place of some of a series, or between them. */
  void correct() {
    WriteBatch batch = new WriteBatch();
    int s = random.nextInt(counters.length);
    int row = batch.addSeries(labels(s));
    long minute = random.nextLong(Math.max(1, now - ORIGIN)) / MINUTE;
    for (int i = 0; i < 1 + random.nextInt(4); i++) {
      long time = ORIGIN + (minute + i) * MINUTE + 1 + s * 100L;
      add(batch, row, time, random.nextInt(10_000));
    }
    engine.correct(batch);
  }

  /** Deletes some series in a range; gives the delete's id. */
  long delete() {
    long start = ORIGIN + random.nextLong(Math.max(1, now - ORIGIN));
    long end = random.nextInt(3) == 0 ? Long.MAX_VALUE : start + random.nextLong(2 * WINDOW);
    Matcher matcher =
        switch (random.nextInt(4)) {
          case 0 -> Matcher.equal("job", "j" + random.nextInt(3));
          case 1 -> Matcher.equal("zone", "");
          default -> Matcher.equal("n", Integer.toString(random.nextInt(counters.length)));
        };
    return engine.delete("", List.of(matcher), new TimeRange(start, end));
  }

  /** Other rules, which want some of the same tables. */
  void redefine() {
    rules =
        switch (random.nextInt(3)) {
          case 0 -> RULES;
          case 1 -> List.of(rule("other", false, List.of("job", "zone"), HOUR));
          default ->
              List.of(
                  RULES.get(0),
                  rule("all", false, List.of(), 20 * MINUTE, 2 * HOUR),
                  rule("without_n", true, List.of("n"), 20 * MINUTE, HOUR));
        };
    engine.aggregate(rules, 0);
  }

  /** Some samples that come late; at places where there are none. */
  void late() {
    WriteBatch batch = new WriteBatch();
    int row = batch.addSeries(labels(random.nextInt(counters.length)));
    long time = ORIGIN + random.nextLong(Math.max(1, now - ORIGIN)) + 7;
    for (int i = 0; i < 3; i++) {
      add(batch, row, time + i * 1000L, 1e6 + random.nextInt(1000));
    }
    engine.append(batch, WriteMode.ALL_OR_NOTHING);
  }

  /** Cells and tables are made as far as they can be. */
  void settle() {
    while (engine.runBackgroundWork()) {
      // until all is done
    }
    while (upkeep.derive(now, new Cancellation())) {
      // until all is done
    }
  }

  /** Compares many queries; tells how many were answered from tables, at least in part. */
  int compareMany(int rounds) {
    int used = 0;
    for (int round = 0; round < rounds; round++) {
      long unit = List.of(10 * MINUTE, 20 * MINUTE, HOUR).get(random.nextInt(3));
      long range = random.nextInt(3) > 0 ? unit : unit * (1 + random.nextInt(12));
      long offset = random.nextInt(4) == 0 ? unit * random.nextInt(5) : 0;
      long end = ORIGIN + random.nextLong((now - ORIGIN) / HOUR + 3) * HOUR;
      end += random.nextInt(6) == 0 ? 7_000 : 0;
      String pin = random.nextInt(8) == 0 ? " @ " + end / 1000 : "";
      String function = FUNCTIONS.get(random.nextInt(FUNCTIONS.size()));
      String aggregation = AGGREGATIONS.get(random.nextInt(AGGREGATIONS.size()));
      String query =
          aggregation
              + grouping()
              + "("
              + function
              + "("
              + selector()
              + "["
              + range / 1000
              + "s]"
              + (offset > 0 ? " offset " + offset / 1000 + "s" : "")
              + pin
              + "))";
      if (random.nextInt(10) == 0) {
        query = "max_over_time((" + query + ")[" + 3 * unit / 1000 + "s:" + unit / 1000 + "s])";
      }
      long step = random.nextInt(4) == 0 ? 0 : unit * (1 + random.nextInt(4));
      step += step > 0 && random.nextInt(8) == 0 ? 30_000 : 0;
      long start = step == 0 ? end : end - step * random.nextInt(30);
      used += compare(query, start, end, step) ? 1 : 0;
    }
    return used;
  }

  private String grouping() {
    return List.of(
            "",
            " by (job)",
            " by (zone)",
            " by (job, zone)",
            " by (n)",
            " without (n)",
            " without (n, zone)",
            " without (job, n, zone)",
            " without (zone)")
        .get(random.nextInt(9));
  }

  private String selector() {
    return List.of(
            "x_total",
            "x_total",
            "x_total",
            "x_total{job=\"j1\"}",
            "x_total{zone=~\"z.*\"}",
            "x_total{job!=\"j0\",zone=\"\"}",
            "x_total{n=~\"1|2|3\"}",
            "y_total",
            "{__name__=~\"x.*\"}")
        .get(random.nextInt(9));
  }

  /** True if tables were used. */
  boolean compare(String query, long start, long end, long step) {
    try (Snapshot snapshot = engine.snapshot()) {
      QueryResult expected =
          ask(snapshot, query, start, end, step, QueryOptions.DEFAULT.withStoredAggregates(false));
      QueryResult found =
          ask(snapshot, query, start, end, step, QueryOptions.DEFAULT.withExplain(true));
      String context = query + " from " + start + " to " + end + " by " + step;
      TreeMap<String, Double> a = values(expected);
      TreeMap<String, Double> b = values(found);
      assertThat(b.keySet()).as(context).isEqualTo(a.keySet());
      boolean exact = query.matches(".*(min|max|count|group)[^(]*\\(.*") && query.contains("count");
      a.forEach(
          (place, value) -> {
            double other = b.getOrDefault(place, Double.NaN); // it is there, as was just asserted
            if (!Double.isFinite(value) || exact) {
              assertThat(other).as(context + place).isEqualTo(value);
            } else {
              assertThat(Math.abs(value - other))
                  .as(context + place + ": " + other + " for " + value)
                  .isLessThanOrEqualTo(1e-9 * Math.abs(value));
            }
          });
      assertThat(found.infos()).as(context).isEqualTo(expected.infos());
      assertThat(found.warnings()).as(context).isEqualTo(expected.warnings());
      return found.stats().storedCells() > 0
          && found.explanation().toString().contains("grouped aggregate");
    }
  }

  QueryResult ask(
      Snapshot snapshot, String query, long start, long end, long step, QueryOptions options) {
    return step == 0
        ? queries.instant(snapshot, "", query, end, options)
        : queries.range(snapshot, "", query, start, end, step, options);
  }

  static TreeMap<String, Double> values(QueryResult result) {
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
