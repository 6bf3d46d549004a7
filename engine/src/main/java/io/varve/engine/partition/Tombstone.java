package io.varve.engine.partition;

import io.varve.engine.model.TimeRange;
import org.roaringbitmap.RoaringBitmap;

/**
 * One delete in one window: it hides the samples of some series in a time range that were logged
 * before it. Immutable by convention: nobody changes the bitmap.
 *
 * @param windowIds the series
 * @param startExclusive milliseconds since the epoch, not part of the range
 * @param endInclusive milliseconds since the epoch, part of the range
 * @param position log sequence number of the delete
 */
public record Tombstone(
    RoaringBitmap windowIds, long startExclusive, long endInclusive, long position) {
  /** The deleted span. */
  public TimeRange range() {
    return new TimeRange(startExclusive, endInclusive);
  }
}
