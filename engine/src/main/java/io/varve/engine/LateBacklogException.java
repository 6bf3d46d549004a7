package io.varve.engine;

/**
 * Late samples come faster than they can be flushed, so this batch with late samples is not taken
 * for the moment; batches without are. Nothing of it is stored, and it succeeds when the flush that
 * is under way is done: a matter of seconds, so it is worth waiting (HTTP 503).
 */
public final class LateBacklogException extends LimitExceededException {
  /** With a message that names the limit and its setting. */
  public LateBacklogException(String message) {
    super(message);
  }
}
