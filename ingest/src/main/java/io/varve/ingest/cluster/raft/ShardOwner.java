package io.varve.ingest.cluster.raft;

import io.varve.ingest.cluster.LogPosition;
import java.util.concurrent.CompletableFuture;

/**
 * Whoever opens and closes the engine that stands on a replicated log. The calls come from threads
 * of the log, which wait for them: they are to hand the work to another thread and return.
 */
public interface ShardOwner {
  /**
   * The engine holds records that did not become part of the log: it is to be closed, opened anew
   * from what it has saved, and attached again. Nothing is fed until then.
   */
  void diverged();

  /** The engine did not take a record, and is fed no more until one is attached again. */
  void failed(Throwable cause);

  /**
   * The leader's log does not reach back to what this replica has: the saved state of another
   * replica is to be put in place of its own. Asked again after a failure, and by the next leader.
   *
   * @param leader the node that says so
   * @param firstIndex the first entry that the leader's log still has
   * @return completed with the position of the saved state that was installed, after an engine that
   *     stands on it was attached, if there is to be one
   */
  CompletableFuture<LogPosition> install(String leader, long firstIndex);
}
