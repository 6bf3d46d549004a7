package io.varve.http.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.varve.engine.EngineStats;
import io.varve.engine.FeatureLevel;
import io.varve.http.net.Availability;
import io.varve.ingest.cluster.ClusterView;
import io.varve.ingest.cluster.ReplicaState;
import io.varve.ingest.cluster.ReplicaStatus;
import io.varve.ingest.cluster.ShardStatus;
import io.varve.ingest.spool.Spool;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a node tells of itself, as JSON: to people in {@code /api/v1/cluster/status}, and to the
 * other nodes, which read some of it again here.
 */
final class NodeReport {
  static final ObjectMapper JSON = new ObjectMapper();

  private NodeReport() {}

  /**
   * Writes it.
   *
   * @param version of the program
   * @param view null before there is one
   * @param stats null while the store is not open
   * @param spool null if there is none
   */
  static ObjectNode write(
      String node,
      String version,
      Availability availability,
      @Nullable ClusterView view,
      @Nullable EngineStats stats,
      @Nullable Spool spool) {
    ObjectNode to = JSON.createObjectNode();
    to.put("node", node);
    to.put("version", version);
    to.put("availability", availability.name().toLowerCase(Locale.ROOT));
    to.put("knownLevel", FeatureLevel.CURRENT);
    to.put("open", stats != null);
    if (stats != null) {
      to.put("files", stats.chunkFiles());
      to.put("fileBytes", stats.chunkBytes());
      to.put("stopped", stats.stopped());
    }
    if (spool != null) {
      long oldest = spool.oldestMillis();
      to.putObject("spool")
          .put("requests", spool.waiting())
          .put("bytes", spool.waitingBytes())
          .put("maxBytes", spool.mostBytes())
          .put("oldestMillis", oldest == 0 ? 0 : System.currentTimeMillis() - oldest)
          .put("lostRequests", spool.lost());
    }
    ArrayNode shards = to.putArray("shards");
    if (view != null) {
      to.put("level", view.featureLevel());
      ArrayNode differing = to.putArray("differing");
      view.differing().forEach(differing::add);
      for (ShardStatus shard : view.shards()) {
        write(shard, node, stats != null, shards.addObject());
      }
    }
    return to;
  }

  private static void write(ShardStatus shard, String node, boolean isOpen, ObjectNode to) {
    to.put("shard", shard.shard());
    String leader = shard.leader();
    to.put("role", leader == null ? "none" : leader.equals(node) ? "leader" : "follower");
    to.put("leader", leader);
    switch (shard.state()) {
      case ReplicaState.Leading() -> to.put("state", "leading");
      case ReplicaState.Following() -> to.put("state", "following");
      case ReplicaState.NoQuorum() -> to.put("state", "no_quorum");
      case ReplicaState.CatchingUp(String from, long done, long total) -> {
        to.put("state", "catching_up");
        to.put("from", from);
        to.put("doneBytes", done);
        to.put("totalBytes", total);
      }
      case ReplicaState.Reopening() -> to.put("state", "reopening");
      case ReplicaState.Stopped(String cause) -> {
        to.put("state", "stopped");
        to.put("cause", cause);
      }
    }
    to.put("canRead", isOpen && shard.state().canRead());
    to.put("term", shard.term());
    to.put("appended", shard.appended());
    to.put("committed", shard.committed());
    to.put("applied", shard.applied());
    to.put("saved", shard.saved());
    to.put("logBytes", shard.logBytes());
    if (shard.lagMillis() == Long.MAX_VALUE) {
      to.putNull("lagMillis");
    } else {
      to.put("lagMillis", shard.lagMillis());
    }
    ArrayNode replicas = to.putArray("replicas");
    for (ReplicaStatus replica : shard.replicas()) {
      replicas
          .addObject()
          .put("node", replica.id())
          .put("match", replica.matchIndex())
          .put("contactMillis", replica.contactMillis())
          .put("lagBytes", replica.lagBytes());
    }
  }

  /** How far the node is behind in the shard that is furthest; the largest number if unknown. */
  static long lagMillis(JsonNode report) {
    long most = 0;
    JsonNode shards = report.path("shards");
    for (JsonNode shard : shards) {
      JsonNode lag = shard.path("lagMillis");
      most = Math.max(most, lag.isIntegralNumber() ? lag.asLong() : Long.MAX_VALUE);
    }
    return shards.isEmpty() ? Long.MAX_VALUE : most;
  }

  /** Up to which level the node knows features; 0 if it has not told. */
  static int knownLevel(@Nullable JsonNode report) {
    return report == null ? 0 : report.path("knownLevel").asInt(0);
  }

  /** True if the node can answer reads of all shards, however far it is behind. */
  static boolean canRead(JsonNode report) {
    boolean all = report.path("availability").asText().equals("ready");
    JsonNode shards = report.path("shards");
    for (JsonNode shard : shards) {
      all &= shard.path("canRead").asBoolean();
    }
    return all && !shards.isEmpty();
  }

  /** The node that leads a shard as far as this one knows, null if it knows of none. */
  static @Nullable String leader(JsonNode report, int shard) {
    JsonNode leader = report.path("shards").path(shard).path("leader");
    return leader.isTextual() ? leader.asText() : null;
  }
}
