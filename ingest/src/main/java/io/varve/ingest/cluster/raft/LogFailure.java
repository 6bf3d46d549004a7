package io.varve.ingest.cluster.raft;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Why Raft has stopped a log at this node.
 *
 * @param cause in words
 * @param remedy what has to happen before it can be started again
 */
public record LogFailure(String cause, Remedy remedy) {
  /** What has to happen before a log can be started again. */
  public enum Remedy {
    /**
     * There has to be room: there was none for an entry, so nothing was promised of it, and the log
     * can go on.
     */
    ROOM,
    /**
     * Nothing: every entry was written. Raft ends a log in order when the leader tells this node
     * that it is none of those that vote, as it does when this one asks for votes while it is being
     * taken out and in again; and when an entry cannot be read back, as when its file has just been
     * cut.
     */
    NOTHING,
    /**
     * Somebody has to look at the disk: after a failed fsync, above all, nobody knows what it has.
     */
    SOMEBODY
  }

  private static final List<String> NO_ROOM =
      List.of("No space left on device", "Disk quota exceeded");

  /**
   * Reads it from what Raft told.
   *
   * @param told null if it told nothing
   */
  static LogFailure of(@Nullable Throwable told) {
    if (told == null) {
      return new LogFailure(
          "the replicated log has ended: the leader did not count this node in, or an entry could"
              + " not be read",
          Remedy.NOTHING);
    }
    Throwable root = told;
    while (root.getCause() != null && root.getCause() != root) {
      root = root.getCause();
    }
    String message = String.valueOf(root.getMessage());
    boolean atSync =
        Arrays.stream(root.getStackTrace())
            .anyMatch(frame -> frame.getMethodName().equals("force"));
    boolean noRoom = !atSync && NO_ROOM.stream().anyMatch(message::contains);
    return new LogFailure(
        "the replicated log cannot be written: " + message, noRoom ? Remedy.ROOM : Remedy.SOMEBODY);
  }
}
