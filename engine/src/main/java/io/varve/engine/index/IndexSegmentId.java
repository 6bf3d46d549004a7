package io.varve.engine.index;

/**
 * Which segment of which window's index a file is. It stands in the file's header.
 *
 * @param windowStart exclusive start of the window, milliseconds since the epoch
 * @param windowMillis width of the window
 * @param generation generation of the window's index: a merge that renumbers starts a new one
 * @param number place of the segment in its generation, from 0
 * @param firstId window id of the first series
 */
public record IndexSegmentId(
    long windowStart, long windowMillis, long generation, int number, int firstId) {
  /** Ids and numbers are not negative. */
  public IndexSegmentId {
    if (windowMillis <= 0 || generation < 0 || number < 0 || firstId < 0) {
      throw new IllegalArgumentException(
          "window of %d ms, generation %d, number %d, first id %d"
              .formatted(windowMillis, generation, number, firstId));
    }
  }
}
