package io.varve.http.cluster;

import java.io.Serial;

/** What a request needs of the cluster is not to be had at the moment: 503. */
final class UnavailableException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1;

  /** Keeps no stack trace: it is an answer. */
  UnavailableException(String message) {
    super(message, null, false, false);
  }
}
