package io.varve.ingest.intake;

/**
 * The request is over a limit on its size; nothing of it is stored, and sending it again as it is
 * cannot succeed (HTTP 413). The message names the limit.
 */
public final class RequestTooLargeException extends RuntimeException {
  /** With a message that names the limit and what to do. */
  public RequestTooLargeException(String message) {
    super(message, null, false, false);
  }
}
