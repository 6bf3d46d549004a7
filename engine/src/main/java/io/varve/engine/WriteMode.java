package io.varve.engine;

/** What a refused sample does to the rest of its batch. */
public enum WriteMode {
  /** Nothing of the batch is stored (remote write 1.0). */
  ALL_OR_NOTHING,
  /** Everything else is stored (remote write 2.0). */
  PARTIAL
}
