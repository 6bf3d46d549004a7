package io.varve.engine.partition;

import io.varve.engine.model.Matcher;
import io.varve.engine.model.TimeRange;
import java.util.ArrayList;
import java.util.List;

/**
 * What is known of one delete: what it hides, and, once that has left the disk, the receipt: which
 * files held it, and which took their place. Immutable.
 *
 * @param id log position of the delete
 * @param tenant whose series
 * @param matchers which series
 * @param range which samples
 * @param atMillis when it was decided, 0 if that is not known
 * @param undonePosition log position of what took it back, 0 if it holds
 * @param undoneAtMillis when it was taken back
 * @param parts the windows in which it hid something, oldest first
 */
public record DeleteEntry(
    long id,
    String tenant,
    List<Matcher> matchers,
    TimeRange range,
    long atMillis,
    long undonePosition,
    long undoneAtMillis,
    List<Part> parts) {
  /** Keeps its own copies of the lists. */
  public DeleteEntry {
    matchers = List.copyOf(matchers);
    parts = List.copyOf(parts);
  }

  /** How the samples of a part are. */
  public enum End {
    /** On the disk, hidden: the delete can be undone. */
    HIDDEN,
    /** Gone: the window was rewritten without them. */
    PURGED,
    /** Gone with their window. */
    DROPPED
  }

  /**
   * A file of the store.
   *
   * @param path in the data folder
   * @param sha256 of its bytes, in hex
   */
  public record Trace(String path, String sha256) {}

  /**
   * What a delete did in one window.
   *
   * @param window exclusive start of the window, milliseconds since the epoch
   * @param series how many series had samples hidden
   * @param samples how many samples it hid, duplicates counted once
   * @param bytes what they took in chunk files, about
   * @param end how they are
   * @param endPosition log position of the merge or drop by which they went, 0 while they are
   *     hidden
   * @param endAtMillis when that was decided
   * @param later samples of these series in this range that were there after the purge because they
   *     had been written after the delete
   * @param removed files that the purge took away
   * @param written files that took their place
   */
  public record Part(
      long window,
      long series,
      long samples,
      long bytes,
      End end,
      long endPosition,
      long endAtMillis,
      long later,
      List<Trace> removed,
      List<Trace> written) {
    /** Keeps its own copies of the lists. */
    public Part {
      removed = List.copyOf(removed);
      written = List.copyOf(written);
    }

    /** Samples that are hidden from now on. */
    public static Part hidden(long window, long series, long samples, long bytes) {
      return new Part(window, series, samples, bytes, End.HIDDEN, 0, 0, 0, List.of(), List.of());
    }

    /** The same after its samples went. */
    public Part ended(
        End how, long position, long millis, long left, List<Trace> gone, List<Trace> instead) {
      return new Part(window, series, samples, bytes, how, position, millis, left, gone, instead);
    }
  }

  /** True if it was taken back. */
  public boolean undone() {
    return undonePosition != 0;
  }

  /** True if it neither was taken back nor hides anything that is still on the disk. */
  public boolean purged() {
    return !undone() && parts.stream().allMatch(part -> part.end() != End.HIDDEN);
  }

  /** True if samples left the disk because of it. */
  public boolean partlyPurged() {
    return parts.stream().anyMatch(part -> part.end() == End.PURGED);
  }

  /** True if it hides samples that are on the disk. */
  public boolean pending() {
    return !undone() && !purged();
  }

  /** True if it hides samples of a window that are on the disk. */
  public boolean hides(long window) {
    return !undone()
        && parts.stream().anyMatch(part -> part.window() == window && part.end() == End.HIDDEN);
  }

  /** The same with another part in place of that of the same window. */
  public DeleteEntry with(Part changed) {
    List<Part> all = new ArrayList<>(parts);
    all.replaceAll(part -> part.window() == changed.window() ? changed : part);
    return new DeleteEntry(
        id, tenant, matchers, range, atMillis, undonePosition, undoneAtMillis, all);
  }

  /** The same, taken back. */
  public DeleteEntry undone(long position, long millis) {
    return new DeleteEntry(id, tenant, matchers, range, atMillis, position, millis, parts);
  }
}
