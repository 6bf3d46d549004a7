package io.varve.engine.partition;

import java.util.Objects;

/**
 * One segment of a window's index, as the manifest knows it. The window ids of a window's segments
 * follow each other without a gap.
 *
 * @param file name of the file in the window's folder
 * @param bytes size of the file
 * @param sha256 SHA-256 of the whole file, 64 lower-case hex digits
 * @param firstId window id of its first series
 * @param count how many series
 */
public record IndexFile(String file, long bytes, String sha256, int firstId, int count) {
  /** Null is nowhere. */
  public IndexFile {
    Objects.requireNonNull(file);
    Objects.requireNonNull(sha256);
  }
}
