package io.varve.http.api;

import io.varve.query.QueryStats;

/** Is told what queries took. Called from many threads at a time. */
public interface QueryMeter {
  /** A query was answered. */
  void answered(long evaluationNanos, long queueNanos, QueryStats stats);

  /** A query was answered with what another one computed at the same time. */
  void shared();

  /** A query was not answered, for a reason that the API names so. */
  void failed(String errorType);
}
