package io.varve.engine.model;

/**
 * A span of time (a, b]: open on the left, closed on the right, as PromQL's ranges and the engine's
 * windows are.
 *
 * @param startExclusive milliseconds since the epoch, not part of the range
 * @param endInclusive milliseconds since the epoch, part of the range
 */
public record TimeRange(long startExclusive, long endInclusive) {
  /** All of time. */
  public static final TimeRange ALL = new TimeRange(Long.MIN_VALUE, Long.MAX_VALUE);

  /** The range of both-inclusive bounds, as the HTTP API gives them. */
  public static TimeRange closed(long startInclusive, long endInclusive) {
    return new TimeRange(
        startInclusive == Long.MIN_VALUE ? Long.MIN_VALUE : startInclusive - 1, endInclusive);
  }

  /** True if no time is in the range. */
  public boolean isEmpty() {
    return endInclusive <= startExclusive;
  }

  /** True if the time is in the range. */
  public boolean contains(long time) {
    return time > startExclusive && time <= endInclusive;
  }

  /** True if one of the first {@code n} of some ascending times is in the range. */
  public boolean meets(long[] times, int n) {
    int low = 0;
    for (int high = n; low < high; ) {
      int middle = (low + high) >>> 1;
      if (times[middle] > startExclusive) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low < n && times[low] <= endInclusive;
  }

  /** True if the ranges share a time. */
  public boolean overlaps(TimeRange other) {
    return Math.max(startExclusive, other.startExclusive)
        < Math.min(endInclusive, other.endInclusive);
  }
}
