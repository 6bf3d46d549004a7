package io.varve.ingest.cluster;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a shard of the log stands at one node, at one moment.
 *
 * @param shard its number
 * @param state what the replica here is doing
 * @param leader the node that leads, as far as is known here; null if none is
 * @param term the election that is in force
 * @param appended index of the last record that the log here has
 * @param committed index of the last record that a majority is known here to have
 * @param applied index of the last record that can be read here
 * @param saved index up to which files and saved head have all of it: what the log may forget
 * @param logBytes what the log takes here
 * @param lagMillis how far what can be read here may be behind what was acknowledged: how long ago,
 *     by the clock of this node, a leader and a majority last told of nothing that is not here now;
 *     {@link Long#MAX_VALUE} if not known
 * @param replicas all replicas, as the leader sees them; empty elsewhere
 */
public record ShardStatus(
    int shard,
    ReplicaState state,
    @Nullable String leader,
    long term,
    long appended,
    long committed,
    long applied,
    long saved,
    long logBytes,
    long lagMillis,
    List<ReplicaStatus> replicas) {

  /** Takes a copy of the list. */
  public ShardStatus {
    replicas = List.copyOf(replicas);
  }
}
