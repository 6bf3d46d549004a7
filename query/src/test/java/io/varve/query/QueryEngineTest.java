package io.varve.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.StaleMarker;
import io.varve.query.QueryException.ErrorType;
import io.varve.query.QueryResult.Matrix;
import io.varve.query.QueryResult.Scalar;
import io.varve.query.QueryResult.StringResult;
import io.varve.query.QueryResult.Vector;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Results, errors and limits of the engine as a whole. */
class QueryEngineTest {
  private final QueryEngine engine =
      new QueryEngine(new QueryEngine.Options(2, 300_000, 60_000, QueryLimits.DEFAULT));
  private final MemorySnapshot data = new MemorySnapshot();

  @AfterEach
  void close() {
    engine.close();
  }

  private QueryResult instant(String query, long time) {
    return engine.instant(data, "", query, time, QueryOptions.DEFAULT);
  }

  private QueryResult range(String query, long end, long step, QueryOptions options) {
    return engine.range(data, "", query, 0, end, step, options);
  }

  private QueryException failure(String query) {
    return catchThrowableOfType(QueryException.class, () -> instant(query, 0));
  }

  private static Labels named(String name, String... labels) {
    Labels.Builder builder = new Labels.Builder(Labels.of(labels)).set("__name__", name);
    return builder.build();
  }

  private void fill(String name, int series, int samples) {
    for (int s = 0; s < series; s++) {
      for (int i = 0; i < samples; i++) {
        data.add(named(name, "s", String.valueOf(s)), i * 1000L, i);
      }
    }
  }

  @Test
  void typesOfResults() {
    data.add(named("x"), 1000, 5);
    data.add(named("x"), 2000, 6);
    assertThat(instant("1 + 1", 7).value()).isEqualTo(new Scalar(7, 2));
    assertThat(instant("\"a\"", 7).value()).isEqualTo(new StringResult(7, "a"));
    Vector vector = (Vector) instant("x", 2000).value();
    assertThat(vector.timeMillis()).isEqualTo(2000);
    assertThat(vector.labels()).containsExactly(named("x"));
    assertThat(vector.values()).containsExactly(6);
    Matrix matrix = (Matrix) instant("x[5s]", 2000).value();
    assertThat(matrix.series()).hasSize(1);
    assertThat(matrix.series().get(0).times()).containsExactly(1000, 2000);
    assertThat(matrix.series().get(0).values()).containsExactly(5, 6);
    Matrix steps = (Matrix) range("3", 2000, 1000, QueryOptions.DEFAULT).value();
    assertThat(steps.series().get(0).labels()).isEqualTo(Labels.EMPTY);
    assertThat(steps.series().get(0).times()).containsExactly(0, 1000, 2000);
  }

  @Test
  void theLookbackIsOpenOnTheLeft() {
    data.add(named("x"), 0, 1);
    assertThat(((Vector) instant("x", 299_999).value()).size()).isEqualTo(1);
    assertThat(((Vector) instant("x", 300_000).value()).size()).isZero();
    QueryOptions shorter = QueryOptions.DEFAULT.withLookbackMillis(1000);
    assertThat(((Vector) engine.instant(data, "", "x", 999, shorter).value()).size()).isEqualTo(1);
    assertThat(((Vector) engine.instant(data, "", "x", 1000, shorter).value()).size()).isZero();
  }

  @Test
  void aStaleMarkerEndsASeriesButIsNoSampleOfARange() {
    data.add(named("x"), 0, 1);
    data.add(named("x"), 1000, StaleMarker.VALUE);
    data.add(named("x"), 3000, 2);
    assertThat(((Vector) instant("x", 2000).value()).size()).isZero();
    assertThat(((Vector) instant("x", 3000).value()).values()).containsExactly(2);
    assertThat(((Vector) instant("count_over_time(x[10s])", 3000).value()).values())
        .containsExactly(2);
  }

  @Test
  void everyOtherNanIsAValue() {
    double odd = Double.longBitsToDouble(0x7ff0000000000003L);
    data.add(named("x"), 0, odd);
    Vector vector = (Vector) instant("x", 0).value();
    assertThat(Double.doubleToRawLongBits(vector.values()[0]))
        .isEqualTo(Double.doubleToRawLongBits(odd));
    double flipped = Double.longBitsToDouble(StaleMarker.BITS | Long.MIN_VALUE);
    data.add(named("y"), 0, flipped);
    assertThat(((Vector) instant("-y", 0).value()).values()).containsExactly(Double.NaN);
    assertThat(((Vector) instant("abs(y)", 0).value()).values()).containsExactly(Double.NaN);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "x{ | BAD_DATA",
        "rate(x) | BAD_DATA",
        "x[5m] offset (1s / (step() * 0)) | BAD_DATA",
        "info(x) | BAD_DATA",
        "topk(NaN, x) | EXECUTION",
        "label_replace(x, 'a', 'b', 'c', '(') | EXECUTION",
        "-{__name__=~'[xy]'} | EXECUTION",
      })
  void errorsSayWhoseFaultTheyAre(String query, ErrorType type) {
    data.add(named("x"), 0, 1);
    data.add(named("y"), 0, 1);
    QueryException failure = failure(query.trim());
    assertThat(failure).isNotNull();
    assertThat(failure.type()).isEqualTo(type);
    assertThat(failure.getMessage()).isNotEmpty();
  }

  @Test
  void aRangeOverARangeIsRefusedInPrometheusWords() {
    assertThatThrownBy(() -> range("x[5m]", 10, 1, QueryOptions.DEFAULT))
        .hasMessage(
            "invalid expression type \"range vector\" for range query, must be Scalar or instant"
                + " Vector");
    assertThatThrownBy(() -> range("x", 10, 0, QueryOptions.DEFAULT))
        .isInstanceOf(QueryException.class);
    assertThatThrownBy(() -> range("x", -1, 1, QueryOptions.DEFAULT))
        .isInstanceOf(QueryException.class);
  }

  @Test
  void matchingErrorsAreFoundAtAnyStep() {
    data.add(named("a", "s", "1"), 0, 1);
    data.add(named("b", "s", "1", "t", "1"), 0, 1);
    data.add(named("b", "s", "1", "t", "2"), 600_000, 1);
    // The two series of b never have a sample at the same step.
    assertThat(
            ((Matrix) range("a + on(s) b", 1_000_000, 60_000, QueryOptions.DEFAULT).value())
                .series())
        .hasSize(1);
    data.add(named("b", "s", "1", "t", "2"), 0, 1);
    assertThat(failure("a + on(s) b").getMessage())
        .isEqualTo(
            "found duplicate series for the match group {s=\"1\"} on the right hand-side of the"
                + " operation: [{__name__=\"b\", s=\"1\", t=\"1\"}, {__name__=\"b\", s=\"1\","
                + " t=\"2\"}];many-to-many matching not allowed: matching labels must be unique on"
                + " one side");
    assertThat(failure("b + on(s) a").getMessage())
        .isEqualTo(
            "multiple matches for labels: many-to-one matching must be explicit"
                + " (group_left/group_right)");
    assertThat(failure("b + on(s) group_left(t) a").getMessage())
        .isEqualTo("multiple matches for labels: grouping labels must ensure unique matches");
    // A filter is checked before it filters.
    assertThat(failure("b > on(s) (a + 100)").getMessage()).startsWith("multiple matches");
  }

  @Test
  void nativeHistogramsStandBesideFloats() {
    SampleColumns row = new SampleColumns(1);
    row.add(1000, histogram(1.5), 0);
    data.add(named("h"), row);
    data.add(named("h"), 1_000_000, 7);
    Vector first = (Vector) instant("h", 1000).value();
    assertThat(first.histogram(0)).isNotNull().hasToString("{count:1, sum:1.5, [-0.001,0.001]:1}");
    Vector last = (Vector) instant("h", 1_000_000).value();
    assertThat(last.histograms()).isNull();
    assertThat(last.values()).containsExactly(7);
    QueryResult mixed = instant("sum_over_time(h[20m])", 1_000_000);
    assertThat(((Vector) mixed.value()).size()).isZero();
    assertThat(mixed.warnings())
        .containsExactly(
            "PromQL warning: encountered a mix of histograms and floats for metric name \"h\""
                + " (1:15)");
    SampleColumns stale = new SampleColumns(1);
    stale.add(2000, histogram(StaleMarker.VALUE), 0);
    data.add(named("h"), stale);
    assertThat(((Vector) instant("h", 2000).value()).size()).isZero();
  }

  /** In columns such a NaN stands for a histogram; from outside it is only a number. */
  @Test
  void noFloatIsTakenForAHistogram() {
    double forged = Double.longBitsToDouble(0x7ff4000000000000L);
    data.add(named("f"), 1000, forged);
    data.add(named("g"), 1000, Double.longBitsToDouble(0xfff4000000000000L));
    for (String query : new String[] {"f", "last_over_time(f[1m])", "-g", "abs(g)", "f[1m:1s]"}) {
      QueryResult result = instant(query, 1000);
      if (result.value() instanceof Vector vector) {
        assertThat(vector.histograms()).as(query).isNull();
        assertThat(vector.values()).as(query).containsExactly(Double.NaN);
      } else {
        QueryResult.Series series = ((Matrix) result.value()).series().get(0);
        assertThat(series.histograms()).as(query).isNull();
      }
    }
  }

  private static Histogram histogram(double sum) {
    return new Histogram(
        0,
        0.001,
        true,
        Double.doubleToRawLongBits(1),
        Double.doubleToRawLongBits(1),
        sum,
        0,
        new int[0],
        new int[0],
        new long[0],
        new long[0],
        new double[0],
        new double[0],
        new double[0]);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          limitk(1, x)          | limitk() is experimental and must be enabled with --enable-feature=promql-experimental-functions
          info(x)               | function "info" is not enabled
          rate(x[5m] anchored)  | anchored modifier is experimental and not enabled
          x smoothed            | smoothed modifier is experimental and not enabled
          x + fill(0) x         | binop fill modifiers are experimental and not enabled
          start_timestamp(x)    | function "start_timestamp" is not enabled
          """)
  void whatIsSwitchedOffIsNamed(String query, String message) {
    assertThatThrownBy(() -> instant(query, 0))
        .isInstanceOf(QueryException.class)
        .hasMessageContaining(message);
    try (QueryEngine all =
        new QueryEngine(
            new QueryEngine.Options(0, 300_000, 60_000, QueryLimits.DEFAULT, Feature.all()))) {
      assertThat(all.instant(data, "", query, 0, QueryOptions.DEFAULT).warnings()).isEmpty();
    }
  }

  @Test
  void samplesInMemoryAreLimited() {
    fill("x", 10, 100);
    QueryOptions few = QueryOptions.DEFAULT.withLimits(QueryLimits.DEFAULT.withMaxSamples(500));
    assertThatThrownBy(() -> range("x", 99_000, 1000, few))
        .isInstanceOfSatisfying(
            QueryException.class, e -> assertThat(e.type()).isEqualTo(ErrorType.EXECUTION))
        .hasMessageStartingWith(
            "query processing would load too many samples into memory in query execution");
    assertThat(((Matrix) range("sum(x)", 99_000, 1000, few).value()).series()).hasSize(1);
    assertThatThrownBy(() -> range("1", 1000, 1, few)).hasMessageContaining("too many samples");
    assertThatThrownBy(() -> engine.instant(data, "", "count_over_time(x[1h:1ms])", 0, few))
        .hasMessageContaining("too many samples");
  }

  @Test
  void bytesAndSeriesAreLimited() {
    fill("x", 10, 100);
    QueryLimits limits = QueryLimits.DEFAULT;
    QueryOptions small = QueryOptions.DEFAULT.withLimits(limits.withMaxBytes(1000));
    assertThatThrownBy(() -> range("x", 99_000, 1000, small)).hasMessageContaining("1000 bytes");
    QueryOptions few = QueryOptions.DEFAULT.withLimits(limits.withMaxSeries(9));
    assertThatThrownBy(() -> range("x", 99_000, 1000, few)).hasMessageContaining("limit of 9");
  }

  @Test
  @Timeout(20)
  void aLateQueryEnds() {
    fill("x", 50, 2000);
    QueryOptions hasty = QueryOptions.DEFAULT.withLimits(QueryLimits.DEFAULT.withTimeoutMillis(50));
    QueryException failure =
        catchThrowableOfType(
            QueryException.class,
            () -> range("max_over_time(deriv(x[1h])[1h:1s])", 2_000_000, 100, hasty));
    assertThat(failure.type()).isEqualTo(ErrorType.TIMEOUT);
    assertThat(failure.getMessage()).isEqualTo("query timed out in expression evaluation");
  }

  @Test
  @Timeout(20)
  void aCancelledQueryEnds() throws Exception {
    fill("x", 50, 2000);
    Cancellation cancellation = new Cancellation();
    Thread canceller =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    Thread.sleep(50);
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                  cancellation.cancel();
                });
    QueryException failure =
        catchThrowableOfType(
            QueryException.class,
            () ->
                range(
                    "max_over_time(deriv(x[1h])[1h:1s])",
                    2_000_000,
                    100,
                    QueryOptions.DEFAULT.withCancellation(cancellation)));
    canceller.join();
    assertThat(failure.type()).isEqualTo(ErrorType.CANCELED);
    assertThat(failure.getMessage()).isEqualTo("query was canceled in expression evaluation");
  }

  @Test
  void annotationsNameTheirPlaceOnce() {
    fill("x", 3, 100);
    QueryResult result = instant("rate(x[1m]) + 0 *\n rate(x[2m])", 90_000);
    assertThat(result.infos())
        .containsExactly(
            "PromQL info: metric might not be a counter, name does not end in"
                + " _total/_sum/_count/_bucket: \"x\" (1:6)");
    assertThat(result.warnings()).isEmpty();
    assertThat(instant("quantile(1.5, x)", 90_000).warnings())
        .containsExactly(
            "PromQL warning: quantile value should be between 0 and 1, got 1.5 (1:10)");
    assertThat(range("sort(x)", 90_000, 30_000, QueryOptions.DEFAULT).warnings())
        .containsExactly(
            "PromQL warning: sort is ineffective for range queries since results are always ordered"
                + " by labels (1:1)");
  }

  @Test
  void longAndDeepQueriesEndInAnAnswerOrAnError() {
    data.add(named("x"), 0, 1);
    String sum = "x" + " + x".repeat(300);
    assertThat(((Vector) instant(sum, 0).value()).values()).containsExactly(301);
    for (String query :
        new String[] {
          "x" + " + x".repeat(100_000),
          "1" + " + 1".repeat(200_000),
          "(".repeat(100_000) + "x" + ")".repeat(100_000),
          "-".repeat(100_000) + "x",
          "abs(".repeat(50_000) + "x" + ")".repeat(50_000),
        }) {
      try {
        instant(query, 0);
      } catch (QueryException e) {
        assertThat(e.type()).isIn(ErrorType.BAD_DATA, ErrorType.EXECUTION);
      }
    }
  }

  @Test
  void closingTheEngineEndsItsQueries() {
    fill("x", 50, 500);
    QueryEngine other =
        new QueryEngine(new QueryEngine.Options(2, 300_000, 60_000, QueryLimits.DEFAULT));
    other.close();
    assertThatThrownBy(() -> other.range(data, "", "x", 0, 500_000, 1000, QueryOptions.DEFAULT))
        .isInstanceOfSatisfying(
            QueryException.class, e -> assertThat(e.type()).isEqualTo(ErrorType.CANCELED));
  }

  @Test
  void timesAtTheEndsOfTimeHaveNoSamples() {
    data.add(named("x"), 0, 1);
    for (String query :
        new String[] {
          "x offset 290y", "x offset -290y", "rate(x[290y] offset 290y)", "x @ 9000000000000"
        }) {
      for (long time : new long[] {0, Long.MAX_VALUE / 4, -Long.MAX_VALUE / 4}) {
        assertThat(((Vector) instant(query, time).value()).size()).as(query).isZero();
      }
    }
  }

  @Test
  void statisticsCount() {
    fill("x", 4, 100);
    QueryStats stats = range("sum_over_time(x[10s])", 99_000, 1000, QueryOptions.DEFAULT).stats();
    assertThat(stats.series()).isEqualTo(4);
    assertThat(stats.samplesRead()).isEqualTo(400);
    assertThat(stats.totalQueryableSamples()).isEqualTo(4 * (45 + 91 * 10));
    assertThat(stats.peakSamples()).isGreaterThanOrEqualTo(400);
    assertThat(stats.peakBytes()).isPositive();
  }
}
