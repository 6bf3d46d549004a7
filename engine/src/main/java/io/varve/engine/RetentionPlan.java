package io.varve.engine;

import java.util.List;

/**
 * What a retention policy and limits of the disk would let go of now, without doing it.
 *
 * @param atMillis now
 * @param windows that lose anything, oldest first
 * @param storedBytes files and log as they are
 * @param problems what could not be read, and limits that would not hold all the same
 */
public record RetentionPlan(
    long atMillis, List<Window> windows, long storedBytes, List<String> problems) {
  /** Keeps its own copies. */
  public RetentionPlan {
    windows = List.copyOf(windows);
    problems = List.copyOf(problems);
  }

  /**
   * What a window loses.
   *
   * @param start exclusive start, milliseconds since the epoch
   * @param end inclusive end
   * @param reason why
   * @param isWhole true if it goes as a whole
   * @param files paths of files that go, relative to the data folder
   * @param series series that lose samples in it
   * @param samples samples that go
   * @param bytes size of the files that go
   * @param laterBytes about what its next merge frees besides
   */
  public record Window(
      long start,
      long end,
      DropReason reason,
      boolean isWhole,
      List<String> files,
      long series,
      long samples,
      long bytes,
      long laterBytes) {
    /** Keeps its own copy. */
    public Window {
      files = List.copyOf(files);
    }
  }

  /** Size of all files that go. */
  public long bytes() {
    return windows.stream().mapToLong(Window::bytes).sum();
  }

  /** About what later merges free besides. */
  public long laterBytes() {
    return windows.stream().mapToLong(Window::laterBytes).sum();
  }
}
