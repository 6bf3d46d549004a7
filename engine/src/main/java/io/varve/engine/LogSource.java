package io.varve.engine;

import io.varve.engine.log.ShardLog;
import java.io.IOException;

/**
 * Where an engine gets its log from, if it has none of its own: a replica's engine is told here
 * which store it belongs to, and appends to a log that it shares with the other replicas.
 */
public interface LogSource {
  /** What all replicas of a store have in common from its first day on. */
  Identity identity();

  /**
   * The log behind what the engine has saved. It delivers records that other replicas appended to
   * {@link Engine#replica}, and never to {@link ShardLog#replay}.
   *
   * @param savedTo records up to here are in the saved head
   */
  ShardLog open(long savedTo) throws IOException;

  /**
   * The same for all replicas, so that all make the same files of the same log.
   *
   * @param storeId number of the store
   * @param hashSeed of the keys of series
   */
  record Identity(long storeId, int hashSeed) {}
}
