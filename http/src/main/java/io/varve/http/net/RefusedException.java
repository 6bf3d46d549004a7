package io.varve.http.net;

import java.io.Serial;

/** Ends a request of a plain text endpoint with a status and a text for the client. */
public final class RefusedException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1;

  private final int status;

  /** Keeps no stack trace: it is an answer. */
  public RefusedException(int status, String message) {
    super(message, null, false, false);
    this.status = status;
  }

  /** The status to answer with. */
  public int status() {
    return status;
  }
}
