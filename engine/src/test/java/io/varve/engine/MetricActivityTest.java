package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import io.varve.engine.registry.Registry.Activity;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The registry learns of writes by flushes and of queries by selections. */
final class MetricActivityTest {
  private static final long T = 1_763_700_000_000L;
  private static final long NOW = T + 600_000;
  private static final long DAY = 86_400_000;

  @TempDir private Path dir;

  private static void select(Engine engine, String tenant, Matcher... matchers) {
    try (Snapshot snapshot = engine.snapshot()) {
      snapshot.select(tenant, List.of(matchers), TimeRange.ALL, QueryBudget.UNLIMITED);
    }
  }

  @Test
  void knowsWhenMetricsWereWrittenAndQueried() throws IOException {
    EngineConfig config =
        EngineConfig.defaults(dir)
            .withBackgroundThreads(false)
            .withClock(InstantSource.fixed(Instant.ofEpochMilli(NOW)));
    try (Engine engine = Engine.open(config)) {
      WriteBatch batch = new WriteBatch();
      batch.add(Labels.of("A", "before the name", "__name__", "a", "i", "1"), T + 1, 1);
      batch.add(Labels.of("__name__", "a", "i", "2"), T + 2, 1);
      batch.add(Labels.of("__name__", "b"), T + 5, 1);
      batch.add(Labels.of("__name__", "c"), T, 1);
      batch.add(Labels.of("no", "name"), T, 1);
      engine.append(batch, WriteMode.PARTIAL);
      batch.clear();
      batch.tenant = "team";
      batch.add(Labels.of("__name__", "a"), T + 9, 1);
      engine.append(batch, WriteMode.PARTIAL);

      select(engine, "", Matcher.equal("__name__", "a"));
      select(engine, "", Matcher.equal("__name__", "none"));
      assertThat(engine.metricActivity(""))
          .isEqualTo(
              Map.of(
                  "a", new Activity(T + 2, NOW),
                  "b", new Activity(T + 5, 0),
                  "c", new Activity(T, 0)));

      engine.flush();
      select(engine, "", new Matcher(Matcher.Type.RE, "__name__", "b|none"));
      assertThat(engine.metricActivity(""))
          .isEqualTo(
              Map.of(
                  "a", new Activity(T + 2, NOW),
                  "b", new Activity(T + 5, NOW),
                  "c", new Activity(T, 0)));
      assertThat(engine.metricActivity("team")).isEqualTo(Map.of("a", new Activity(T + 9, 0)));

      batch.clear();
      batch.add(Labels.of("__name__", "c"), T - DAY, 1); // late
      batch.add(Labels.of("__name__", "d"), T - DAY, 1);
      engine.append(batch, WriteMode.PARTIAL);
      engine.flush();
      assertThat(engine.metricActivity(""))
          .containsEntry("c", new Activity(T, 0))
          .containsEntry("d", new Activity(T - DAY, 0));
    }
  }
}
