package io.varve.engine;

import io.varve.engine.model.Matcher;
import io.varve.engine.model.TimeRange;
import io.varve.engine.partition.DeleteEntry;
import java.util.ArrayList;
import java.util.List;

/**
 * One delete and how far it is; when it is purged, its receipt. Immutable.
 *
 * @param id its log position
 * @param tenant whose series
 * @param matchers which series
 * @param range which samples
 * @param atMillis when it was decided, milliseconds since the epoch
 * @param undoUntilMillis merges leave what it hides on the disk at least until then
 * @param state how far it is
 * @param windows the windows in which it hid something, oldest first
 */
public record DeleteInfo(
    long id,
    String tenant,
    List<Matcher> matchers,
    TimeRange range,
    long atMillis,
    long undoUntilMillis,
    State state,
    List<Window> windows) {
  /** Keeps its own copies of the lists. */
  public DeleteInfo {
    matchers = List.copyOf(matchers);
    windows = List.copyOf(windows);
  }

  /** How far a delete is. */
  public enum State {
    /** What it hides is on the disk; it can be undone. */
    HIDDEN,
    /** Some of what it hid has left the disk; it cannot be undone any more. */
    PARTLY_PURGED,
    /** Nothing of what it hid is on the disk. */
    PURGED,
    /** It was taken back. */
    UNDONE
  }

  /**
   * A file of the data folder.
   *
   * @param path in the data folder
   * @param sha256 of its bytes, in hex
   */
  public record File(String path, String sha256) {}

  /**
   * What it did in one window.
   *
   * @param start exclusive start, milliseconds since the epoch
   * @param series series with samples hidden
   * @param samples samples hidden
   * @param bytes what they took in chunk files, about
   * @param state HIDDEN or PURGED
   * @param dropped true if they went with the whole window, by retention
   * @param purgedAtMillis when the merge was decided by which they went; 0 if they did not
   * @param writtenLater samples of these series in this range that were written after the delete
   *     and stayed
   * @param removed files that the purge took away
   * @param written files that took their place
   */
  public record Window(
      long start,
      long series,
      long samples,
      long bytes,
      State state,
      boolean dropped,
      long purgedAtMillis,
      long writtenLater,
      List<File> removed,
      List<File> written) {
    /** Keeps its own copies of the lists. */
    public Window {
      removed = List.copyOf(removed);
      written = List.copyOf(written);
    }
  }

  /** Series hidden, counted in each window. */
  public long series() {
    return windows.stream().mapToLong(Window::series).sum();
  }

  /** Samples hidden. */
  public long samples() {
    return windows.stream().mapToLong(Window::samples).sum();
  }

  /** Bytes in chunk files that hidden samples took, about. */
  public long bytes() {
    return windows.stream().mapToLong(Window::bytes).sum();
  }

  static DeleteInfo of(DeleteEntry entry, boolean undone, long undoMillis) {
    State state =
        undone
            ? State.UNDONE
            : entry.purged()
                ? State.PURGED
                : entry.partlyPurged() ? State.PARTLY_PURGED : State.HIDDEN;
    List<Window> windows = new ArrayList<>();
    for (DeleteEntry.Part part : entry.parts()) {
      boolean hidden = part.end() == DeleteEntry.End.HIDDEN;
      windows.add(
          new Window(
              part.window(),
              part.series(),
              part.samples(),
              part.bytes(),
              hidden ? State.HIDDEN : State.PURGED,
              part.end() == DeleteEntry.End.DROPPED,
              part.endAtMillis(),
              part.later(),
              files(part.removed()),
              files(part.written())));
    }
    return new DeleteInfo(
        entry.id(),
        entry.tenant(),
        entry.matchers(),
        entry.range(),
        entry.atMillis(),
        entry.atMillis() + undoMillis,
        state,
        windows);
  }

  private static List<File> files(List<DeleteEntry.Trace> traces) {
    return traces.stream().map(trace -> new File(trace.path(), trace.sha256())).toList();
  }
}
