package io.varve.ingest.otlp;

/** The request is not OTLP metrics in a form that is read here (HTTP 400). */
public final class OtlpFormatException extends RuntimeException {
  /** With a message for the sender. */
  public OtlpFormatException(String message) {
    super(message, null, false, false);
  }
}
