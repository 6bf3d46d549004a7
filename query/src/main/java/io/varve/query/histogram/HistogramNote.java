package io.varve.query.histogram;

/** What the user should know about a computation with histograms. */
public enum HistogramNote {
  /** Floats and histograms stood side by side, and there is no result. */
  MIXED_FLOATS,
  /** Histograms were ignored beside floats. */
  IGNORED_BESIDE_FLOATS,
  /** A function of counters met a gauge. */
  NOT_COUNTER,
  /** A function of gauges met a counter. */
  NOT_GAUGE,
  /** Exponential and custom buckets stood side by side. */
  MIXED_SCHEMAS,
  /** Custom bounds differed in an addition. */
  RECONCILED_ADDITION,
  /** Custom bounds differed in a subtraction. */
  RECONCILED_SUBTRACTION,
  /** Custom bounds differed in an aggregation. */
  RECONCILED_AGGREGATION,
  /** One said that there was a counter reset, another that there was none. */
  COLLISION
}
