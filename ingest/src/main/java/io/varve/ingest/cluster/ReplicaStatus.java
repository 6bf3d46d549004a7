package io.varve.ingest.cluster;

/**
 * How a leader sees one of the replicas.
 *
 * @param id the node
 * @param matchIndex up to which record it is known to have the log
 * @param contactMillis how long ago it was heard of; 0 for the leader itself
 * @param lagBytes of records that the leader has applied and the replica has not confirmed; too
 *     much by 64 KiB and one record at most, and at least 1 GiB if it is further behind than that
 */
public record ReplicaStatus(String id, long matchIndex, long contactMillis, long lagBytes) {}
