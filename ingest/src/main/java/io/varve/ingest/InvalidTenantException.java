package io.varve.ingest;

/** A tenant header that cannot name one tenant (HTTP 400); the message says why. */
public final class InvalidTenantException extends IllegalArgumentException {
  InvalidTenantException(String message) {
    super(message);
  }
}
