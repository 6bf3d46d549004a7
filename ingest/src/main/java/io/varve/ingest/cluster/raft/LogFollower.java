package io.varve.ingest.cluster.raft;

import io.varve.engine.log.ShardLog;

/**
 * What the replicated log feeds: an engine that is a replica. Its records come in order, each once,
 * and those that it appended itself do not come back. Called by one thread at a time; what it
 * throws ends the feeding, see {@link ShardOwner#failed}.
 */
public interface LogFollower extends ShardLog.RecordConsumer {
  /** Records up to here are in its saved state; those behind it come. */
  long savedTo();

  /**
   * It leads: all records that there are have been handed in, appends are taken from now on. Its
   * first step is {@link ShardLog#roll}.
   */
  void lead();

  /** It leads no more. Must not wait; any thread, more than once too. */
  void follow();
}
