package io.varve.ingest.intake;

import java.util.Locale;

/**
 * Why samples, exemplars or metadata were not stored: the label of the counter that counts them.
 */
public enum Reason {
  /** No metric name, an empty label name, or bytes that are not UTF-8. */
  INVALID_LABELS,
  /** One label name twice. */
  DUPLICATE_LABEL,
  /** More or longer labels than the limits allow. */
  LABEL_LIMIT,
  /** Later than the clock allows. */
  TOO_FAR_IN_FUTURE,
  /** OTLP data that has no form here, such as deltas. */
  UNTRANSLATABLE,
  /** A delta that its stream's running total has already, or is past. */
  DELTA_OUT_OF_ORDER,
  /** A delta for whose running total there is no memory. */
  DELTA_LIMIT,
  /** A histogram that contradicts itself. */
  INVALID_HISTOGRAM,
  /** Refused by the engine: duplicate, out of order, out of bounds. */
  REFUSED_BY_STORE,
  /** An exemplar that cannot be stored; does not change the answer. */
  EXEMPLAR,
  /** Metadata that cannot be stored; does not change the answer. */
  METADATA;

  private final String label = name().toLowerCase(Locale.ROOT);

  /** The name in metrics. */
  public String label() {
    return label;
  }
}
