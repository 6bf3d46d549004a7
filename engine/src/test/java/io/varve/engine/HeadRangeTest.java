package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Series of the head are named only for ranges in which they may have samples. */
final class HeadRangeTest {
  private static final long T = 1_763_700_000_000L;
  private static final long MINUTE = 60_000;

  @TempDir private Path dir;

  private static void add(Engine engine, String name, long fromMinute, long toMinute, double step) {
    WriteBatch batch = new WriteBatch();
    for (long minute = fromMinute; minute <= toMinute; minute++) {
      batch.add(Labels.of("__name__", name, "job", name), T + minute * MINUTE, minute * step);
    }
    engine.append(batch, WriteMode.ALL_OR_NOTHING);
  }

  /** Names of series, of values of job, and of values of job with a matcher, in minutes. */
  private static List<String> names(Engine engine, long from, long to) {
    TimeRange range = new TimeRange(T + from * MINUTE, T + to * MINUTE);
    List<Matcher> matchers = List.of(Matcher.equal("job", "old"));
    List<String> names = new ArrayList<>();
    try (Snapshot snapshot = engine.snapshot()) {
      SeriesSet set = snapshot.select("", List.of(), range, QueryBudget.UNLIMITED);
      for (int i = 0; i < set.size(); i++) {
        names.add(set.labels(i).get("__name__"));
      }
      names.sort(null);
      boolean old = names.contains("old");
      assertThat(snapshot.labelValues("", "job", matchers, range, 0, QueryBudget.UNLIMITED))
          .hasSize(old ? 1 : 0);
      assertThat(snapshot.labelNames("", matchers, range, 0, QueryBudget.UNLIMITED))
          .hasSize(old ? 2 : 0);
    }
    return names;
  }

  @Test
  void aSeriesIsNamedForRangesThatMeetItsSamples() throws IOException {
    EngineConfig config = EngineConfig.defaults(dir).withBackgroundThreads(false);
    try (Engine engine = Engine.open(config)) {
      add(engine, "all", 0, 100, 0); // a run of equal values
      add(engine, "old", 0, 10, 1.5); // a short tail
      add(engine, "packed", 20, 100, 0.7); // more than a tail holds
      add(engine, "late", 60, 61, 1);
      add(engine, "late", 30, 30, 1);
      WriteBatch batch = new WriteBatch();
      int histogram = batch.addSeries(Labels.of("__name__", "histogram"));
      Histogram sample = GoldenHead.INTEGERS;
      batch.addHistogram(histogram, T + 70 * MINUTE, sample, 0);
      engine.append(batch, WriteMode.ALL_OR_NOTHING);

      assertThat(names(engine, -1, 0)).containsExactly("all", "old");
      assertThat(names(engine, -5, -1)).isEmpty();
      assertThat(names(engine, -1, 200))
          .containsExactly("all", "histogram", "late", "old", "packed");
      assertThat(names(engine, 9, 10)).containsExactly("all", "old");
      assertThat(names(engine, 10, 19)).containsExactly("all");
      assertThat(names(engine, 10, 20)).containsExactly("all", "packed");
      assertThat(names(engine, 29, 30)).containsExactly("all", "late", "packed");
      assertThat(names(engine, 61, 69)).containsExactly("all", "packed");
      assertThat(names(engine, 60, 70)).containsExactly("all", "histogram", "late", "packed");
      assertThat(names(engine, 99, 100)).containsExactly("all", "packed");
      assertThat(names(engine, 100, 200)).isEmpty();
    }
  }
}
