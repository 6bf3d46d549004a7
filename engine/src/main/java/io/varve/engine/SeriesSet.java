package io.varve.engine;

import io.varve.engine.model.Labels;

/**
 * Series found by a selection, numbered 0 to {@code size − 1}. Immutable; any thread may use it.
 */
public interface SeriesSet {
  /** How many series. */
  int size();

  /** The labels of a series. */
  Labels labels(int series);

  /** How many windows have files with series of it. */
  default int windows() {
    return 0;
  }

  /** A reader for one thread; close it before the snapshot. */
  SeriesReader reader();
}
