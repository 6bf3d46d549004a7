package io.varve.ingest;

/** Requests in progress hold all the memory that they may; this one may come again (HTTP 503). */
final class NoRoomException extends RuntimeException {
  NoRoomException(IngestLimits limits) {
    super(
        "requests in progress already hold most of the "
            + limits.inFlightBytes()
            + " bytes they may hold together",
        null,
        false,
        false);
  }
}
