package io.varve.query.grouped;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.Seeds;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.TimeRange;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With grouped aggregates every query must answer what it answers from the samples. */
final class GroupedQueriesTest {
  @TempDir Path dir;

  @Test
  void allModesAnswerAlike() throws Exception {
    try (GroupedStore store = new GroupedStore(dir, new Random(Seeds.usual(7)), config -> config)) {
      store.write(26 * 60);
      store.settle();
      assertThat(store.compareMany(300)).as("queries that tables were used for").isGreaterThan(60);
      store.engine.delete(
          "",
          List.of(Matcher.equal("n", "2")),
          new TimeRange(
              GroupedStore.ORIGIN + 5 * GroupedStore.HOUR,
              GroupedStore.ORIGIN + 7 * GroupedStore.HOUR));
      store.compareMany(100);
      store.settle();
      assertThat(store.compareMany(100)).isGreaterThan(10);
      store.late();
      store.compareMany(100);
      store.engine.mergeAll();
      store.compareMany(100);
      store.settle();
      assertThat(store.compareMany(100)).isGreaterThan(10);
    }
  }
}
