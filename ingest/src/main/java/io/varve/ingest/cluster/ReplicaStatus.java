package io.varve.ingest.cluster;

/**
 * How a leader sees one of the replicas.
 *
 * @param id the node
 * @param matchIndex up to which record it is known to have the log
 * @param contactMillis how long ago it was heard of; 0 for the leader itself
 */
public record ReplicaStatus(String id, long matchIndex, long contactMillis) {}
