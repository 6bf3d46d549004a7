package io.varve.engine.partition;

/** A decoded page of a directory, which a {@link DirectoryCache} may hold. Immutable. */
sealed interface DirectoryPage permits BlockPage, TimePage, StatsPage, RowIndex {
  /** Heap that it takes. */
  long residentBytes();
}
