package io.varve.ingest.cluster;

/**
 * A place in a shard's replicated log.
 *
 * @param term under whose leader the record was appended; grows with every election
 * @param index of the record; of all records that a majority has, no two have the same
 */
public record LogPosition(long term, long index) implements Comparable<LogPosition> {
  /** Before the first record. */
  public static final LogPosition START = new LogPosition(0, 0);

  /**
   * By index: what a majority has at a lower index is before what it has at a higher one, whatever
   * the terms.
   */
  @Override
  public int compareTo(LogPosition other) {
    return index != other.index ? Long.compare(index, other.index) : Long.compare(term, other.term);
  }
}
