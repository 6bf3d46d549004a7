package io.varve.query;

/**
 * A switch by which another thread ends a query early; the query notices it between batches of work
 * and fails with {@link QueryException.ErrorType#CANCELED}. Thread-safe.
 */
public final class Cancellation {
  private volatile boolean cancelled;

  /** Not cancelled. */
  public Cancellation() {}

  /** Ends the query soon; more than once is no harm. */
  public void cancel() {
    cancelled = true;
  }

  /** True after {@link #cancel}. */
  public boolean isCancelled() {
    return cancelled;
  }
}
