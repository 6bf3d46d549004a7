package io.varve.query.grouped;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.FolderCheck;
import io.varve.engine.GroupedWork;
import io.varve.engine.Seeds;
import io.varve.engine.Snapshot;
import io.varve.engine.WriteMode;
import io.varve.engine.io.SimFileSystem;
import io.varve.engine.model.GroupedTable;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.engine.model.WriteBatch;
import io.varve.query.Cancellation;
import io.varve.query.QueryOptions;
import io.varve.query.QueryResult;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What tables cannot express, tables that are damaged or wrong, and those of other tenants. */
final class GroupedTablesTest {
  private static final Path FOLDER = Path.of("data");
  private static final long HOUR = GroupedStore.HOUR;
  private static final String[] QUERIES = {
    "sum by (job) (rate(x_total[1h]))",
    "max by (job) (max_over_time(x_total[2h]))",
    "min (min_over_time(x_total[1h]))",
    "sum (sum_over_time(x_total[4h]))",
    "avg by (zone) (last_over_time(x_total[1h]))",
    "count (avg_over_time(x_total[1h]))",
    "group by (job) (count_over_time(x_total[3h]))"
  };

  private final SimFileSystem fs = new SimFileSystem(1);
  private GroupedStore store;

  @BeforeEach
  void open() throws Exception {
    store =
        new GroupedStore(FOLDER, new Random(Seeds.usual(5)), config -> config.withFileSystem(fs));
    store.rules = List.of(GroupedStore.rule("hours", false, List.of("job", "zone"), HOUR));
    store.engine.aggregate(store.rules, 0);
  }

  @AfterEach
  void close() throws Exception {
    store.close();
  }

  /** All queries over all windows; tells how many were answered by tables. */
  private int compareAll() {
    int used = 0;
    for (String query : QUERIES) {
      long end = GroupedStore.ORIGIN + (store.now - GroupedStore.ORIGIN) / HOUR * HOUR;
      used += store.compare(query, GroupedStore.ORIGIN + HOUR, end, HOUR) ? 1 : 0;
    }
    return used;
  }

  @Test
  void oddValuesAreAnsweredAlike() {
    double[] odd = {
      Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, -0.0, 1e308, -1e308, 5e-324
    };
    for (int round = 0; round < 4; round++) {
      store.write(4 * 60);
      WriteBatch batch = new WriteBatch();
      for (int i = 0; i < 6; i++) {
        int s = store.random.nextInt(12);
        int row = batch.addSeries(GroupedStore.labels(s));
        long time = store.now - store.random.nextInt(4 * 3600) * 1000L - 500;
        GroupedStore.add(batch, row, time, odd[store.random.nextInt(odd.length)]);
      }
      store.engine.append(batch, WriteMode.ALL_OR_NOTHING);
    }
    store.engine.mergeAll();
    store.settle();
    assertThat(compareAll()).as("those that do not add them").isGreaterThan(2);
  }

  @Test
  void histogramsAreLeftToTheSamples() {
    store.write(3 * 4 * 60);
    WriteBatch batch = new WriteBatch();
    int row =
        batch.addSeries(Labels.of("__name__", "x_total", "job", "j1", "n", "h", "zone", "z0"));
    for (int i = 0; i < 40; i++) {
      batch.addHistogram(
          row, GroupedStore.ORIGIN + GroupedStore.WINDOW + i * 60_000L + 1, histogram(10 + i), 0);
    }
    store.engine.append(batch, WriteMode.ALL_OR_NOTHING);
    store.engine.mergeAll();
    store.settle();
    // The other windows have tables.
    assertThat(compareAll()).isEqualTo(QUERIES.length);
    long second = GroupedStore.ORIGIN + GroupedStore.WINDOW;
    assertThat(store.compare(QUERIES[0], second + HOUR, second + 4 * HOUR, HOUR)).isFalse();
    assertThat(explained(QUERIES[0])).contains("2 of 3 windows", "no matter of floats");
  }

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

  private String explained(String query) {
    try (Snapshot snapshot = store.engine.snapshot()) {
      QueryResult result =
          store.ask(
              snapshot,
              query,
              GroupedStore.ORIGIN + HOUR,
              store.now,
              HOUR,
              QueryOptions.DEFAULT.withExplain(true));
      return result.explanation().getFirst().remarks().toString();
    }
  }

  @Test
  void damagedTablesAreDerivedAnew() throws Exception {
    store.write(3 * 4 * 60);
    store.engine.mergeAll();
    store.settle();
    store.engine.close();
    List<Path> tables =
        fs.files().stream().filter(path -> path.toString().endsWith(".grp")).toList();
    assertThat(tables).hasSize(3);
    fs.flipBit(tables.get(0), 300);
    fs.delete(tables.get(1));
    assertThat(FolderCheck.problems(fs, FOLDER)).hasSize(2);
    store.open();
    assertThat(compareAll()).isEqualTo(QUERIES.length);
    assertThat(explained(QUERIES[0])).contains("1 of 3 windows", "damaged", "cannot be read");
    assertThat(store.engine.stats().damage()).hasSize(1);
    store.settle();
    assertThat(explained(QUERIES[0])).contains("3 of 3 windows");
    compareAll();
    assertThat(FolderCheck.problems(fs, FOLDER)).isEmpty();
  }

  @Test
  void wrongTablesAreFoundAndDerivedAnew() {
    store.write(3 * 4 * 60);
    while (store.engine.runBackgroundWork()) {
      // until the files are there
    }
    store.engine.mergeAll();
    GroupedWork work;
    List<GroupedTable> tables = new ArrayList<>();
    try (Snapshot snapshot = store.engine.snapshot()) {
      work = snapshot.grouped().missing(any -> true);
      if (work == null) {
        throw new AssertionError("nothing is to be derived");
      }
      GroupedDeriver deriver = new GroupedDeriver(store.queries, QueryOptions.DEFAULT);
      GroupedTable right = deriver.derive(snapshot, work, work.tables().getFirst());
      double[] values = right.values("sum(rate)");
      if (values == null) {
        throw new AssertionError("no rates");
      }
      values[2] += 1e-6;
      tables.add(right);
    }
    assertThat(store.engine.keepGrouped(work, tables)).isTrue();
    assertThat(store.engine.keepGrouped(work, tables)).as("it is there").isFalse();
    store.engine.mergeAll();
    store.settle();
    for (int i = 0; i < 100 && store.engine.aggregateStats().grouped().wrong() == 0; i++) {
      store.upkeep.audit(store.random, new Cancellation());
    }
    assertThat(store.engine.aggregateStats().grouped().wrong()).isEqualTo(1);
    assertThat(store.engine.stats().damage().getFirst()).contains("sum(rate) is");
    store.engine.mergeAll();
    store.settle();
    assertThat(compareAll()).isEqualTo(QUERIES.length);
    for (int i = 0; i < 50; i++) {
      store.upkeep.audit(store.random, new Cancellation());
    }
    assertThat(store.engine.aggregateStats().grouped().wrong()).isEqualTo(1);
  }

  @Test
  void backupsHaveThem() throws Exception {
    store.write(2 * 4 * 60);
    store.engine.mergeAll();
    store.settle();
    Path backup = Path.of("backup");
    store.engine.backUp(backup);
    assertThat(FolderCheck.problems(fs, backup)).isEmpty();
    assertThat(fs.files().stream().filter(file -> file.toString().endsWith(".grp"))).hasSize(4);
  }

  @Test
  void tenantsSeeTheirOwn() {
    store.write(2 * 4 * 60);
    WriteBatch batch = new WriteBatch();
    batch.tenant = "other";
    int row = batch.addSeries(GroupedStore.labels(1));
    for (int i = 0; i < 480; i++) {
      GroupedStore.add(batch, row, GroupedStore.ORIGIN + i * 60_000L + 1, 1000.0 * i);
    }
    store.engine.append(batch, WriteMode.ALL_OR_NOTHING);
    store.engine.mergeAll();
    store.settle();
    assertThat(compareAll()).isEqualTo(QUERIES.length);
    try (Snapshot snapshot = store.engine.snapshot()) {
      QueryResult result =
          store.queries.instant(
              snapshot,
              "other",
              "sum(max_over_time(x_total[1h]))",
              GroupedStore.ORIGIN + 4 * HOUR,
              QueryOptions.DEFAULT.withExplain(true));
      assertThat(GroupedStore.values(result)).containsEntry("{} ", 239_000.0);
      assertThat(result.stats().storedCells()).isPositive();
    }
  }
}
