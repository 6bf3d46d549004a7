package io.varve.query.histogram;

/** What is known of a counter reset between a histogram and the one before it. */
public enum ResetHint {
  /** Nothing. */
  UNKNOWN,
  /** There was one. */
  RESET,
  /** There was none. */
  NOT_RESET,
  /** It is no counter. */
  GAUGE
}
