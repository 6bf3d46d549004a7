package io.varve.ingest.cluster.raft;

import static java.util.Objects.requireNonNull;

import io.varve.ingest.cluster.LogPosition;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.RaftConfigurationProto;
import org.apache.ratis.proto.RaftProtos.RoleInfoProto;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.exceptions.StateMachineException;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.storage.FileInfo;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.statemachine.SnapshotInfo;
import org.apache.ratis.statemachine.TransactionContext;
import org.apache.ratis.statemachine.impl.BaseStateMachine;
import org.apache.ratis.util.LifeCycle;
import org.jspecify.annotations.Nullable;

/**
 * What Raft calls for one shard; it knows Raft's ways, and leaves the rest to {@link RaftShard}.
 */
final class ShardStateMachine extends BaseStateMachine {
  private final RaftShard shard;

  /** The append that is under way; there is one at a time. */
  private volatile @Nullable Ticket ticket;

  /** An append that this node's own log has begun. */
  static final class Ticket {
    private final ClientId client;
    private final long call;
    private final long term;
    volatile @Nullable TransactionContext context;

    Ticket(ClientId client, long call, long term) {
      this.client = client;
      this.call = call;
      this.term = term;
    }
  }

  ShardStateMachine(RaftShard shard) {
    this.shard = shard;
  }

  void expect(Ticket next) {
    ticket = next;
  }

  @Override
  public void initialize(RaftServer server, RaftGroupId group, RaftStorage storage)
      throws IOException {
    super.initialize(server, group, storage);
    getLifeCycle()
        .startAndTransition(
            () -> shard.initialize(storage.getStorageDir().getStateMachineDir().toPath()),
            IOException.class);
  }

  @Override
  public void pause() {
    getLifeCycle().transition(LifeCycle.State.PAUSING);
    getLifeCycle().transition(LifeCycle.State.PAUSED);
  }

  @Override
  public void reinitialize() {
    getLifeCycle().transition(LifeCycle.State.STARTING);
    shard.reinitialize();
    getLifeCycle().transition(LifeCycle.State.RUNNING);
  }

  @Override
  public void close() {
    shard.feed().close();
    getLifeCycle().checkStateAndClose();
  }

  @Override
  public @Nullable SnapshotInfo getLatestSnapshot() {
    LogPosition saved = shard.savedPosition();
    return saved == null ? null : new Snapshot(TermIndex.valueOf(saved.term(), saved.index()));
  }

  private record Snapshot(TermIndex termIndex) implements SnapshotInfo {
    @Override
    public TermIndex getTermIndex() {
      return termIndex;
    }

    @Override
    public List<FileInfo> getFiles() {
      return List.of();
    }
  }

  @Override
  public TermIndex getLastAppliedTermIndex() {
    LogPosition reached = shard.feed().reached();
    return TermIndex.valueOf(reached.term(), reached.index());
  }

  @Override
  public long takeSnapshot() throws IOException {
    return shard.savePosition();
  }

  /** Only what this node's own log appends: others may reach the port, and are refused. */
  @Override
  public TransactionContext startTransaction(RaftClientRequest request) throws IOException {
    Ticket expected = ticket;
    if (expected == null
        || !expected.client.equals(request.getClientId())
        || expected.call != request.getCallId()) {
      throw new StateMachineException("appends are made by the leader's own node only", false);
    }
    TransactionContext context = super.startTransaction(request);
    context.setStateMachineContext(expected);
    expected.context = context;
    return context;
  }

  /** Under Raft's locks, right before the entry gets its term and its index. */
  @Override
  public TransactionContext preAppendTransaction(TransactionContext context) throws IOException {
    if (!(context.getStateMachineContext() instanceof Ticket own)
        || own.term != shard.currentTerm()) {
      throw new StateMachineException(
          "the record was made under an earlier lead of this replica", false);
    }
    return context;
  }

  @Override
  public CompletableFuture<Message> applyTransaction(TransactionContext context) {
    LogEntryProto entry = requireNonNull(context.getLogEntry());
    shard.feed().record(entry.getTerm(), entry.getIndex(), entry.getStateMachineLogEntry());
    return CompletableFuture.completedFuture(Message.EMPTY);
  }

  @Override
  public void notifyTermIndexUpdated(long term, long index) {
    shard.feed().other(term, index);
  }

  /**
   * Comes before {@link #notifyLeaderReady}, which comes before {@link #notifyTermIndexUpdated}. It
   * also comes when a leader only tells of the members there are now, far ahead of what was
   * applied.
   */
  @Override
  public void notifyConfigurationChanged(
      long term, long index, RaftConfigurationProto configuration) {
    if (index == shard.feed().reached().index() + 1) {
      shard.feed().other(term, index);
    }
  }

  @Override
  public void notifyLeaderReady() {
    shard.feed().leaderReady();
  }

  @Override
  public void notifyNotLeader(Collection<TransactionContext> pending) {
    shard.feed().notLeader();
  }

  /** An entry could not be written: see {@link RaftShard#failure}. */
  @Override
  public void notifyLogFailed(Throwable cause, @Nullable LogEntryProto entry) {
    shard.logFailed(cause);
  }

  @Override
  public void notifyServerShutdown(RoleInfoProto role, boolean allServer) {
    shard.feed().notLeader();
  }

  @Override
  public CompletableFuture<TermIndex> notifyInstallSnapshotFromLeader(
      RoleInfoProto role, TermIndex firstInLog) {
    String leader = role.getFollowerInfo().getLeaderInfo().getId().getId().toStringUtf8();
    if (firstInLog.getIndex() <= shard.feed().reached().index() + 1) {
      // Raft asks every new member. The leader's log has what is missing here.
      return CompletableFuture.completedFuture(null);
    }
    return shard
        .owner()
        .install(leader, firstInLog.getIndex())
        .thenApply(
            position -> {
              try {
                shard.installed(position, firstInLog);
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
              return TermIndex.valueOf(position.term(), position.index());
            });
  }
}
