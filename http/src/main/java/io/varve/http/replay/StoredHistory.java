package io.varve.http.replay;

import io.varve.engine.Engine;
import io.varve.engine.Snapshot;
import io.varve.query.QueryEngine;
import io.varve.query.QueryOptions;
import io.varve.query.QueryResult;
import io.varve.query.QueryResult.Matrix;

/** The history in an engine, which stays the caller's. */
public final class StoredHistory implements History {
  private final Engine engine;
  private final QueryEngine queries;
  private final String tenant;

  /** The series of a tenant. */
  public StoredHistory(Engine engine, QueryEngine queries, String tenant) {
    this.engine = engine;
    this.queries = queries;
    this.tenant = tenant;
  }

  @Override
  public Matrix range(String expression, long start, long end, long step) {
    try (Snapshot snapshot = engine.snapshot()) {
      return (Matrix)
          queries
              .range(snapshot, tenant, expression, start, end, step, QueryOptions.DEFAULT)
              .value();
    }
  }

  @Override
  public QueryResult.Value instant(String expression, long time) {
    try (Snapshot snapshot = engine.snapshot()) {
      return queries.instant(snapshot, tenant, expression, time, QueryOptions.DEFAULT).value();
    }
  }

  @Override
  public Snapshot snapshot() {
    return engine.snapshot();
  }

  @Override
  public String tenant() {
    return tenant;
  }

  @Override
  public void close() {}
}
