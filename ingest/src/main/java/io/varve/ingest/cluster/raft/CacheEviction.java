package io.varve.ingest.cluster.raft;

import java.lang.reflect.Field;
import org.apache.ratis.server.raftlog.RaftLog;
import org.apache.ratis.server.raftlog.segmented.SegmentedRaftLog;
import org.apache.ratis.util.AwaitToRun;

/**
 * Ends the thread with which Raft's log lets go of entries that it has cached, before the log is
 * closed.
 *
 * <p>Ratis (3.3.0) ends it while it closes the log: it waits for the thread with the log's lock
 * held, and the thread may be waiting for that lock, as each segment that begins wakes it. Then
 * neither comes to an end. Ratis has no other way to it than the log's own field.
 */
final class CacheEviction {
  private static final Field THREAD = thread();

  private CacheEviction() {}

  private static Field thread() {
    try {
      Field field = SegmentedRaftLog.class.getDeclaredField("cacheEviction");
      field.setAccessible(true);
      return field;
    } catch (NoSuchFieldException e) {
      throw new IllegalStateException(
          "logs of this Ratis are not made as in 3.3.0: see whether they can be closed", e);
    }
  }

  /** Ends it, and waits for it. The log's lock is not held. Once more does nothing. */
  static void end(RaftLog log) {
    try {
      if (log instanceof SegmentedRaftLog && THREAD.get(log) instanceof AwaitToRun thread) {
        thread.close();
      }
    } catch (IllegalAccessException e) {
      throw new IllegalStateException(e);
    }
  }
}
