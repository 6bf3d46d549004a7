package io.varve.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.engine.Engine;
import io.varve.engine.EngineConfig;
import io.varve.engine.FsyncPolicy;
import io.varve.engine.Snapshot;
import io.varve.engine.WriteMode;
import io.varve.engine.model.Labels;
import io.varve.engine.model.WriteBatch;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What explained queries tell, and what queries over their budget are told, over a real engine. */
class ExplanationTest {
  private static final long HOUR = 3_600_000;
  private static final long T = 20_000 * 24 * HOUR;
  private static final int SERIES = 8;

  private final QueryEngine queries =
      new QueryEngine(new QueryEngine.Options(2, 300_000, 60_000, QueryLimits.DEFAULT));
  private Engine engine;

  @BeforeEach
  void fill(@TempDir Path folder) throws Exception {
    engine =
        Engine.open(
            EngineConfig.defaults(folder.resolve("data"))
                .withFsync(FsyncPolicy.OS)
                .withBackgroundThreads(false));
    WriteBatch batch = new WriteBatch();
    for (long t = T + 15_000; t <= T + 12 * HOUR; t += 15_000) {
      batch.clear();
      for (int s = 0; s < SERIES; s++) {
        int row = batch.addSeries(Labels.of("__name__", s == 0 ? "few" : "many", "s", "" + s));
        batch.addSample(row, t, Double.doubleToRawLongBits(t / 1000.0 * (s + 1)), 0);
      }
      engine.append(batch, WriteMode.ALL_OR_NOTHING);
    }
    engine.flush();
  }

  @AfterEach
  void close() throws Exception {
    engine.close();
    queries.close();
  }

  private QueryResult ask(String query, QueryOptions options) {
    try (Snapshot snapshot = engine.snapshot()) {
      return queries.range(snapshot, "", query, T + 11 * HOUR, T + 12 * HOUR, 60_000, options);
    }
  }

  @Test
  void everyNodeTellsWhatItDid() {
    QueryResult result = ask("sum by (s) (rate(many[5m])) / 2 + 0 * scalar(few)", explained());
    assertThat(ask("sum(many)", QueryOptions.DEFAULT).explanation()).isEmpty();
    Explanation add = result.explanation().getFirst();
    assertThat(add.text()).isEqualTo("+ with a number");
    assertThat(add.series()).isEqualTo(SERIES - 1);
    Explanation sum = add.children().getFirst().children().getFirst();
    assertThat(sum.text()).isEqualTo("sum by (s)");
    Explanation rate = sum.children().getFirst();
    assertThat(rate.text()).isEqualTo("rate over many[5m]");
    assertThat(rate.selected()).isEqualTo(SERIES - 1);
    assertThat(rate.windows()).isEqualTo(1);
    assertThat(rate.blocksDecoded()).isGreaterThanOrEqualTo(SERIES - 1);
    assertThat(rate.blocksStored()).isZero();
    assertThat(rate.bytes()).isPositive();
    assertThat(rate.samples()).isGreaterThanOrEqualTo((SERIES - 1) * 240L);
    assertThat(rate.nanos()).isPositive();
    assertThat(rate.samples() + 240).isLessThanOrEqualTo(result.stats().samplesRead());
  }

  @Test
  void blocksAnsweredFromAggregatesAreTold() {
    try (Snapshot snapshot = engine.snapshot()) {
      Explanation node =
          queries
              .instant(snapshot, "", "increase(many[12h])", T + 12 * HOUR, explained())
              .explanation()
              .getFirst();
      assertThat(node.text()).isEqualTo("increase over many[12h]");
      assertThat(node.blocksStored()).isGreaterThanOrEqualTo(3 * (SERIES - 1));
      assertThat(node.series()).isEqualTo(SERIES - 1);
    }
  }

  private static QueryOptions explained() {
    return QueryOptions.DEFAULT.withExplain(true);
  }

  @Test
  void aQueryOverItsBudgetNamesTheExpensiveSelector() {
    QueryLimits limits = QueryLimits.DEFAULT;
    String query = "few + on () group_right () (many{s!=\"3\"} * 2)";
    for (QueryOptions options :
        new QueryOptions[] {
          QueryOptions.DEFAULT.withLimits(limits.withMaxSamples(100)),
          QueryOptions.DEFAULT.withLimits(limits.withMaxBytes(20_000))
        }) {
      assertThatThrownBy(() -> ask(query, options))
          .isInstanceOfSatisfying(
              QueryException.class,
              e -> assertThat(e.type()).isEqualTo(QueryException.ErrorType.EXECUTION))
          .hasMessageContaining("most is taken by ")
          .hasMessageContaining(" series, ")
          .hasMessageContaining("or raise query.max_");
    }
    QueryOptions few = QueryOptions.DEFAULT.withLimits(limits.withMaxSamples(200));
    assertThatThrownBy(() -> ask("many{s!=\"3\"} and on () (few > 0)", few))
        .hasMessageContaining("most is taken by many{s!=\"3\"} (6 series, ")
        .hasMessageContaining("samples in ")
        .hasMessageEndingWith("or raise query.max_samples");
    QueryOptions one = QueryOptions.DEFAULT.withLimits(limits.withMaxSeries(1));
    assertThatThrownBy(() -> ask("few + on () many", one))
        .hasMessage(
            "selector matches 7 series, more than the limit of 1: many; narrow it, or raise"
                + " query.max_series");
  }
}
