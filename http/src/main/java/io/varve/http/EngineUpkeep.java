package io.varve.http;

import io.varve.engine.AggregateStats;
import io.varve.engine.DeleteInfo;
import io.varve.engine.DeletePreview;
import io.varve.engine.Engine;
import io.varve.engine.QueryBudget;
import io.varve.engine.WindowStats;
import io.varve.engine.WriteResult;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import io.varve.http.api.Store;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** What the endpoints may do to an engine's files. */
record EngineUpkeep(Engine engine, Path backups) implements Store.Upkeep {
  @Override
  public long delete(String tenant, List<Matcher> matchers, TimeRange range) {
    return engine.delete(tenant, matchers, range);
  }

  @Override
  public DeletePreview previewDelete(String tenant, List<Matcher> matchers, TimeRange range) {
    return engine.previewDelete(tenant, matchers, range, QueryBudget.UNLIMITED);
  }

  @Override
  public List<DeleteInfo> deletes() {
    return engine.deletes();
  }

  @Override
  public void undelete(long id) {
    engine.undelete(id);
  }

  @Override
  public WriteResult correct(WriteBatch batch) {
    return engine.correct(batch);
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
