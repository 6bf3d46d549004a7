package io.varve.ingest.cluster;

/**
 * A node of the cluster.
 *
 * @param id its name, unique in the cluster
 * @param http where it answers HTTP, host:port
 * @param raft where it takes the replicated log's connections, host:port
 */
public record Peer(String id, String http, String raft) {}
