package io.varve.engine;

/**
 * The cut of time into windows (start, start + width]: a time that is a multiple of the width
 * belongs to the window that it ends.
 */
final class Windows {
  /** Samples outside ±this are refused: far beyond any clock, and all arithmetic stays exact. */
  static final long MOST_MILLIS = 1L << 47;

  private final long width;

  Windows(long width) {
    this.width = width;
  }

  long width() {
    return width;
  }

  /** The (exclusive) start of the window that holds a time. */
  long start(long time) {
    return Math.floorDiv(time - 1, width) * width;
  }
}
