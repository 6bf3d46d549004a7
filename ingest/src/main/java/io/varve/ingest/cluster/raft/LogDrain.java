package io.varve.ingest.cluster.raft;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.raftlog.RaftLog;

/**
 * Waits until a replica's log has on disk what was appended to it, before Raft goes on from a saved
 * state. Ratis (3.3.0) forgets there what is still to be written ({@code
 * SegmentedRaftLogWorker.syncWithSnapshot}), but not that the next entries are to be appended after
 * that: they never would be, nor anything behind them, and the replica would stand still until its
 * next start.
 */
final class LogDrain {
  private static final long LOOK_MILLIS = 20;

  /** Batches that were taken go into the log one by one, each when the last is written. */
  private static final int LOOKS_WITHOUT_CHANGE = 5;

  private LogDrain() {}

  /**
   * Waits. Nothing is to be accepted for the log any more.
   *
   * @throws IOException if it takes longer than {@code atMostMillis}, or the log is closed
   */
  static void await(RaftLog log, long atMostMillis) throws IOException {
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(atMostMillis);
    long last = last(log);
    int quiet = 0;
    while (quiet < LOOKS_WITHOUT_CHANGE) {
      if (System.nanoTime() - end > 0) {
        throw new IOException(
            "entry " + last + " of the log is not written after " + atMostMillis + " ms");
      }
      try {
        Thread.sleep(LOOK_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted while the log was written", e);
      }
      long now = last(log);
      quiet = now == last && log.getFlushIndex() >= now ? quiet + 1 : 0;
      last = now;
    }
  }

  private static long last(RaftLog log) throws IOException {
    try {
      TermIndex last = log.getLastEntryTermIndex();
      return last == null ? RaftLog.INVALID_LOG_INDEX : last.getIndex();
    } catch (IllegalStateException e) {
      throw new IOException("the log was closed", e);
    }
  }
}
