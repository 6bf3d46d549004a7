package io.varve.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.varve.engine.Seeds;
import io.varve.engine.model.Labels;
import io.varve.engine.model.StaleMarker;
import io.varve.query.QueryResult.Matrix;
import io.varve.query.QueryResult.Scalar;
import io.varve.query.QueryResult.Series;
import io.varve.query.QueryResult.Vector;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What must hold for every query, over random series with gaps, resets, NaN and stale markers. */
class QueryLawsTest {
  private static final long SEED = Seeds.usual(20_261_121L);
  private static final long MINUTE = 60_000;
  private static final MemorySnapshot DATA = data(new Random(SEED));
  private static final QueryEngine ALONE = engine(0);
  private static final QueryEngine TOGETHER = engine(4);

  private static QueryEngine engine(int threads) {
    return new QueryEngine(
        new QueryEngine.Options(threads, 300_000, 60_000, QueryLimits.DEFAULT, Feature.all()));
  }

  @AfterAll
  static void close() {
    ALONE.close();
    TOGETHER.close();
  }

  static List<String> queries() {
    return List.of(
        "up",
        "requests_total",
        "{job=~\"a|b\"}",
        "requests_total offset 3m",
        "requests_total offset -3m",
        "requests_total @ 3000",
        "requests_total @ 3000 offset 2m",
        "timestamp(requests_total)",
        "timestamp(requests_total @ 3000)",
        "timestamp(requests_total @ 3000 offset 2m)",
        "timestamp(requests_total @ 3000 offset -2m)",
        "rate(requests_total[5m])",
        "increase(requests_total[7m] offset 1m)",
        "delta(temperature[5m])",
        "irate(requests_total[5m])",
        "idelta(temperature[5m])",
        "deriv(temperature[10m])",
        "predict_linear(temperature[10m], 600)",
        "predict_linear(temperature[10m] @ 3000, 600)",
        "resets(requests_total[20m])",
        "changes(temperature[20m])",
        "avg_over_time(temperature[7m])",
        "sum_over_time(temperature[7m])",
        "min_over_time(temperature[7m])",
        "max_over_time(temperature[7m])",
        "count_over_time(temperature[7m])",
        "stddev_over_time(temperature[7m])",
        "stdvar_over_time(temperature[7m])",
        "quantile_over_time(0.9, temperature[7m])",
        "quantile_over_time(scalar(up{job=\"a\", instance=\"0\"}), temperature[7m])",
        "mad_over_time(temperature[7m])",
        "double_exponential_smoothing(temperature[7m], 0.3, 0.6)",
        "first_over_time(temperature[7m])",
        "last_over_time(temperature[7m])",
        "present_over_time(temperature[90s])",
        "absent_over_time(temperature{job=\"a\", instance=\"1\"}[90s])",
        "ts_of_max_over_time(temperature[7m])",
        "ts_of_min_over_time(temperature[7m])",
        "ts_of_first_over_time(temperature[7m])",
        "ts_of_last_over_time(temperature[7m])",
        "absent(up{job=\"a\", instance=\"1\"})",
        "rate(requests_total[5m:30s])",
        "max_over_time(rate(requests_total[5m])[20m:])",
        "max_over_time((temperature > 0)[20m:45s] offset 1m)",
        "sum_over_time(vector(time())[5m:1m])",
        "sum_over_time((up @ 3000)[5m:1m])",
        "avg_over_time(temperature[10m:1m] @ 3000)",
        "sum(temperature)",
        "sum by (job) (rate(requests_total[5m]))",
        "avg without (instance) (temperature)",
        "min by (job) (temperature)",
        "max by (job) (temperature)",
        "count by (job) (temperature)",
        "group by (job) (temperature)",
        "stddev by (job) (temperature)",
        "stdvar(temperature)",
        "quantile by (job) (0.7, temperature)",
        "topk(2, temperature)",
        "bottomk by (job) (1, temperature)",
        "topk(1 + (time() / 1000) % 3, temperature)",
        "count_values(\"value\", up)",
        "count_values by (job) (\"value\", round(temperature, 50))",
        "temperature * 2",
        "2 ^ -abs(up)",
        "temperature > 10",
        "10 > temperature",
        "temperature > bool 10",
        "-temperature",
        "requests_total / on(job, instance) temperature",
        "requests_total * on(job, instance) group_right up",
        "temperature * on(job) group_left sum by (job) (up)",
        "temperature % on(job, instance) (up * 7)",
        "temperature >= on(job, instance) up",
        "temperature and on(job, instance) (up == 1)",
        "temperature or requests_total",
        "temperature unless on(job, instance) (up == 1)",
        "-temperature or -requests_total",
        "scalar(temperature{job=\"a\", instance=\"0\"})",
        "vector(scalar(up{job=\"a\", instance=\"1\"}))",
        "time() * 2",
        "clamp(temperature, -5, scalar(up{job=\"a\", instance=\"0\"}) * 5)",
        "clamp_min(temperature, 1)",
        "round(temperature, 0.5)",
        "hour()",
        "day_of_week(temperature * 100000)",
        "sgn(temperature)",
        "label_replace(temperature, \"x\", \"$1\", \"instance\", \"(.).*\")",
        "label_join(temperature, \"x\", \"-\", \"job\", \"instance\")",
        "histogram_quantile(0.9, latency_bucket)",
        "histogram_quantile(0.9, sum by (le) (rate(latency_bucket[5m])))",
        "histogram_quantile(scalar(up{job=\"a\", instance=\"0\"}), latency_bucket)",
        "histogram_quantiles(latency_bucket, \"q\", 0.5, 0.9)",
        "histogram_fraction(0.1, 1, latency_bucket)",
        "histogram_count(latency_bucket) or up",
        "sort(temperature) > 0",
        "(temperature + temperature) / (up + 1)",
        "sum(temperature) / count(temperature)");
  }

  private static MemorySnapshot data(Random random) {
    MemorySnapshot data = new MemorySnapshot();
    for (String job : new String[] {"a", "b", "c"}) {
      for (int instance = 0; instance < 3; instance++) {
        String i = String.valueOf(instance);
        long jitter = random.nextInt(15_000);
        double counter = 0;
        double temperature = 20 * random.nextGaussian();
        double[] buckets = new double[4];
        for (int k = 0; k < 480; k++) {
          long time = jitter + k * 15_000L + random.nextInt(5) - 2;
          if (random.nextInt(60) == 0) {
            data.add(
                Labels.of("__name__", "up", "job", job, "instance", i), time, StaleMarker.VALUE);
            data.add(
                Labels.of("__name__", "temperature", "job", job, "instance", i),
                time,
                StaleMarker.VALUE);
            k += random.nextInt(25); // a gap, sometimes longer than the lookback
            continue;
          }
          counter = random.nextInt(50) == 0 ? 0 : counter + random.nextInt(20);
          temperature += random.nextGaussian();
          double shown =
              switch (random.nextInt(80)) {
                case 0 -> Double.NaN;
                case 1 -> random.nextBoolean() ? Double.POSITIVE_INFINITY : -0.0;
                case 2 -> 1e300 * random.nextGaussian();
                default -> temperature;
              };
          data.add(
              Labels.of("__name__", "up", "job", job, "instance", i),
              time,
              random.nextInt(5) == 0 ? 0 : 1);
          data.add(
              Labels.of("__name__", "requests_total", "job", job, "instance", i), time, counter);
          data.add(Labels.of("__name__", "temperature", "job", job, "instance", i), time, shown);
          double more = 0;
          for (int b = 0; b < buckets.length; b++) {
            more += random.nextInt(4);
            buckets[b] += more;
            data.add(
                Labels.of(
                    "__name__",
                    "latency_bucket",
                    "job",
                    job,
                    "instance",
                    i,
                    "le",
                    b == 3 ? "+Inf" : String.valueOf(0.1 * Math.pow(10, b))),
                time,
                buckets[b]);
          }
        }
      }
    }
    return data;
  }

  private static Map<Labels, Map<Long, Long>> points(Matrix matrix) {
    Map<Labels, Map<Long, Long>> points = new TreeMap<>();
    for (Series series : matrix.series()) {
      Map<Long, Long> own = points.computeIfAbsent(series.labels(), key -> new TreeMap<>());
      for (int i = 0; i < series.size(); i++) {
        own.put(series.times()[i], Double.doubleToLongBits(series.values()[i]));
      }
    }
    return points;
  }

  private static QueryResult range(QueryEngine engine, String query, QueryOptions options) {
    return engine.range(DATA, "", query, 0, 125 * MINUTE, 97_000, options);
  }

  @ParameterizedTest
  @MethodSource("queries")
  void aRangeQueryIsInstantQueriesAtItsSteps(String query) {
    Map<Labels, Map<Long, Long>> expected = new TreeMap<>();
    for (long time = 0; time <= 125 * MINUTE; time += 97_000) {
      QueryResult result = ALONE.instant(DATA, "", query, time, QueryOptions.DEFAULT);
      if (result.value() instanceof Scalar scalar) {
        expected
            .computeIfAbsent(Labels.EMPTY, key -> new TreeMap<>())
            .put(time, Double.doubleToLongBits(scalar.value()));
      } else {
        Vector vector = (Vector) result.value();
        for (int i = 0; i < vector.size(); i++) {
          expected
              .computeIfAbsent(vector.labels()[i], key -> new TreeMap<>())
              .put(time, Double.doubleToLongBits(vector.values()[i]));
        }
      }
    }
    Matrix matrix = (Matrix) range(ALONE, query, QueryOptions.DEFAULT).value();
    assertThat(points(matrix)).as("seed %d", SEED).isEqualTo(expected);
    assertThat(matrix.series()).noneMatch(series -> series.size() == 0);
    assertThat(expected).as("a law about nothing").isNotEmpty();
  }

  @ParameterizedTest
  @MethodSource("queries")
  void threadsDoNotChangeTheResult(String query) {
    QueryResult alone = range(ALONE, query, QueryOptions.DEFAULT);
    QueryResult together = range(TOGETHER, query, QueryOptions.DEFAULT);
    assertThat(points((Matrix) together.value())).isEqualTo(points((Matrix) alone.value()));
    assertThat(together.warnings()).isEqualTo(alone.warnings());
    assertThat(together.infos()).isEqualTo(alone.infos());
  }

  @Test
  void storedAggregatesAnswerWithin1e9() {
    Random random = new Random(SEED);
    MemorySnapshot data = new MemorySnapshot();
    for (int s = 0; s < 5; s++) {
      Labels labels = Labels.of("__name__", "x_total", "s", String.valueOf(s));
      double counter = 0;
      for (long time = 0; time < 3 * 86_400_000L; time += 60_000) {
        counter = random.nextInt(500) == 0 ? 0 : counter + random.nextDouble();
        data.add(labels, time + s, random.nextInt(300) == 0 ? StaleMarker.VALUE : counter);
      }
    }
    for (String function :
        List.of(
            "rate",
            "increase",
            "delta",
            "resets",
            "sum_over_time",
            "avg_over_time",
            "min_over_time",
            "max_over_time",
            "count_over_time")) {
      String query = function + "(x_total[1d] offset 1h)";
      long end = 3 * 86_400_000L;
      storedAndSamplesAgree(data, query, 0, end, 6 * 3_600_000L);
      // Windows that have most in common, the first of them from before all samples on, or with
      // the last one behind them.
      storedAndSamplesAgree(data, query, end - 6 * 3_600_000L, end - 3_600_000L, 7 * 60_000);
      storedAndSamplesAgree(data, query, 20 * 3_600_000L, 30 * 3_600_000L, 41_000);
      storedAndSamplesAgree(data, query, end + 3_600_000L, end + 8 * 3_600_000L, 3_600_000L);
    }
  }

  private static void storedAndSamplesAgree(
      MemorySnapshot data, String query, long start, long end, long step) {
    data.aggregatesAnswered = 0;
    QueryResult stored = TOGETHER.range(data, "", query, start, end, step, QueryOptions.DEFAULT);
    assertThat(data.aggregatesAnswered).as(query).isPositive();
    assertThat(stored.stats().storedBlocks()).isPositive();
    data.aggregatesAnswered = 0;
    QueryOptions without = QueryOptions.DEFAULT.withStoredAggregates(false);
    QueryResult samples = TOGETHER.range(data, "", query, start, end, step, without);
    assertThat(data.aggregatesAnswered).as(query).isZero();
    Matrix a = (Matrix) stored.value();
    Matrix b = (Matrix) samples.value();
    assertThat(b.series()).isNotEmpty();
    assertThat(a.series()).hasSameSizeAs(b.series());
    for (int i = 0; i < a.series().size(); i++) {
      Series x = a.series().get(i);
      Series y = b.series().get(i);
      assertThat(x.times()).as(query).isEqualTo(y.times());
      for (int k = 0; k < x.size(); k++) {
        assertThat(x.values()[k])
            .as(query)
            .isCloseTo(y.values()[k], within(1e-9 * Math.abs(y.values()[k])));
      }
    }
    assertThat(stored.stats().totalQueryableSamples())
        .isEqualTo(samples.stats().totalQueryableSamples());
  }

  @Test
  void aSumThatOverflowsInOneOfItsPartsIsAddedOneByOne() {
    MemorySnapshot data = new MemorySnapshot();
    Labels labels = Labels.of("__name__", "x");
    long hour = 3_600_000L;
    for (long time = 0; time <= 30 * hour; time += 60_000) {
      double value = time == hour ? -1.5e308 : time == 10 * hour || time == 11 * hour ? 1.5e308 : 0;
      data.add(labels, time, value);
    }
    for (String function : List.of("sum_over_time", "avg_over_time")) {
      QueryOptions without = QueryOptions.DEFAULT.withStoredAggregates(false);
      String query = function + "(x[1d])";
      for (long start : List.of(24 * hour, 24 * hour + hour / 2)) {
        Matrix a =
            (Matrix)
                ALONE
                    .range(data, "", query, start, start + 2 * hour, 600_000, QueryOptions.DEFAULT)
                    .value();
        Matrix b =
            (Matrix)
                ALONE.range(data, "", query, start, start + 2 * hour, 600_000, without).value();
        assertThat(a.series().getFirst().values()).isEqualTo(b.series().getFirst().values());
      }
    }
  }

  @Test
  void stepsFarApartAreReadOneByOne() {
    MemorySnapshot data = new MemorySnapshot();
    Labels labels = Labels.of("__name__", "x_total");
    for (long time = 0; time < 4 * 86_400_000L; time += 60_000) {
      data.add(labels, time, time / 60_000.0);
    }
    for (String query : List.of("x_total", "rate(x_total[10m])", "x_total offset 1h")) {
      QueryResult result =
          ALONE.range(data, "", query, 0, 4 * 86_400_000L, 86_400_000L, QueryOptions.DEFAULT);
      for (Series series : ((Matrix) result.value()).series()) {
        for (int i = 0; i < series.size(); i++) {
          Vector vector =
              (Vector)
                  ALONE.instant(data, "", query, series.times()[i], QueryOptions.DEFAULT).value();
          assertThat(vector.values()[0]).isEqualTo(series.values()[i]);
        }
      }
      assertThat(result.stats().samplesRead()).as(query).isLessThan(100);
    }
  }
}
