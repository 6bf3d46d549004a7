package io.varve.ingest.remotewrite;

/** The request's content type or encoding is not one that is read here (HTTP 415). */
public final class UnsupportedContentException extends RuntimeException {
  /** With a message that names what was sent and what is accepted. */
  public UnsupportedContentException(String message) {
    super(message, null, false, false);
  }
}
