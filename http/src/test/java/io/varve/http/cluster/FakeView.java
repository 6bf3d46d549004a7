package io.varve.http.cluster;

import io.varve.ingest.cluster.ClusterView;
import io.varve.ingest.cluster.LogPosition;
import io.varve.ingest.cluster.Peer;
import io.varve.ingest.cluster.ReplicaState;
import io.varve.ingest.cluster.ReplicaStatus;
import io.varve.ingest.cluster.ShardStatus;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A node's view of a cluster of one shard that tests make up. */
final class FakeView implements ClusterView {
  private final String self;
  private final List<Peer> peers;
  volatile @Nullable String leader;
  volatile boolean canRead = true;
  volatile boolean damaged;
  volatile long replacements;
  volatile long lagMillis;
  volatile long committed = 10;
  volatile long applied = 10;
  volatile ReplicaState state = new ReplicaState.Following();
  volatile Supplier<CompletableFuture<LogPosition>> readPosition =
      () -> CompletableFuture.completedFuture(new LogPosition(1, committed));
  volatile Supplier<CompletableFuture<Void>> visibleIsCommitted =
      () -> CompletableFuture.completedFuture(null);
  volatile String transferred = "";

  FakeView(String self, List<Peer> peers) {
    this.self = self;
    this.peers = peers;
  }

  @Override
  public String self() {
    return self;
  }

  @Override
  public void addNode(Peer node) {
    throw new AssertionError("nobody asks for that");
  }

  @Override
  public void removeNode(String id) {
    throw new AssertionError("nobody asks for that");
  }

  @Override
  public long readableSince(int shard) {
    return replacements;
  }

  @Override
  public int featureLevel() {
    return 1;
  }

  @Override
  public Set<String> differing() {
    return Set.of();
  }

  @Override
  public List<Peer> peers() {
    return peers;
  }

  @Override
  public List<ShardStatus> shards() {
    return List.of(
        new ShardStatus(
            0,
            leads(0) ? new ReplicaState.Leading() : state,
            leader,
            1,
            committed,
            committed,
            applied,
            0,
            1_000,
            lagMillis,
            leads(0) ? List.of(new ReplicaStatus(self, committed, 0, 0)) : List.of()));
  }

  @Override
  public int shardCount() {
    return 1;
  }

  @Override
  public @Nullable String leader(int shard) {
    return leader;
  }

  @Override
  public boolean leads(int shard) {
    return self.equals(leader);
  }

  @Override
  public boolean isDamaged(int shard) {
    return damaged;
  }

  @Override
  public boolean canRead(int shard) {
    return canRead;
  }

  @Override
  public long lagMillis(int shard) {
    return lagMillis;
  }

  @Override
  public LogPosition committed(int shard) {
    return new LogPosition(1, committed);
  }

  @Override
  public LogPosition applied(int shard) {
    return new LogPosition(1, applied);
  }

  @Override
  public CompletableFuture<Void> applied(int shard, LogPosition position) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    Thread.startVirtualThread(
        () -> {
          while (!done.isDone()) {
            if (applied >= position.index()) {
              done.complete(null);
              return;
            }
            try {
              Thread.sleep(5);
            } catch (InterruptedException e) {
              return;
            }
          }
        });
    return done;
  }

  @Override
  public CompletableFuture<LogPosition> readPosition(int shard) {
    return readPosition.get();
  }

  @Override
  public CompletableFuture<Void> visibleIsCommitted(int shard) {
    return visibleIsCommitted.get();
  }

  @Override
  public void transfer(int shard, String to) throws IOException {
    if (to.equals("c")) {
      throw new IOException("c is too far behind");
    }
    transferred = shard + " to " + to;
  }
}
