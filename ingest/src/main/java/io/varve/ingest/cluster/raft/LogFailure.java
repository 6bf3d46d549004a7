package io.varve.ingest.cluster.raft;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Why Raft has stopped a log at this node.
 *
 * @param cause in words
 * @param noRoom true if there was no room for an entry, so that nothing was promised of it and the
 *     log can go on when there is; false for all else, a failed fsync above all: what it left
 *     behind must not be taken for durable
 */
public record LogFailure(String cause, boolean noRoom) {
  private static final List<String> NO_ROOM =
      List.of("No space left on device", "Disk quota exceeded");

  /**
   * Reads it from what Raft told.
   *
   * @param told null if it told nothing
   */
  static LogFailure of(@Nullable Throwable told) {
    if (told == null) {
      return new LogFailure("the replicated log was stopped; see the log of this node", false);
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
    return new LogFailure("the replicated log cannot be written: " + message, noRoom);
  }
}
