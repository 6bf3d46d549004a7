package io.varve.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.engine.model.Labels;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is an error is one also of series that find no partner in a binary operation. */
final class UnusedSeriesTest {
  private static final long TIME = 600_000;

  private static final QueryEngine ENGINE =
      new QueryEngine(
          new QueryEngine.Options(2, 300_000, 60_000, QueryLimits.DEFAULT, Feature.ofScripts()));

  private static final QueryEngine EARLY_NAMES =
      new QueryEngine(
          new QueryEngine.Options(
              2, 300_000, 60_000, QueryLimits.DEFAULT, Set.of(Feature.EXPERIMENTAL_FUNCTIONS)));

  private static final MemorySnapshot DATA = data();

  @AfterAll
  static void close() {
    ENGINE.close();
    EARLY_NAMES.close();
  }

  private static MemorySnapshot data() {
    MemorySnapshot data = new MemorySnapshot();
    for (long time = 10_000; time <= TIME; time += 15_000) {
      data.add(Labels.of("__name__", "a", "x", "1"), time, 1);
      data.add(Labels.of("__name__", "b", "x", "1"), time, 2);
      data.add(Labels.of("__name__", "c", "x", "2"), time, 3);
    }
    return data;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "vector(1) + abs({__name__=~\"a|b\"})",
        "vector(1) == bool rate({__name__=~\"a|b\"}[1m])",
        "c * on (x) abs({__name__=~\"a|b\"})",
        "vector(1) unless on (y) (c + on (x) (-{x=\"1\"}))",
        "sum_over_time((c + on (x) (-{x=\"1\"}))[2m:30s])",
        "scalar(vector(1) + abs({__name__=~\"a|b\"})) + 1"
      })
  void twoSamplesOfOneLabelSet(String query) {
    assertThatThrownBy(() -> instant(EARLY_NAMES, query))
        .isInstanceOf(QueryException.class)
        .hasMessageContaining("same labelset");
    assertThatThrownBy(
            () -> EARLY_NAMES.range(DATA, "", query, 300_000, TIME, 30_000, QueryOptions.DEFAULT))
        .isInstanceOf(QueryException.class)
        .hasMessageContaining("same labelset");
  }

  @Test
  void factorsOutOfBounds() {
    assertThatThrownBy(
            () -> instant(ENGINE, "vector(1) + double_exponential_smoothing(a[5m], 0.5, 2)"))
        .isInstanceOf(QueryException.class)
        .hasMessageContaining("invalid trend factor");
    assertThat(instant(ENGINE, "vector(1) + double_exponential_smoothing(a[5m], 0.5, 0.2)"))
        .isNotNull();
    assertThat(instant(ENGINE, "vector(1) + double_exponential_smoothing(no[5m], 0.5, 2)"))
        .isNotNull();
  }

  @Test
  void labelSetsThatOnlyOneHasSamplesOf() {
    assertThat(instant(EARLY_NAMES, "vector(1) + abs({__name__=~\"a|no\"})")).isNotNull();
    assertThat(instant(EARLY_NAMES, "vector(1) + abs({__name__=~\"a|c\"})")).isNotNull();
  }

  private static QueryResult instant(QueryEngine engine, String query) {
    return engine.instant(DATA, "", query, TIME, QueryOptions.DEFAULT);
  }
}
