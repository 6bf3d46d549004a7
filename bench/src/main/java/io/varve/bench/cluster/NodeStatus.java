package io.varve.bench.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How the log of a cluster of one shard stands at a node.
 *
 * @param state what the node's replica does
 * @param leader id of the node that leads, "" if none is known
 * @param lagMillis how far it is behind the leader
 * @param spooled writes that the node has acknowledged, and the cluster has not taken
 */
record NodeStatus(String state, String leader, long lagMillis, long spooled) {
  private static final String PATH = "/api/v1/cluster/status?scope=node";
  private static final ObjectMapper JSON = new ObjectMapper();

  /** What a node tells, null if it does not answer. */
  static @Nullable NodeStatus of(Nodes nodes, int node) throws InterruptedException {
    try {
      HttpResponse<String> answer = nodes.get(node, PATH, Duration.ofSeconds(2));
      return answer.statusCode() == 200 ? parse(answer.body()) : null;
    } catch (IOException e) {
      return null;
    }
  }

  static NodeStatus parse(String body) throws IOException {
    JsonNode data = JSON.readTree(body).path("data");
    JsonNode shard = data.path("shards").path(0);
    JsonNode lag = shard.path("lagMillis");
    return new NodeStatus(
        shard.path("state").asText(""),
        shard.path("leader").asText(""),
        lag.isNumber() ? lag.asLong() : Long.MAX_VALUE,
        data.path("spool").path("requests").asLong());
  }

  boolean leads() {
    return state.equals("leading");
  }

  /** True if it takes part and is not far behind. */
  boolean isWell(long mostLagMillis) {
    return leads() || (state.equals("following") && lagMillis <= mostLagMillis);
  }
}
