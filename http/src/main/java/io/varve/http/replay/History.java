package io.varve.http.replay;

import io.varve.engine.Snapshot;
import io.varve.query.QueryException;
import io.varve.query.QueryResult;
import io.varve.query.QueryResult.Matrix;

/** What was stored before a replay: of a data folder, or of a server. One thread. */
public interface History extends AutoCloseable {
  /**
   * Evaluates over what is stored, at many times.
   *
   * @throws QueryException if there is no answer
   */
  Matrix range(String expression, long start, long end, long step);

  /**
   * Evaluates over what is stored, at one time.
   *
   * @throws QueryException if there is no answer
   */
  QueryResult.Value instant(String expression, long time);

  /**
   * The samples themselves, for expressions that also read what is replayed; closed by the caller.
   */
  Snapshot snapshot();

  /** Whose series {@link #snapshot} is asked for. */
  String tenant();

  @Override
  void close();
}
