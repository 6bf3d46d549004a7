package io.varve.query.grouped;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.AggregateRule;
import io.varve.engine.FolderCheck;
import io.varve.engine.Grouping;
import io.varve.engine.Seeds;
import io.varve.engine.Snapshot;
import io.varve.engine.io.SimFileSystem;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.TimeRange;
import io.varve.engine.policy.RetentionPolicy;
import io.varve.engine.policy.RetentionRule;
import io.varve.query.QueryOptions;
import io.varve.query.QueryResult;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Tables are kept as long as the policy keeps aggregates of their resolution. */
final class GroupedRetentionTest {
  private static final Path FOLDER = Path.of("data");
  private static final long HOUR = GroupedStore.HOUR;
  private static final long WINDOW = GroupedStore.WINDOW;
  private static final String RATES = "sum by (job) (rate(x_total[1h]))";

  private final SimFileSystem fs = new SimFileSystem(1);
  private GroupedStore store;

  @BeforeEach
  void fill() throws Exception {
    store =
        new GroupedStore(
            FOLDER,
            new Random(Seeds.usual(5)),
            config -> config.withFileSystem(fs).withStoredRetention());
    store.rules =
        List.of(
            GroupedStore.rule("hours", false, List.of("job", "zone"), HOUR),
            GroupedStore.rule("tens", false, List.of("job"), 10 * GroupedStore.MINUTE));
    store.engine.aggregate(store.rules, 0);
    store.write(7 * 4 * 60);
    store.settle();
  }

  @AfterEach
  void close() throws Exception {
    assertThat(FolderCheck.problems(fs, FOLDER)).isEmpty();
    store.close();
  }

  private static RetentionRule hours(long windows, Matcher... matchers) {
    return new RetentionRule(null, List.of(matchers), HOUR, windows * WINDOW);
  }

  private QueryResult ask(String query) {
    try (Snapshot snapshot = store.engine.snapshot()) {
      return store.ask(
          snapshot,
          query,
          GroupedStore.ORIGIN + HOUR,
          GroupedStore.ORIGIN + 7 * WINDOW,
          HOUR,
          QueryOptions.DEFAULT);
    }
  }

  private TreeMap<String, Double> values(String query) {
    return GroupedStore.values(ask(query));
  }

  private long files() {
    return fs.files().stream().filter(path -> path.toString().endsWith(".grp")).count();
  }

  @Test
  void tablesOutliveTheirSamples() throws Exception {
    Map<String, Double> before = values(RATES);
    Map<String, Double> counts = values("sum(count_over_time(x_total[4h]))");
    long files = files();
    assertThat(before).hasSize(3 * 28);
    store.engine.setRetention(new RetentionPolicy(2 * WINDOW, List.of(hours(100))));
    assertThat(values(RATES)).as("while the files do not know").isEqualTo(before);
    store.settle();
    assertThat(store.engine.windows()).hasSize(7);
    assertThat(files()).isLessThan(files);
    assertThat(values(RATES)).isEqualTo(before);
    assertThat(values("sum(count_over_time(x_total[4h]))")).isEqualTo(counts);
    assertThat(ask(RATES).infos()).anyMatch(info -> info.contains("older than their retention"));
    // Other steps need samples, of which there are those of two windows and more.
    assertThat(values("sum by (job) (rate(x_total[30m]))").size()).isBetween(3 * 8, 3 * 13);
    store.engine.mergeAll();
    store.engine.close();
    store.open();
    store.settle();
    assertThat(values(RATES)).isEqualTo(before);
    // They follow a stricter policy as well.
    store.engine.setRetention(new RetentionPolicy(2 * WINDOW, List.of(hours(4))));
    store.settle();
    assertThat(store.engine.windows()).hasSizeBetween(4, 5);
    assertThat(values(RATES).size()).isBetween(3 * 16, 3 * 21);
    store.engine.setRetention(new RetentionPolicy(WINDOW, List.of()));
    store.settle();
    assertThat(store.engine.windows()).hasSizeBetween(1, 2);
    store.compareMany(50);
  }

  @Test
  void deletesReachThem() {
    store.engine.setRetention(new RetentionPolicy(2 * WINDOW, List.of(hours(100))));
    store.settle();
    assertThat(values(RATES)).hasSize(3 * 28);
    store.engine.delete(
        "",
        List.of(Matcher.equal("job", "j1")),
        new TimeRange(GroupedStore.ORIGIN, GroupedStore.ORIGIN + WINDOW));
    // Nobody can tell any more what the others are.
    assertThat(values(RATES)).hasSize(3 * 24);
    store.settle();
    assertThat(values(RATES)).hasSize(3 * 24);
  }

  @Test
  void ofSeriesThatAreGoneNothingIsLeft() {
    // The groups of one job go with their samples, those of the others stay with theirs.
    RetentionRule short0 =
        new RetentionRule(null, List.of(Matcher.equal("job", "j0")), RetentionRule.ANY, 1);
    store.engine.setRetention(
        new RetentionPolicy(
            WINDOW,
            List.of(
                short0,
                new RetentionRule(
                    null,
                    List.of(new Matcher(Matcher.Type.NEQ, "job", "j0")),
                    RetentionRule.ANY,
                    100 * WINDOW))));
    TreeMap<String, Double> left = values(RATES);
    assertThat(left.size()).isBetween(2 * 28 + 4, 2 * 28 + 9);
    store.settle();
    assertThat(values(RATES).keySet()).isEqualTo(left.keySet());
    assertThat(store.compareMany(100)).isPositive();
  }

  @Test
  void rulesThatGoTakeTheirFilesAlong() {
    assertThat(files()).isEqualTo(14);
    store.engine.aggregate(List.of(store.rules.get(1)), 0);
    store.settle();
    assertThat(files()).isEqualTo(7);
    AggregateRule none =
        new AggregateRule(
            "none",
            null,
            List.of(Matcher.equal("__name__", "nothing")),
            List.of(HOUR),
            new Grouping(false, List.of(), List.of("sum(rate)")));
    store.engine.aggregate(List.of(none), 0);
    store.settle();
    assertThat(files()).as("a table without groups needs no file").isZero();
    assertThat(store.engine.aggregateStats().grouped().tables().getFirst().windowsLeft()).isZero();
    assertThat(values("sum by (job) (rate(nothing[1h]))")).isEmpty();
  }
}
