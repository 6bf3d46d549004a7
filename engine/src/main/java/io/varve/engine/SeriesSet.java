package io.varve.engine;

import io.varve.engine.model.Labels;
import java.util.Collections;
import java.util.SortedSet;

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

  /** The widths of cells of continuous aggregates that any of the windows has, ascending. */
  default SortedSet<Long> cellMillis() {
    return Collections.emptySortedSet();
  }

  /** Where only cells are left of the samples, in the range that was selected. */
  default SamplesGone samplesGone() {
    return SamplesGone.NOWHERE;
  }

  /** A reader for one thread; close it before the snapshot. */
  SeriesReader reader();
}
