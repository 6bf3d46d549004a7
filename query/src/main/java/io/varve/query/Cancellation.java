package io.varve.query;

import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A switch by which another thread ends a query early; the query notices it between batches of work
 * and fails with {@link QueryException.ErrorType#CANCELED}. It also lets that thread see how far
 * the query has come. Thread-safe.
 */
public final class Cancellation {
  private final Runnable pause;
  private volatile boolean cancelled;
  private volatile @Nullable String why;
  private volatile @Nullable LongSupplier samples;

  /** Not cancelled. */
  public Cancellation() {
    this(() -> {});
  }

  /**
   * Not cancelled.
   *
   * @param pause what the query's threads do between batches of work, before they look whether they
   *     shall go on
   */
  public Cancellation(Runnable pause) {
    this.pause = pause;
  }

  /** To be called by the query between batches of work. */
  public void pause() {
    pause.run();
  }

  /** Ends the query soon; more than once is no harm. */
  public void cancel() {
    cancelled = true;
  }

  /** The same, for a reason that whoever waits for the answer is told. */
  public void cancel(String reason) {
    why = reason;
    cancelled = true;
  }

  /** True after {@link #cancel}. */
  public boolean isCancelled() {
    return cancelled;
  }

  /** Why; null if no reason was given. */
  public @Nullable String why() {
    return why;
  }

  /** Samples that the query has decoded so far. */
  public long samplesRead() {
    LongSupplier known = samples;
    return known == null ? 0 : known.getAsLong();
  }

  /** To be called by the query: where its progress can be seen. */
  public void observe(LongSupplier samplesRead) {
    samples = samplesRead;
  }
}
