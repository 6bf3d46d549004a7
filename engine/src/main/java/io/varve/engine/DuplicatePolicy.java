package io.varve.engine;

/**
 * What becomes of a sample whose series already has another value at its timestamp. A sample with
 * the same bits is always a no-op. "Later" is the order of the log.
 */
public enum DuplicatePolicy {
  /** The later sample replaces the earlier: corrections and backfill just work. The default. */
  LAST,
  /**
   * The later sample is refused, and so is one older than the newest of its series unless an
   * out-of-order window is set: as Prometheus does it.
   */
  REJECT,
  /** The larger value stays. */
  MAX
}
