package io.varve.http.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.http.cli.CommandResult;
import io.varve.ingest.cluster.ReplicaState;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code varve cluster status} and {@code transfer} against real ports. */
final class ClusterCommandsTest {
  @TempDir private Path folder;

  @Test
  void statusShowsEveryReplicaAndFailsWhenSomethingIsWrong() throws Exception {
    try (FakeCluster cluster = new FakeCluster("  secret: s3cr3t\n", folder)) {
      cluster.lead("b");
      cluster.node("b").view.committed = 12_345;
      cluster.settle();
      String url = cluster.to("a", "").build().uri().toString();
      CommandResult well = CommandResult.of("cluster", "status", "--url", url);
      assertThat(well.exit()).as(well.out() + well.err()).isZero();
      assertThat(well.out())
          .contains("cluster test, replication sync, asked at node a")
          .containsPattern("a +127.0.0.1:\\d+ +ready +1.2.3 +0 +0")
          .containsPattern("0 +b +leader +leading +1 +12,345 +12,345 +10 +0 +0.0s +0 +1,000")
          .containsPattern("0 +c +follower +following ")
          .doesNotContain("PROBLEM");

      CommandResult moved = CommandResult.of("cluster", "transfer", "a", "--url", url);
      assertThat(moved.exit()).as(moved.err()).isZero();
      assertThat(cluster.node("b").view.transferred).isEqualTo("0 to a");
      CommandResult refused = CommandResult.of("cluster", "transfer", "c", "--url", url);
      assertThat(refused.exit()).isEqualTo(1);
      assertThat(refused.err()).contains("c is too far behind");

      FakeView c = cluster.node("c").view;
      c.state = new ReplicaState.CatchingUp("b", 5, 20);
      c.lagMillis = 60_000;
      cluster.lead("");
      cluster.stop("b");
      FakeCluster.await(() -> cluster.node("a").cluster.reachable() == 2);
      cluster.settle();
      CommandResult ill = CommandResult.of("cluster", "status", "--url", url);
      assertThat(ill.exit()).isEqualTo(1);
      assertThat(ill.out())
          .containsPattern("b +127.0.0.1:\\d+ +unreachable")
          .contains("PROBLEM: node b is not reached: nothing answers at its address")
          .contains("PROBLEM: shard 0 of node c is catching_up 25 %")
          .contains("PROBLEM: no node leads: nothing can be written")
          .containsPattern("0 +c +none +catching_up 25 % +1 .* 60.0s ");
    }
  }
}
