package io.varve.ingest.cluster.raft;

import java.io.IOException;
import java.nio.file.Path;
import org.apache.ratis.io.CorruptedFileException;
import org.apache.ratis.protocol.exceptions.ChecksumException;
import org.jspecify.annotations.Nullable;

/**
 * What is on the disk of a replicated log is not what was written: it cannot be gone on with, and
 * what it held has to come from the other nodes.
 */
public final class DamagedLogException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Ratis 3.3.0 of the file with term and vote, which has no checksum. */
  private static final String NO_VOTE = "Failed to load raft-meta";

  private DamagedLogException(Path folder, Throwable root, Throwable cause) {
    super("the replicated log in " + folder + " is damaged: " + root.getMessage(), cause);
  }

  /** What a start has failed with, if that was damage; else null. */
  static @Nullable DamagedLogException of(Path folder, Throwable failure) {
    for (Throwable at = failure; at != null; at = at.getCause()) {
      boolean isDamage =
          at instanceof CorruptedFileException
              || at instanceof ChecksumException
              || String.valueOf(at.getMessage()).startsWith(NO_VOTE);
      if (isDamage) {
        return new DamagedLogException(folder, at, failure);
      }
    }
    return null;
  }
}
