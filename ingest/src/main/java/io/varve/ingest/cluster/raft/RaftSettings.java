package io.varve.ingest.cluster.raft;

import io.varve.ingest.cluster.Peer;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a node takes part in the replicated log.
 *
 * @param self id of this node, one of the peers
 * @param peers the nodes that the cluster begins with, this one too
 * @param cluster the cluster's name: the logs of two clusters never mix
 * @param shards how many logs there are
 * @param storeId number of the store, as in all its files
 * @param folder where the logs are kept; created if it is not there
 * @param segmentBytes of a file of the log, which is deleted as a whole
 * @param partBytes a record of more payload is spread over so many entries as it takes
 * @param pendingBytes of records that no majority has; appends are refused beyond it
 * @param electionMillis so long without a word of the leader, and another one is elected; it may
 *     take 3/4 more, by chance
 * @param syncMillis how long an append waits for a majority
 * @param holdMillis for how long the log is kept for a replica that does not move on
 * @param secret proves that a connection is from a node of this cluster; null to take any
 * @param tls certificates; null for connections in the clear
 */
public record RaftSettings(
    String self,
    List<Peer> peers,
    String cluster,
    int shards,
    long storeId,
    Path folder,
    int segmentBytes,
    int partBytes,
    int pendingBytes,
    int electionMillis,
    int syncMillis,
    long holdMillis,
    @Nullable String secret,
    @Nullable Tls tls) {

  /**
   * Certificates of both sides, as files in PEM.
   *
   * @param authorities who may have signed the others'
   * @param certificate of this node, for both directions
   * @param key of the certificate, PKCS #8
   */
  public record Tls(Path authorities, Path certificate, Path key) {}

  /** Checks that the numbers make sense, and that this node is among the peers. */
  public RaftSettings {
    peers = List.copyOf(peers);
    if (peers.stream().noneMatch(peer -> peer.id().equals(self))) {
      throw new IllegalArgumentException("node " + self + " is not among the nodes " + peers);
    }
    if (shards < 1 || partBytes < 1024 || segmentBytes < partBytes || pendingBytes < partBytes) {
      throw new IllegalArgumentException(
          shards + " shards, parts " + partBytes + ", segments " + segmentBytes);
    }
    if (electionMillis < 100 || syncMillis < 1) {
      throw new IllegalArgumentException(electionMillis + " ms, " + syncMillis + " ms");
    }
  }

  /**
   * With numbers for three nodes in one place: a leader that is gone is replaced in 1 to 2 seconds.
   */
  public static RaftSettings of(
      String self, List<Peer> peers, String cluster, int shards, long storeId, Path folder) {
    return new RaftSettings(
        self,
        peers,
        cluster,
        shards,
        storeId,
        folder,
        8 << 20,
        1 << 20,
        64 << 20,
        800,
        5_000,
        15 * 60_000L,
        null,
        null);
  }

  /** With other times. */
  public RaftSettings withTimes(int electionMillis, int syncMillis, long holdMillis) {
    return new RaftSettings(
        self,
        peers,
        cluster,
        shards,
        storeId,
        folder,
        segmentBytes,
        partBytes,
        pendingBytes,
        electionMillis,
        syncMillis,
        holdMillis,
        secret,
        tls);
  }

  /** With other sizes. */
  public RaftSettings withSizes(int segmentBytes, int partBytes, int pendingBytes) {
    return new RaftSettings(
        self,
        peers,
        cluster,
        shards,
        storeId,
        folder,
        segmentBytes,
        partBytes,
        pendingBytes,
        electionMillis,
        syncMillis,
        holdMillis,
        secret,
        tls);
  }

  /** With a proof of who connects. */
  public RaftSettings withSecurity(@Nullable String secret, @Nullable Tls tls) {
    return new RaftSettings(
        self,
        peers,
        cluster,
        shards,
        storeId,
        folder,
        segmentBytes,
        partBytes,
        pendingBytes,
        electionMillis,
        syncMillis,
        holdMillis,
        secret,
        tls);
  }
}
