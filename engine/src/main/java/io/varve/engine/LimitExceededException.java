package io.varve.engine;

/**
 * A limit that bounds memory stands in the way; nothing of the batch is stored. The same batch may
 * succeed later (HTTP 429). The message names the limit, its value and what to do.
 */
public sealed class LimitExceededException extends RuntimeException permits LateBacklogException {
  /** With a message that names the limit and its setting. */
  public LimitExceededException(String message) {
    super(message);
  }
}
