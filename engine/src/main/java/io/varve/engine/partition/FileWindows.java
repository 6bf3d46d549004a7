package io.varve.engine.partition;

import org.jspecify.annotations.Nullable;

/**
 * One {@link FileWindow} for each of the files that are read in turns: the buckets of a window,
 * whose series follow each other in any order. Files that share a slot read as if there were one
 * window. For one thread.
 */
final class FileWindows {
  private static final int SLOTS = 16; // a power of two

  private final @Nullable FileWindow[] windows = new @Nullable FileWindow[SLOTS];

  /** The window through which a file is to be read. */
  FileWindow of(ChunkReader reader) {
    int slot = (int) reader.number() & SLOTS - 1;
    FileWindow window = windows[slot];
    if (window == null) {
      window = new FileWindow();
      windows[slot] = window;
    }
    return window;
  }

  long residentBytes() {
    long sum = 0;
    for (FileWindow window : windows) {
      if (window != null) {
        sum += window.residentBytes();
      }
    }
    return sum;
  }
}
