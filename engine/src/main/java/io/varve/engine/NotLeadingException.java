package io.varve.engine;

/**
 * This replica does not lead its shard, or not any more: another one takes writes (HTTP 503, or the
 * request is passed on). Whether a batch is stored that was on its way at that moment is not known;
 * to send it again does no harm.
 */
public final class NotLeadingException extends StorageStoppedException {
  private static final long serialVersionUID = 1;

  /** With a message that says who leads, if that is known. */
  public NotLeadingException(String message) {
    super(message);
  }

  /** With a message that says who leads, if that is known. */
  public NotLeadingException(String message, Throwable cause) {
    super(message, cause);
  }
}
