package io.varve.query;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.Seeds;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.StaleMarker;
import io.varve.query.QueryResult.Matrix;
import io.varve.query.QueryResult.Scalar;
import io.varve.query.QueryResult.Series;
import io.varve.query.QueryResult.Vector;
import io.varve.query.histogram.FloatHistogram;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What must hold for every query, over native histograms beside floats and with all that flags
 * switch on: a range query is instant queries at its steps, with their warnings and infos, later
 * samples give the same results later, and other label names and values give the same results under
 * these.
 */
final class MoreQueryLawsTest {
  private static final long SEED = Seeds.usual(20_261_122L);
  private static final long MINUTE = 60_000;
  private static final long START = 10 * MINUTE;
  private static final long END = 100 * MINUTE;
  private static final long STEP = 97_000;
  private static final long DAY = 1_440 * MINUTE; // a multiple of all steps of subqueries
  private static final MemorySnapshot DATA = data(0, "job", "");
  private static final MemorySnapshot LATER = data(DAY, "job", "");
  private static final MemorySnapshot RENAMED = data(0, "kob", "z");
  private static final QueryEngine ENGINE =
      new QueryEngine(
          new QueryEngine.Options(2, 5 * MINUTE, MINUTE, QueryLimits.DEFAULT, Feature.ofScripts()));

  @AfterAll
  static void close() {
    ENGINE.close();
  }

  static List<String> queries() {
    return List.of(
        "h",
        "h offset 3m",
        "rate(h[5m])",
        "increase(h[7m] offset 1m)",
        "delta(g[5m])",
        "irate(h[5m])",
        "idelta(g[5m])",
        "resets(h[20m])",
        "changes(h[20m])",
        "sum_over_time(h[5m])",
        "avg_over_time(g[5m])",
        "last_over_time(h[3m])",
        "first_over_time(h[3m])",
        "count_over_time(mixed[6m])",
        "last_over_time(mixed[6m])",
        "sum(h)",
        "sum by (job) (rate(h[5m]))",
        "avg by (job) (g)",
        "count(h)",
        "h + on (job, i) g",
        "g - on (job, i) h",
        "h * 3",
        "g / 2",
        "-g",
        "g == g",
        "h </ 4",
        "g >/ 1",
        "histogram_count(h)",
        "histogram_sum(rate(h[5m]))",
        "histogram_avg(g)",
        "histogram_stddev(h)",
        "histogram_quantile(0.9, h)",
        "histogram_quantile(0.5, sum(rate(h[5m])))",
        "histogram_fraction(0, 2, g)",
        "histogram_quantiles(h, \"q\", 0.1, 0.9)",
        "sum_over_time(h[6m:1m])",
        "max_over_time(histogram_count(h)[10m:45s])",
        "rate(sum(h)[10m:1m])",
        "custom",
        "rate(custom[5m])",
        "sum(custom)",
        "histogram_quantile(0.3, custom)",
        "mixed",
        "sum(mixed)",
        "rate(c[5m] anchored)",
        "increase(c[5m] smoothed)",
        "delta(c[5m] smoothed)",
        "changes(c[5m] anchored)",
        "c smoothed",
        "c + on (job, i) fill (0) h_count",
        "c + on (job, i) fill_left (1) fill_right (2) h_count",
        "count(limitk(2, c))",
        "limit_ratio(1, c)",
        "rate(c[2m*2])",
        "c offset (1m + 30s)",
        "label_replace(rate(c[5m]), \"x\", \"$1\", \"__name__\", \"(.*)\")",
        "sum by (__name__) (rate(c[5m]))",
        "mad_over_time(c[5m])",
        "max_of(scalar(sum(c)), 3)",
        "topk(2, c)",
        "quantile(0.3, c)",
        "c and on (job) (c > 100)",
        "rate(h[5m] anchored)",
        "increase(h[7m] smoothed)",
        "delta(g[5m] smoothed)",
        "h smoothed",
        "mixed smoothed",
        "rate(mixed[6m] smoothed)",
        "changes(mixed[9m] anchored)",
        "resets(h[20m] anchored)",
        "histogram_quantile(0.9, sum by (job) (increase(h[5m] smoothed)))",
        "h + on (job, i) fill (0) c",
        "c - on (job, i) fill_left (2) mixed",
        "mixed + on (job, i) c",
        "mixed * on (job, i) mixed",
        "mixed + on (job) group_left () h{i=\"0\"}",
        "mixed > bool on (job, i) c",
        "mixed </ 3",
        "mixed or 3 </ mixed",
        "3 + mixed",
        "max(mixed)",
        "avg by (job) (mixed)",
        "stddev(mixed)",
        "quantile(0.4, mixed)",
        "topk(1, mixed)",
        "limitk by (job) (1, mixed)",
        "count_values by (job) (\"v\", mixed)",
        "first_over_time(mixed[5m])",
        "max_over_time(mixed[6m])",
        "quantile_over_time(0.5, mixed[6m])",
        "rate(mixed[6m])",
        "h or mixed",
        "mixed unless on (job, i) (c > 50)",
        "absent_over_time(h{i=\"0\"}[15s])",
        "rate(s[5m])",
        "increase(s[7m])",
        "irate(s[3m])",
        "resets(s[9m])",
        "sum by (job) (rate(s[5m]))",
        "histogram_quantile(0.5, bucket)",
        "histogram_quantile(0.5, rate(bucket[5m]))",
        "histogram_fraction(0, 2, bucket)",
        "histogram_quantiles(bucket, \"q\", 0.1, 0.9)",
        "sum(histogram_quantile(0.5, bucket))");
  }

  /** Those that yield times, too. */
  static List<String> allQueries() {
    List<String> queries = new ArrayList<>(queries());
    queries.addAll(
        List.of("ts_of_last_over_time(mixed[5m])", "timestamp(h offset 2m)", "start_timestamp(s)"));
    return queries;
  }

  private static MemorySnapshot data(long shift, String job, String prefix) {
    Random random = new Random(SEED);
    MemorySnapshot data = new MemorySnapshot();
    for (String name : List.of("a", "b")) {
      for (int i = 0; i < 2; i++) {
        String[] labels = {job, prefix + name, "i", String.valueOf(i)};
        histograms(data, random, shift, "h", labels);
        histograms(data, random, shift, "g", labels);
        histograms(data, random, shift, "custom", labels);
        histograms(data, random, shift, "mixed", labels);
        floats(data, random, shift, "c", labels);
        floats(data, random, shift, "h_count", labels);
        started(data, random, shift, labels);
        for (String le : List.of("1", "2", "+Inf")) {
          String[] bucket = {labels[0], labels[1], "le", le};
          histograms(data, random, shift, "bucket", bucket);
        }
      }
    }
    return data;
  }

  private static Labels named(String metric, String[] labels) {
    return Labels.of("__name__", metric, labels[0], labels[1], labels[2], labels[3]);
  }

  private static void floats(
      MemorySnapshot data, Random random, long shift, String metric, String[] labels) {
    double value = 0;
    for (long time = 7_001; time < END; time += 15_000) {
      if (random.nextInt(50) == 0) {
        time += random.nextInt(25) * 15_000L;
      }
      value = random.nextInt(60) == 0 ? 0 : value + random.nextInt(9);
      data.add(
          named(metric, labels), shift + time, random.nextInt(90) == 0 ? StaleMarker.VALUE : value);
    }
  }

  /** Counters that tell when they began. */
  private static void started(MemorySnapshot data, Random random, long shift, String[] labels) {
    double value = 0;
    long start = 1_000;
    for (long time = 5_001; time < END; time += 15_000) {
      if (random.nextInt(25) == 0) {
        value = 0;
        start = time - random.nextInt(15_000);
      }
      value += random.nextInt(9);
      SampleColumns row = new SampleColumns(1);
      row.add(shift + time, value, shift + start);
      data.add(named("s", labels), row);
    }
  }

  private static void histograms(
      MemorySnapshot data, Random random, long shift, String metric, String[] labels) {
    int schema = metric.equals("custom") ? Histogram.CUSTOM_BUCKETS_SCHEMA : random.nextInt(3);
    double[] counts = new double[4];
    for (long time = 3_001; time < END; time += 20_000) {
      if (random.nextInt(50) == 0) {
        time += random.nextInt(25) * 20_000L;
      }
      if (random.nextInt(9) == 0 && (metric.equals("mixed") || metric.equals("bucket"))) {
        data.add(named(metric, labels), shift + time, random.nextInt(50));
        continue;
      }
      if (random.nextInt(40) == 0) {
        counts = new double[4];
      }
      double all = 0;
      for (int b = 0; b < counts.length; b++) {
        counts[b] += random.nextInt(5);
        all += counts[b];
      }
      SampleColumns row = new SampleColumns(1);
      row.add(
          shift + time,
          new Histogram(
              schema,
              schema < 0 ? 0 : 0.001,
              true,
              Double.doubleToRawLongBits(all),
              0,
              random.nextInt(70) == 0 ? StaleMarker.VALUE : all * 1.5,
              metric.equals("g") ? 3 : 0,
              new int[] {0, 4},
              new int[0],
              new long[0],
              new long[0],
              counts.clone(),
              new double[0],
              schema < 0 ? new double[] {0.5, 1, 2, 4} : new double[0]),
          0);
      data.add(named(metric, labels), row);
    }
  }

  /** Floats by their bits, histograms by their text. */
  private static String text(double value, @Nullable FloatHistogram histogram) {
    return histogram == null ? Long.toHexString(Double.doubleToLongBits(value)) : histogram + "";
  }

  /** Warnings and infos, without the numbers that some of them sum up. */
  private static Set<String> notes(QueryResult result) {
    Set<String> notes = new TreeSet<>(result.warnings());
    for (String info : result.infos()) {
      notes.add(info.replaceAll("from buckets .* \\(", "("));
    }
    return notes;
  }

  private static Map<Labels, Map<Long, String>> range(
      MemorySnapshot data, String query, long shift) {
    QueryResult result =
        ENGINE.range(data, "", query, START + shift, END + shift, STEP, QueryOptions.DEFAULT);
    Map<Labels, Map<Long, String>> points = new TreeMap<>();
    for (Series series : ((Matrix) result.value()).series()) {
      Map<Long, String> own = points.computeIfAbsent(series.labels(), key -> new TreeMap<>());
      for (int i = 0; i < series.size(); i++) {
        own.put(series.times()[i] - shift, text(series.values()[i], series.histogram(i)));
      }
    }
    return points;
  }

  @ParameterizedTest
  @MethodSource("allQueries")
  void aRangeQueryIsInstantQueriesAtItsSteps(String query) {
    Map<Labels, Map<Long, String>> expected = new TreeMap<>();
    Set<String> notes = new TreeSet<>();
    for (long time = START; time <= END; time += STEP) {
      QueryResult result = ENGINE.instant(DATA, "", query, time, QueryOptions.DEFAULT);
      notes.addAll(notes(result));
      if (result.value() instanceof Scalar scalar) {
        expected
            .computeIfAbsent(Labels.EMPTY, key -> new TreeMap<>())
            .put(time, text(scalar.value(), null));
        continue;
      }
      Vector vector = (Vector) result.value();
      for (int i = 0; i < vector.size(); i++) {
        expected
            .computeIfAbsent(vector.labels()[i], key -> new TreeMap<>())
            .put(time, text(vector.values()[i], vector.histogram(i)));
      }
    }
    assertThat(range(DATA, query, 0)).as("seed %d", SEED).isEqualTo(expected);
    assertThat(expected).as("a law about nothing").isNotEmpty();
    QueryResult whole = ENGINE.range(DATA, "", query, START, END, STEP, QueryOptions.DEFAULT);
    assertThat(notes(whole)).as("seed %d", SEED).isEqualTo(notes);
  }

  @ParameterizedTest
  @MethodSource("queries")
  void laterSamplesGiveTheSameLater(String query) {
    assertThat(range(LATER, query, DAY)).as("seed %d", SEED).isEqualTo(range(DATA, query, 0));
  }

  @ParameterizedTest
  @MethodSource("queries")
  void otherLabelsGiveTheSameUnderThese(String query) {
    Map<Labels, Map<Long, String>> expected = new TreeMap<>();
    range(DATA, query, 0)
        .forEach(
            (labels, points) -> {
              Labels.Builder renamed = new Labels.Builder(labels);
              if (labels.has("job")) {
                renamed.remove("job").add("kob", "z" + labels.get("job"));
              }
              expected.put(renamed.build(), points);
            });
    assertThat(range(RENAMED, query.replaceAll("\\bjob\\b", "kob"), 0))
        .as("seed %d", SEED)
        .isEqualTo(expected);
  }
}
