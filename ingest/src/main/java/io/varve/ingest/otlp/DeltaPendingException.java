package io.varve.ingest.otlp;

/**
 * A delta that another request has brought too, which is not stored yet: only when it is can the
 * repetition be answered with success.
 */
public final class DeltaPendingException extends RuntimeException {
  DeltaPendingException(String metric) {
    super(
        "another request is writing the same delta of metric "
            + UntranslatableException.quoted(metric)
            + "; send it once more",
        null,
        false,
        false);
  }
}
