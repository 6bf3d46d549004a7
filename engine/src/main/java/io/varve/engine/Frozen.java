package io.varve.engine;

import io.varve.engine.head.Head;
import io.varve.engine.head.LateHead;
import io.varve.engine.head.SeriesTable;
import java.util.TreeMap;

/**
 * Samples on their way from memory into files: no longer changed, still read.
 *
 * @param head samples in order
 * @param late late samples by window start
 * @param logFrom the first log position whose samples may be in
 * @param logTo the last log position whose samples are in
 * @param buckets bucket count of windows that have no files yet
 * @param correction true if the late samples are corrections: they take the place of what was
 *     logged before at the same times, whatever the duplicate policy
 */
record Frozen(
    Head head,
    TreeMap<Long, LateHead.Window> late,
    long logFrom,
    long logTo,
    int buckets,
    boolean correction) {
  /** No corrections. */
  Frozen(Head head, TreeMap<Long, LateHead.Window> late, long logFrom, long logTo, int buckets) {
    this(head, late, logFrom, logTo, buckets, false);
  }

  SeriesTable table() {
    return head.table();
  }

  boolean isEmpty() {
    return head.isEmpty()
        && late.isEmpty()
        && head.exemplars().isEmpty()
        && head.metadata().isEmpty();
  }

  long bytes() {
    long sum = head.bytes();
    for (LateHead.Window window : late.values()) {
      sum += window.bytes();
    }
    return sum;
  }
}
