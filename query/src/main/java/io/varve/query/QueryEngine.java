package io.varve.query;

import io.varve.engine.Snapshot;

/**
 * Answers PromQL. One engine serves a whole process: it owns the threads on which queries are
 * evaluated. Any thread may ask it, virtual ones included; the asking thread waits.
 */
public final class QueryEngine implements AutoCloseable {
  /**
   * How an engine is set up.
   *
   * @param threads platform threads shared by all queries; 0 = evaluate on the asking thread
   * @param lookbackMillis how old a sample may be for an instant selector to see it
   * @param subqueryStepMillis step of subqueries that name none, in instant queries
   * @param limits what a query may spend unless its options say otherwise
   */
  public record Options(
      int threads, long lookbackMillis, long subqueryStepMillis, QueryLimits limits) {
    /** One thread per core, 5 minutes, 1 minute, default limits. */
    public static final Options DEFAULT =
        new Options(
            Runtime.getRuntime().availableProcessors(), 300_000, 60_000, QueryLimits.DEFAULT);
  }

  private final Options options;

  /** Starts no thread before the first query needs one. */
  public QueryEngine(Options options) {
    this.options = options;
  }

  /**
   * Evaluates at one time.
   *
   * @param snapshot what to read; stays the caller's
   * @param tenant whose series
   * @param timeMillis evaluation time, milliseconds since the epoch
   * @throws QueryException always and only, when there is no answer
   */
  public QueryResult instant(
      Snapshot snapshot, String tenant, String query, long timeMillis, QueryOptions queryOptions) {
    throw new QueryException(QueryException.ErrorType.INTERNAL, "not evaluated: " + options);
  }

  /**
   * Evaluates at {@code start}, {@code start + step} … as far as {@code end}; the value is a {@link
   * QueryResult.Matrix}.
   *
   * @param snapshot what to read; stays the caller's
   * @param tenant whose series
   * @param startMillis first evaluation time
   * @param endMillis last possible evaluation time, not before the first
   * @param stepMillis distance of evaluation times, positive
   * @throws QueryException always and only, when there is no answer
   */
  public QueryResult range(
      Snapshot snapshot,
      String tenant,
      String query,
      long startMillis,
      long endMillis,
      long stepMillis,
      QueryOptions queryOptions) {
    throw new QueryException(QueryException.ErrorType.INTERNAL, "not evaluated: " + options);
  }

  /** Ends the threads; queries that run are cancelled. */
  @Override
  public void close() {}
}
