package io.varve.query;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.StaleMarker;
import java.util.Arrays;
import java.util.Objects;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Samples by step, as Prometheus counts them: one or three series with a sample every 10 s. */
final class StepStatsTest {
  private static final QueryOptions ALL = QueryOptions.DEFAULT.withStepStats(true);

  private final QueryEngine engine =
      new QueryEngine(
          new QueryEngine.Options(2, 300_000, 60_000, QueryLimits.DEFAULT, Feature.all()));
  private final MemorySnapshot data = new MemorySnapshot();

  @BeforeEach
  void fill() {
    for (int i = 0; i <= 100; i++) {
      data.add(Labels.of("__name__", "m1"), i * 10_000L, i);
      for (String a : new String[] {"1", "2", "3"}) {
        data.add(Labels.of("__name__", "m3", "a", a, "job", "j", "instance", a), i * 10_000L, i);
      }
      data.add(Labels.of("__name__", "target_info", "job", "j", "instance", "1"), i * 10_000L, 1);
    }
    data.add(Labels.of("__name__", "m1"), 1_010_000, StaleMarker.VALUE);
  }

  @AfterEach
  void close() {
    engine.close();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          1                                                  |   0 |  0
          "text"                                             |   0 |  0
          m1                                                 |   1 |  1
          m3                                                 |   3 |  3
          m1[60s]                                            |   6 |  6
          m3[60s:5s]                                         |  36 | 36
          timestamp(m3)                                      |   3 |  3
          timestamp(-m3)                                     |   3 |  3
          -m3 + on () group_left () m1                       |   4 |  4
          sum(m3) + sum(m3) or m1                            |   7 |  7
          m1 unless m3                                       |   4 |  4
          topk(scalar(m1), m3)                               |   4 |  4
          rate(m3[60s])                                      |  18 | 18
          rate(m3[60s])[60s:5s]                              | 216 | 36
          max_over_time(m3[60s:5s])                          |  36 | 36
          max_over_time(rate(m3[60s])[60s:5s])               |  36 | 36
          absent_over_time(m1[60s])                          |   6 |  6
          quantile_over_time(scalar(m1), m3[20s])            |   7 |  7
          sum_over_time(m1[60s] @ 30)                        |   4 |  4
          sum_over_time(m1[60s] offset 3m)                   |   3 |  3
          info(m3)                                           |   4 |  4
          increase(m1[60s] anchored)                         |  21 | 21
          """)
  void atOneTime(String query, long queryable, long read) {
    QueryStats stats = engine.instant(data, "", query, 201_000, ALL).stats();
    assertThat(steps(stats).queryable()).as(query).containsExactly(queryable);
    assertThat(steps(stats).read()).as(query).containsExactly(read);
    assertThat(stats.totalQueryableSamples()).isEqualTo(queryable);
    assertThat(stats.samplesRead()).isEqualTo(read);
    assertThat(steps(stats).start()).isEqualTo(201_000);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          m3                                                | 3 3 3 3     | 3 3 3 3
          m3 @ 30                                           | 3 3 3 3     | 3 0 0 0
          timestamp(m3 @ 30)                                | 3 3 3 3     | 3 3 3 3
          sum_over_time(m1[60s])                            | 6 6 6 6     | 6 0 1 0
          sum_over_time(m1[2s])                             | 1 0 1 0     | 1 0 1 0
          max_over_time(m3[60s] @ 30)                       | 12 12 12 12 | 12 0 0 0
          predict_linear(m1[60s] @ 30, time())              | 4 4 4 4     | 4 0 0 0
          sum_over_time(m1[60s:10s])                        | 6 6 6 6     | 6 0 1 0
          sum_over_time(sum_over_time(m1[60s])[10s:5s])     | 2 2 2 2     | 7 0 1 0
          m1 + scalar(m3)                                   | 4 4 4 4     | 4 4 4 4
          vector(scalar(m1 @ 30)) + 1                       | 1 1 1 1     | 1 0 0 0
          """)
  void stepByStep(String query, String queryable, String read) {
    QueryStats stats = engine.range(data, "", query, 201_000, 220_000, 5_000, ALL).stats();
    assertThat(steps(stats).queryable()).as(query).containsExactly(numbers(queryable));
    assertThat(steps(stats).read()).as(query).containsExactly(numbers(read));
    assertThat(stats.totalQueryableSamples())
        .isEqualTo(LongStream.of(steps(stats).queryable()).sum());
    assertThat(stats.samplesRead()).isEqualTo(LongStream.of(steps(stats).read()).sum());
    // Every step looks at what a query at its time alone would look at.
    for (int s = 0; s < 4; s++) {
      assertThat(
              engine
                  .instant(data, "", query, 201_000 + s * 5_000L, ALL)
                  .stats()
                  .totalQueryableSamples())
          .as(query)
          .isEqualTo(steps(stats).queryable()[s]);
    }
  }

  private static QueryStats.Steps steps(QueryStats stats) {
    return Objects.requireNonNull(stats.steps());
  }

  private static long[] numbers(String text) {
    return Arrays.stream(text.split(" ")).mapToLong(Long::parseLong).toArray();
  }

  @Test
  void whatIsReadTwiceCountsOnce() {
    QueryStats stats =
        engine.range(data, "", "rate(m1[300s])", 400_000, 500_000, 10_000, ALL).stats();
    assertThat(stats.totalQueryableSamples()).isEqualTo(330);
    assertThat(stats.samplesRead()).isEqualTo(40);
    assertThat(steps(stats).step()).isEqualTo(10_000);
  }

  @Test
  void staleMarkersAreNoSamplesAndGapsAreEmpty() {
    assertThat(engine.instant(data, "", "m1", 1_010_000, ALL).stats().samplesRead()).isZero();
    QueryStats stats =
        engine.range(data, "", "sum_over_time(m1[20s])", 1_000_000, 1_020_000, 10_000, ALL).stats();
    assertThat(steps(stats).queryable()).containsExactly(2, 1, 0);
    assertThat(steps(stats).read()).containsExactly(2, 0, 0);
  }

  /** 168 bytes, a span and four buckets of 8 bytes each, and the time make 13 samples of 16. */
  @Test
  void histogramsCountByTheirSize() {
    Labels labels = Labels.of("__name__", "h");
    for (int i = 0; i <= 30; i++) {
      SampleColumns row = new SampleColumns(1);
      row.add(i * 10_000L, histogram(), 0);
      data.add(labels, row);
    }
    assertThat(engine.instant(data, "", "h", 201_000, ALL).stats().samplesRead()).isEqualTo(13);
    assertThat(engine.instant(data, "", "histogram_count(h)", 201_000, ALL).stats().samplesRead())
        .isEqualTo(13);
    assertThat(engine.instant(data, "", "timestamp(h)", 201_000, ALL).stats().samplesRead())
        .isEqualTo(1);
    QueryStats stats = engine.range(data, "", "rate(h[60s])", 201_000, 220_000, 5_000, ALL).stats();
    assertThat(steps(stats).queryable()).containsExactly(78, 78, 78, 78);
    assertThat(steps(stats).read()).containsExactly(78, 0, 13, 0);
  }

  private static Histogram histogram() {
    return new Histogram(
        1,
        0,
        true,
        Double.doubleToRawLongBits(5),
        Double.doubleToRawLongBits(0),
        20,
        0,
        new int[] {0, 4},
        new int[0],
        new long[0],
        new long[0],
        new double[] {1, 2, 1, 1},
        new double[0],
        new double[0]);
  }

  @Test
  void nobodyCountsUnlessAsked() {
    assertThat(engine.instant(data, "", "m1", 0, QueryOptions.DEFAULT).stats().steps()).isNull();
    try (QueryEngine plain =
        new QueryEngine(new QueryEngine.Options(1, 300_000, 60_000, QueryLimits.DEFAULT))) {
      assertThat(plain.instant(data, "", "m1", 0, ALL).stats().steps()).isNull();
    }
  }
}
