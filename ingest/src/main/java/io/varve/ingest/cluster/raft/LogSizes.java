package io.varve.ingest.cluster.raft;

/**
 * How many bytes of records lie behind an index: a point every 64 KiB, the newest 16,384 of them,
 * in 256 KiB of memory. One thread adds; any thread asks.
 */
final class LogSizes {
  static final long STEP_BYTES = 64 << 10;
  static final int POINTS = 1 << 14;

  /** Of each point the index up to which it counts, and the bytes up to there. */
  private final long[] indexes = new long[POINTS];

  private final long[] totals = new long[POINTS];
  private int count;
  private int next;
  private long last;
  private long total;

  /** A record came, behind all before it. */
  synchronized void add(long index, long bytes) {
    if (count == 0) {
      point(index - 1);
    }
    last = index;
    total += bytes;
    if (total - totals[(next + POINTS - 1) % POINTS] >= STEP_BYTES) {
      point(index);
    }
  }

  private void point(long index) {
    indexes[next] = index;
    totals[next] = total;
    next = (next + 1) % POINTS;
    count = Math.min(count + 1, POINTS);
  }

  /**
   * Bytes of the records behind an index. Too many by one step and a record at most, as what
   * follows the point before the index is counted in; too few if the index is before all points.
   */
  synchronized long behind(long index) {
    if (count == 0 || index >= last) {
      return 0;
    }
    int first = next - count + POINTS;
    int low = 0;
    int high = count;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (indexes[(first + middle) % POINTS] <= index) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return total - totals[(first + Math.max(0, low - 1)) % POINTS];
  }
}
