package io.varve.http;

import io.varve.engine.AggregateStats;
import io.varve.engine.Engine;
import io.varve.engine.WindowStats;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.TimeRange;
import io.varve.http.api.Store;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** What the endpoints may do to an engine's files. */
record EngineUpkeep(Engine engine, Path backups) implements Store.Upkeep {
  @Override
  public void delete(String tenant, List<Matcher> matchers, TimeRange range) {
    engine.delete(tenant, matchers, range);
  }

  @Override
  public void cleanTombstones() {
    engine.cleanTombstones();
  }

  @Override
  public void merge() {
    engine.mergeAll();
  }

  @Override
  public void backUp(String name) throws IOException {
    engine.backUp(backups.resolve(name));
  }

  @Override
  public List<WindowStats> windows() {
    return engine.windows();
  }

  @Override
  public AggregateStats aggregates() {
    return engine.aggregateStats();
  }
}
