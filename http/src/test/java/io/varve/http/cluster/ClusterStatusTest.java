package io.varve.http.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.varve.ingest.cluster.ReplicaState;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every node tells how all of them stand. */
final class ClusterStatusTest {
  private static final String STATUS = "/api/v1/cluster/status";

  @TempDir private Path folder;

  private static JsonNode data(FakeCluster cluster, String id, String query) throws Exception {
    JsonNode answer = NodeReport.JSON.readTree(cluster.get(id, STATUS + query).body());
    assertThat(answer.path("status").asText()).isEqualTo("success");
    return answer.get("data");
  }

  @Test
  void everyNodeTellsHowAllStand() throws Exception {
    try (FakeCluster cluster = new FakeCluster("  secret: s3cr3t\n", folder)) {
      cluster.lead("b");
      FakeView c = cluster.node("c").view;
      c.state = new ReplicaState.CatchingUp("b", 5, 20);
      c.canRead = false;
      c.lagMillis = Long.MAX_VALUE;
      cluster.node("c").open = false;
      cluster.settle();
      JsonNode status = data(cluster, "a", "");
      assertThat(status.path("name").asText()).isEqualTo("test");
      assertThat(status.path("self").asText()).isEqualTo("a");
      assertThat(status.path("replication").asText()).isEqualTo("sync");
      assertThat(status.path("reachable").asInt()).isEqualTo(3);
      assertThat(status.path("nodes")).hasSize(3);
      assertThat(status.at("/nodes/0/report/shards/0/role").asText()).isEqualTo("follower");
      assertThat(status.at("/nodes/0/report/shards/0/leader").asText()).isEqualTo("b");
      assertThat(status.at("/nodes/1/report/shards/0/role").asText()).isEqualTo("leader");
      assertThat(status.at("/nodes/1/report/shards/0/replicas/0/match").asInt()).isEqualTo(10);
      assertThat(status.at("/nodes/1/report/version").asText()).isEqualTo("1.2.3");
      JsonNode behind = status.at("/nodes/2/report/shards/0");
      assertThat(behind.path("state").asText()).isEqualTo("catching_up");
      assertThat(behind.path("from").asText()).isEqualTo("b");
      assertThat(behind.path("doneBytes").asInt()).isEqualTo(5);
      assertThat(behind.path("totalBytes").asInt()).isEqualTo(20);
      assertThat(behind.path("lagMillis").isNull()).isTrue();
      assertThat(status.at("/nodes/2/report/open").asBoolean()).isFalse();
      assertThat(status.at("/nodes/2/report/ready").asBoolean()).isTrue(); // others answer for it

      JsonNode own = data(cluster, "c", "?scope=node");
      assertThat(own.path("node").asText()).isEqualTo("c");
      assertThat(cluster.get("c", STATUS + "?scope=x").statusCode()).isEqualTo(400);

      cluster.stop("b");
      FakeCluster.await(() -> cluster.node("a").cluster.watch().reachable() == 2);
      JsonNode left = data(cluster, "a", "");
      assertThat(left.at("/nodes/1/reachable").asBoolean()).isFalse();
      assertThat(left.at("/nodes/1/problem").asText()).startsWith("is not reached");
      assertThat(left.at("/nodes/1/contactMillis").asLong()).isBetween(2_000L, 20_000L);
      cluster.lead("c");
      FakeCluster.await(
          () -> cluster.node("a").meter.counts().getOrDefault("leader changed", 0) == 1);
      c.state = new ReplicaState.Reopening();
      cluster.lead("");
      FakeCluster.await(() -> cluster.node("c").meter.counts().containsKey("reopened"));
    }
  }
}
