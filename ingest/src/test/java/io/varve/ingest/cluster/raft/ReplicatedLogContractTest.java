package io.varve.ingest.cluster.raft;

import static java.util.Objects.requireNonNull;

import io.varve.engine.log.ShardLog;
import io.varve.engine.log.ShardLogContract;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

/** The replicated log does what every log does, alone and with two others. */
final class ReplicatedLogContractTest {

  @Nested
  final class OfOneNode extends OfNodes {
    OfOneNode() {
      super(1);
    }
  }

  @Nested
  final class OfThreeNodes extends OfNodes {
    OfThreeNodes() {
      super(3);
    }
  }

  abstract static class OfNodes extends ShardLogContract {
    @TempDir Path folder;

    private final int nodes;
    private @Nullable TestCluster cluster;

    OfNodes(int nodes) {
      this.nodes = nodes;
    }

    private TestCluster cluster() {
      return requireNonNull(cluster);
    }

    @Override
    protected ShardLog begin() throws IOException {
      cluster = new TestCluster(folder, nodes, settings -> settings);
      for (TestCluster.Member member : cluster.members) {
        member.start();
      }
      ShardLog log = cluster.leader().replica().log();
      log.roll();
      return log;
    }

    /** From the node that did not append it, if there is one. */
    @Override
    protected Collector readBack() throws IOException {
      long end = 0;
      for (TestCluster.Member member : cluster().members) {
        end = Math.max(end, member.shard().committed().index());
      }
      TestCluster.Member from = cluster().members.getLast();
      Collector collector = new Collector();
      from.read(collector);
      long last = end;
      TestCluster.await("all", () -> from.shard().applied().index() >= last);
      return collector;
    }

    @AfterEach
    void close() throws IOException {
      if (cluster != null) {
        cluster.close();
      }
    }
  }
}
