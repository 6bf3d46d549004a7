package io.varve.engine;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/**
 * The cut of time into windows (start, start + width]: a time that is a multiple of the width
 * belongs to the window that it ends.
 */
final class Windows {
  private static final DateTimeFormatter DAY =
      DateTimeFormatter.ofPattern("uuuuMMdd", Locale.ROOT).withZone(ZoneOffset.UTC);
  private static final DateTimeFormatter SECOND =
      DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss", Locale.ROOT).withZone(ZoneOffset.UTC);

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

  /** The folder of a window, named by its start. */
  String folder(long start) {
    Instant at = Instant.ofEpochMilli(start);
    if (start % 86_400_000L == 0 && width % 86_400_000L == 0) {
      return "w=" + DAY.format(at);
    }
    String name = "w=" + SECOND.format(at);
    long millis = Math.floorMod(start, 1000L);
    return millis == 0 ? name : name + "." + String.format(Locale.ROOT, "%03d", millis);
  }
}
