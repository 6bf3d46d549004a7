package io.varve.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.varve.engine.AggregateRule;
import io.varve.engine.DataFolder;
import io.varve.engine.DeleteInfo;
import io.varve.engine.Engine;
import io.varve.engine.EngineConfig;
import io.varve.engine.FsyncPolicy;
import io.varve.engine.QueryBudget;
import io.varve.engine.Snapshot;
import io.varve.engine.WriteMode;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import io.varve.engine.policy.RetentionPolicy;
import io.varve.engine.policy.RetentionRule;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is answered where samples are gone and the cells of continuous aggregates are kept. */
final class SamplesGoneTest {
  private static final long HOUR = 3_600_000;
  private static final long START = 1_750_000_000_000L / (24 * HOUR) * 24 * HOUR;
  private static final int HOURS = 60;

  @TempDir Path dir;
  private final QueryEngine queries = new QueryEngine(QueryEngine.Options.DEFAULT);
  private long now = START;
  private Engine engine;

  private EngineConfig config() {
    return EngineConfig.defaults(dir)
        .withWindow(6 * HOUR, HOUR)
        .withFsync(FsyncPolicy.OS)
        .withBackgroundThreads(false)
        .withRetention(
            new RetentionPolicy(
                24 * HOUR,
                List.of(
                    new RetentionRule(null, List.of(), 300_000, 36 * HOUR),
                    new RetentionRule(null, List.of(), HOUR, 240 * HOUR))))
        .withClock(() -> Instant.ofEpochMilli(now));
  }

  /** A counter that rises by 1 a second, and a gauge that is the minute of the hour. */
  @BeforeEach
  void fill() throws IOException {
    engine = Engine.open(config());
    engine.aggregate(
        List.of(new AggregateRule("all", null, List.of(), List.of(300_000L, HOUR))), 0);
    for (int minute = 0; minute < HOURS * 60; minute++) {
      WriteBatch batch = new WriteBatch();
      int counter = batch.addSeries(Labels.of("__name__", "c"));
      int gauge = batch.addSeries(Labels.of("__name__", "g"));
      for (int row : new int[] {counter, gauge}) {
        for (int k = 1; k <= 4; k++) {
          double value = row == counter ? minute * 60 + k * 15 : minute % 60;
          batch.addSample(
              row, START + minute * 60_000L + k * 15_000L, Double.doubleToRawLongBits(value), 0);
        }
      }
      now = START + (minute + 1) * 60_000L;
      engine.append(batch, WriteMode.ALL_OR_NOTHING);
      if (minute % 15 == 0) {
        work();
      }
    }
    work();
  }

  private void work() {
    while (engine.runBackgroundWork()) {
      // until there is nothing left to do
    }
  }

  @AfterEach
  void close() throws IOException {
    queries.close();
    engine.close();
  }

  private QueryResult ask(String query, long hours) {
    try (Snapshot snapshot = engine.snapshot()) {
      return queries.instant(snapshot, "", query, START + hours * HOUR, QueryOptions.DEFAULT);
    }
  }

  private double value(String query, long hours) {
    QueryResult result = ask(query, hours);
    QueryResult.Vector vector = (QueryResult.Vector) result.value();
    assertThat(vector.size()).as(query + " at hour " + hours + ": " + result).isEqualTo(1);
    return vector.values()[0];
  }

  @Test
  void cellsStandInForSamples() throws IOException {
    askAll();
    engine.close();
    engine = Engine.open(config());
    askAll();
    engine.aggregate(
        List.of(new AggregateRule("all", null, List.of(), List.of(300_000L, HOUR))), 0);
    work();
    engine.mergeAll();
    engine.cleanTombstones();
    askAll();
  }

  private void askAll() {
    assertThat(engine.stats().damage()).isEmpty();
    // Hour 10 has cells of an hour only, hour 30 of five minutes, too, hour 55 its samples.
    for (long hour : new long[] {10, 30, 55}) {
      assertThat(value("increase(c[4h])", hour)).isCloseTo(4 * 3600, within(1.0));
      assertThat(value("rate(c[1h])", hour)).isCloseTo(1, within(1e-3));
      assertThat(value("max_over_time(g[2h])", hour)).isEqualTo(59);
      assertThat(value("min_over_time(g[2h])", hour)).isEqualTo(0);
      assertThat(value("avg_over_time(g[2h])", hour)).isEqualTo(29.5);
      assertThat(value("sum_over_time(g[1h])", hour)).isEqualTo(4 * 59 * 30);
      assertThat(value("count_over_time(g[3h])", hour)).isEqualTo(3 * 240);
      assertThat(value("c", hour)).isEqualTo(hour * 3600);
      List<String> infos = ask("c", hour).infos();
      if (hour == 55) {
        assertThat(infos).isEmpty();
      } else {
        assertThat(infos).hasSize(1);
        assertThat(infos.getFirst())
            .contains("older than their retention", hour == 10 ? "of 1h" : "of 5m");
      }
    }
    // Between the hours the last sample before stands for what was there.
    try (Snapshot snapshot = engine.snapshot()) {
      QueryResult steps =
          queries.range(
              snapshot,
              "",
              "c",
              START + 5 * HOUR,
              START + 59 * HOUR,
              20 * 60_000,
              QueryOptions.DEFAULT);
      QueryResult.Matrix matrix = (QueryResult.Matrix) steps.value();
      assertThat(matrix.series()).hasSize(1);
      assertThat(matrix.series().getFirst().times()).hasSize(54 * 3 + 1);
      // Windows that are not made of cells are moved to where some are.
      QueryResult odd =
          queries.range(
              snapshot,
              "",
              "increase(c[150m])",
              START + 5 * HOUR + 17_000,
              START + 59 * HOUR,
              31 * 60_000,
              QueryOptions.DEFAULT);
      QueryResult.Series series = ((QueryResult.Matrix) odd.value()).series().getFirst();
      for (double value : series.values()) {
        assertThat(value).isCloseTo(150 * 60, within(1.0));
      }
    }
  }

  @Test
  void whatIsDeletedAfterwardsIsGoneFromCellsToo() throws IOException {
    engine.delete(
        "",
        List.of(Matcher.equal("__name__", "g")),
        new TimeRange(START + 8 * HOUR, START + 9 * HOUR));
    work();
    assertThat(value("count_over_time(g[4h])", 11)).isEqualTo(3 * 240);
    assertThat(value("increase(c[4h])", 11)).isCloseTo(4 * 3600, within(1.0));
    engine.mergeAll();
    assertThat(value("count_over_time(g[4h])", 11)).isEqualTo(3 * 240);
    engine.close();
    engine = Engine.open(config());
    assertThat(value("count_over_time(g[4h])", 11)).isEqualTo(3 * 240);
  }

  @Test
  void aPurgeTakesWhatIsDeletedOutOfCells() throws IOException {
    List<Matcher> g = List.of(Matcher.equal("__name__", "g"));
    engine.delete("", g, new TimeRange(START + 8 * HOUR, START + 9 * HOUR));
    engine.delete("", g, new TimeRange(START + 18 * HOUR, START + 24 * HOUR)); // a whole window
    work();
    assertThat(value("count_over_time(g[4h])", 11)).isEqualTo(3 * 240);
    engine.cleanTombstones();
    assertThat(engine.deletes())
        .allSatisfy(
            delete -> {
              assertThat(delete.state()).isEqualTo(DeleteInfo.State.PURGED);
              assertThat(delete.windows()).hasSize(1);
              DeleteInfo.Window window = delete.windows().getFirst();
              assertThat(window.removed()).anyMatch(file -> file.path().contains("/a-3600000-"));
              assertThat(window.written()).anyMatch(file -> file.path().contains("/a-3600000-"));
            });
    for (boolean again : new boolean[] {false, true}) {
      if (again) {
        engine.close();
        engine = Engine.open(config());
      }
      assertThat(engine.stats().damage()).isEmpty();
      assertThat(value("count_over_time(g[4h])", 11)).isEqualTo(3 * 240);
      assertThat(value("increase(c[4h])", 11)).isCloseTo(4 * 3600, within(1.0));
      assertThat(value("count_over_time(g[6h])", 18)).isEqualTo(6 * 240);
      assertThat(value("increase(c[6h])", 24)).isCloseTo(6 * 3600, within(1.0));
      assertThat(((QueryResult.Vector) ask("count_over_time(g[6h])", 24).value()).size()).isZero();
      try (Snapshot snapshot = engine.snapshot()) {
        TimeRange window = new TimeRange(START + 18 * HOUR, START + 24 * HOUR);
        assertThat(
                snapshot.labelValues("", "__name__", List.of(), window, 10, QueryBudget.UNLIMITED))
            .containsExactly("c");
      }
      List<String> problems = new ArrayList<>();
      List<String> receipts = new ArrayList<>();
      new DataFolder(dir).verify(file -> {}, problems::add, receipts::add);
      assertThat(problems).isEmpty();
      assertThat(receipts).hasSize(2).allMatch(receipt -> receipt.contains("nothing of it is"));
    }
  }
}
