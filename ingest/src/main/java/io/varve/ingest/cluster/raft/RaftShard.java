package io.varve.ingest.cluster.raft;

import static java.util.Objects.requireNonNull;

import io.varve.engine.io.FileSystem;
import io.varve.engine.log.NotLeaderException;
import io.varve.engine.log.ShardLog;
import io.varve.ingest.cluster.LogPosition;
import io.varve.ingest.cluster.Peer;
import io.varve.ingest.cluster.ReplicaState;
import io.varve.ingest.cluster.ReplicaStatus;
import io.varve.ingest.cluster.ShardStatus;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.ratis.proto.RaftProtos.CommitInfoProto;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.RoleInfoProto;
import org.apache.ratis.proto.RaftProtos.ServerRpcProto;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.SetConfigurationRequest;
import org.apache.ratis.protocol.SnapshotManagementRequest;
import org.apache.ratis.protocol.TransferLeadershipRequest;
import org.apache.ratis.server.DivisionInfo;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.raftlog.RaftLogIOException;
import org.apache.ratis.statemachine.TransactionContext;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;
import org.jspecify.annotations.Nullable;

/**
 * One shard's replicated log at this node. The engine that stands on it comes and goes: its owner
 * opens a log for it with {@link #openLog}, opens the engine, and has it fed with {@link #attach};
 * to close the engine, and with it the log, ends the feeding. Any thread.
 */
public final class RaftShard {
  /** How often a leader is seen without an engine before another node is to lead. */
  private static final int MOST_LOOKS_WITHOUT_ENGINE = 4;

  /** A replica that was heard of so lately can take the lead. */
  private static final long CONTACT_MILLIS = 2_000;

  /** How often an entry of the log is read, and how far apart, before it cannot be read. */
  private static final int MOST_READS = 50;

  private static final long READ_PAUSE_MILLIS = 20;

  /** What waits to be written is less than a few seconds' worth, on any disk. */
  private static final long MOST_DRAIN_MILLIS = 60_000;

  private final int number;
  private final RaftSettings settings;
  private final ShardOwner owner;
  private final RaftGroup group;
  private final long begin;
  private final FileSystem fs;
  private final ShardStateMachine machine;
  private final Feed feed;
  private final Holders holders;
  private final Freshness freshness = new Freshness();
  private final AtomicBoolean asks = new AtomicBoolean();
  private final InstallNotice notice = new InstallNotice();
  private final ClientId client = ClientId.randomId();
  private final AtomicLong calls = new AtomicLong();
  private final AtomicLong wantedTrim = new AtomicLong();
  private volatile @Nullable RaftServer server;
  private volatile RaftServer.@Nullable Division division;
  private volatile @Nullable ReadBarrier barrier;
  private volatile @Nullable SavedPosition saved;
  private volatile @Nullable ReplicatedLog opened;
  private volatile @Nullable Throwable told;
  private int looksWithoutEngine;

  RaftShard(
      int number,
      RaftSettings settings,
      ShardOwner owner,
      RaftGroup group,
      long begin,
      FileSystem fs) {
    this.number = number;
    this.begin = begin;
    this.settings = settings;
    this.owner = owner;
    this.group = group;
    this.fs = fs;
    this.holders = new Holders(settings.holdMillis());
    this.machine = new ShardStateMachine(this);
    this.feed = new Feed(owner, new RaftSide());
  }

  /** The shard, from 0. */
  public int number() {
    return number;
  }

  /**
   * The log for an engine that is being opened; its owner closes it.
   *
   * @param savedTo records up to here are in what the engine has saved
   */
  public ShardLog openLog(long savedTo) {
    ReplicatedLog before = opened;
    if (before != null && !before.isClosed()) {
      throw new IllegalStateException("the log of shard " + number + " is open already");
    }
    ReplicatedLog log = new ReplicatedLog(new ToRaft(), settings, savedTo);
    opened = log;
    return log;
  }

  /**
   * Feeds the engine that was opened on the log of the last {@link #openLog}. What was committed
   * before is handed in before this returns.
   *
   * @throws IOException if the log does not reach back to what the engine has saved: another
   *     replica's saved state has to be put in its place
   */
  public void attach(LogFollower follower) throws IOException {
    ReplicatedLog log = opened;
    if (log == null || log.isClosed()) {
      throw new IllegalStateException("no log of shard " + number + " is open");
    }
    feed.attach(follower, log);
  }

  /** True if an engine is fed: neither closed nor let go because it held what the log does not. */
  public boolean isAttached() {
    return feed.log() != null;
  }

  /** The node that leads as far as is known here, null if none does. Cheap. */
  public @Nullable String leader() {
    RaftServer.Division now = division;
    RaftPeerId id = now == null ? null : now.getInfo().getLeaderId();
    return id == null ? null : id.toString();
  }

  /** True if this replica leads and takes appends. Cheap. */
  public boolean leads() {
    ReplicatedLog log = feed.log();
    return log != null && log.leads();
  }

  /** The last record that a majority is known here to have. Cheap. */
  public LogPosition committed() {
    if (hasStopped()) {
      return feed.reached();
    }
    long index = division().getRaftLog().getLastCommittedIndex();
    LogPosition position = lookUp(index);
    return position == null ? new LogPosition(currentTerm(), Math.max(0, index)) : position;
  }

  /** The last record that can be read here. Cheap. */
  public LogPosition applied() {
    LogPosition reached = feed.reached();
    long shown = feed.shown();
    return shown <= reached.index() ? reached : new LogPosition(currentTerm(), shown);
  }

  /** Completes when an engine here has all up to a position. */
  public CompletableFuture<Void> applied(LogPosition position) {
    return position.index() <= feed.shown()
        ? CompletableFuture.completedFuture(null)
        : feed.waiters().await(position.index());
  }

  /** Completes when a majority has all that the engine here has now. */
  public CompletableFuture<Void> visibleIsCommitted() {
    return feed.waiters().await(feed.visible());
  }

  /**
   * A position behind all that was acknowledged anywhere before this call: the leader was asked,
   * and a majority has confirmed that it leads.
   */
  public CompletableFuture<LogPosition> readPosition() {
    ReadBarrier now = barrier;
    return now == null
        ? CompletableFuture.failedFuture(new IOException("the node is not started"))
        : now.ask();
  }

  /**
   * Hands the lead over, and waits until it is. To be asked of the leader.
   *
   * @throws IOException if it does not lead after all, in words
   */
  public void transfer(String to) throws IOException {
    RaftClientReply reply =
        server()
            .transferLeadership(
                new TransferLeadershipRequest(
                    client,
                    server().getId(),
                    group.getGroupId(),
                    calls.incrementAndGet(),
                    RaftPeerId.valueOf(to),
                    settings.syncMillis()));
    if (!reply.isSuccess()) {
      throw new IOException(
          "the lead of shard "
              + number
              + " was not handed over to "
              + to
              + ": "
              + reply.getException().getMessage(),
          reply.getException());
    }
  }

  /** Who is to lead next: the one that has most of the log; null if none is heard of. */
  public @Nullable String successor() {
    RaftServer.Division now = division;
    return now == null || hasStopped()
        ? null
        : replicas(now.getInfo()).stream()
            .filter(replica -> !replica.id().equals(settings.self()))
            .filter(replica -> replica.contactMillis() < CONTACT_MILLIS)
            .max(Comparator.comparingLong(ReplicaStatus::matchIndex))
            .map(ReplicaStatus::id)
            .orElse(null);
  }

  /** The nodes that vote, as far as is known here, by id. */
  public Set<String> members() {
    Set<String> ids = new TreeSet<>();
    division().getRaftConf().getCurrentPeers().forEach(peer -> ids.add(peer.getId().toString()));
    return ids;
  }

  /**
   * Says which nodes vote from now on; returns when a majority has it, and those that are new have
   * caught up. To be asked of the leader.
   *
   * @throws IOException if it does not come about in time, in words; it may all the same later
   */
  public void setMembers(Collection<Peer> peers, long timeoutMillis) throws IOException {
    List<RaftPeer> next = new ArrayList<>();
    for (Peer peer : peers) {
      next.add(RaftPeer.newBuilder().setId(peer.id()).setAddress(peer.raft()).build());
    }
    CompletableFuture<RaftClientReply> change =
        server()
            .setConfigurationAsync(
                new SetConfigurationRequest(
                    client,
                    server().getId(),
                    group.getGroupId(),
                    calls.incrementAndGet(),
                    SetConfigurationRequest.Arguments.newBuilder()
                        .setServersInNewConf(next)
                        .build()));
    try {
      RaftClientReply reply = change.get(timeoutMillis, TimeUnit.MILLISECONDS);
      if (!reply.isSuccess()) {
        throw new IOException(
            "the members are not changed: " + reply.getException().getMessage(),
            reply.getException());
      }
    } catch (ExecutionException e) {
      throw new IOException("the members are not changed: " + e.getCause(), e);
    } catch (TimeoutException e) {
      throw new IOException("the members are not changed in time", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  /**
   * An index with its term, of a record that the log still has, or up to which it was trimmed.
   *
   * @throws IOException if the log does not reach there
   */
  public LogPosition position(long index) throws IOException {
    LogPosition position = lookUp(index);
    if (position == null) {
      throw new IOException("the log of shard " + number + " has no record " + index);
    }
    return position;
  }

  private @Nullable LogPosition lookUp(long index) {
    LogPosition trimmed = savedPosition();
    if (trimmed != null && trimmed.index() == index) {
      return trimmed;
    }
    TermIndex found = hasStopped() ? null : division().getRaftLog().getTermIndex(index);
    return found == null ? null : new LogPosition(found.getTerm(), index);
  }

  /** Up to where the log may be gone here; null if nothing was saved. Cheap. */
  public @Nullable LogPosition savedPosition() {
    SavedPosition now = saved;
    return now == null ? null : now.get();
  }

  /** How far what can be read here is behind, as {@link ShardStatus#lagMillis}. Cheap. */
  public long lagMillis() {
    return freshness.millis(System.nanoTime(), feed.reached().index());
  }

  /** Asks how far the log is acknowledged, unless it is being asked; from time to time. */
  void askHowFar() {
    if (division == null || hasStopped() || leader() == null || !asks.compareAndSet(false, true)) {
      return;
    }
    long now = System.nanoTime();
    var _ =
        readPosition()
            .whenComplete(
                (position, failure) -> {
                  // Without an answer the lag grows, and is seen.
                  if (failure == null) {
                    freshness.answered(now, position.index());
                  }
                  asks.set(false);
                });
  }

  /**
   * How the shard stands here.
   *
   * @param ownState what its owner knows better, as that files are on their way; else null
   */
  public ShardStatus status(@Nullable ReplicaState ownState) {
    RaftServer.Division now = division();
    DivisionInfo info = now.getInfo();
    LogPosition trimmed = savedPosition();
    boolean stopped = hasStopped();
    TermIndex appended = stopped ? null : now.getRaftLog().getLastEntryTermIndex();
    LogPosition reached = feed.reached();
    long bytes;
    try {
      bytes = bytes();
    } catch (IOException e) {
      bytes = 0;
    }
    long savedIndex = trimmed == null ? 0 : trimmed.index();
    return new ShardStatus(
        number,
        ownState != null ? ownState : state(info),
        leader(),
        info.getCurrentTerm(),
        appended == null ? savedIndex : appended.getIndex(),
        Math.max(0, stopped ? reached.index() : now.getRaftLog().getLastCommittedIndex()),
        Math.max(0, Math.max(feed.visible(), reached.index())),
        savedIndex,
        bytes,
        lagMillis(),
        stopped ? List.of() : replicas(info));
  }

  /**
   * True once Raft has stopped here by itself, or should have. A leader's log is closed when it
   * cannot be written, and throws then, whatever it is asked. A follower's goes on (Ratis 3.3.0),
   * though it lacks on disk what it has in memory, and would come to confirm that.
   */
  private boolean hasStopped() {
    RaftServer.Division now = division;
    if (now == null) {
      return false;
    }
    if (told != null) {
      return true;
    }
    try {
      var _ = now.getRaftLog().getLastEntryTermIndex();
      return !now.getInfo().isAlive();
    } catch (IllegalStateException e) {
      return true;
    }
  }

  /** Why Raft has stopped here by itself; null as long as it goes on. */
  @Nullable LogFailure failure() {
    return hasStopped() ? LogFailure.of(told) : null;
  }

  /** Closes a log that could not be written, so that nothing behind that is confirmed. */
  void closeIfFailed() throws IOException {
    RaftServer.Division now = division;
    if (told != null && now != null) {
      CacheEviction.end(now.getRaftLog());
      now.getRaftLog().close();
    }
  }

  /** Raft tells that an entry could not be written. */
  void logFailed(Throwable cause) {
    if (told == null) {
      told = cause;
    }
  }

  private ReplicaState state(DivisionInfo info) {
    LogFailure failure = failure();
    if (failure != null) {
      return new ReplicaState.Stopped(failure.cause());
    }
    if (!isAttached()) {
      return new ReplicaState.Reopening();
    }
    if (leads()) {
      return new ReplicaState.Leading();
    }
    return leader() == null || info.isLeader()
        ? new ReplicaState.NoQuorum()
        : new ReplicaState.Following();
  }

  private List<ReplicaStatus> replicas(DivisionInfo info) {
    List<ReplicaStatus> found = new ArrayList<>();
    RoleInfoProto role = info.getRoleInfoProto();
    long[] matches = info.getFollowerMatchIndices();
    if (!role.hasLeaderInfo() || matches == null) {
      return List.of();
    }
    TermIndex own = division().getRaftLog().getLastEntryTermIndex();
    found.add(
        new ReplicaStatus(settings.self(), Math.max(0, own == null ? 0 : own.getIndex()), 0, 0));
    List<ServerRpcProto> followers = role.getLeaderInfo().getFollowerInfoList();
    for (int i = 0; i < followers.size() && i < matches.length; i++) {
      ServerRpcProto follower = followers.get(i);
      found.add(
          new ReplicaStatus(
              follower.getId().getId().toStringUtf8(),
              Math.max(0, matches[i]),
              follower.getLastRpcElapsedTimeMs(),
              feed.sizes().behind(Math.max(0, matches[i]))));
    }
    return found;
  }

  // What follows is for the classes of this package.

  ShardStateMachine machine() {
    return machine;
  }

  Feed feed() {
    return feed;
  }

  ShardOwner owner() {
    return owner;
  }

  RaftGroup group() {
    return group;
  }

  void belongsTo(RaftServer its) {
    server = its;
  }

  void opened(RaftServer.Division its) {
    division = its;
    barrier = new ReadBarrier(server(), its, settings.syncMillis());
  }

  void close() throws IOException {
    CacheEviction.end(division().getRaftLog());
    division().close();
  }

  /** Of one that is closed: see {@link RaftNode#mend}. */
  void mend() throws IOException {
    Path folder = division().getRaftStorage().getStorageDir().getCurrentDir().toPath();
    new VoteFile(folder).mend(currentTerm(), settings.self());
  }

  private RaftServer server() {
    return requireNonNull(server, "the node is not started");
  }

  private RaftServer.Division division() {
    return requireNonNull(division, "the node is not started");
  }

  long currentTerm() {
    return division().getInfo().getCurrentTerm();
  }

  void initialize(Path folder) throws IOException {
    SavedPosition position = new SavedPosition(fs, folder, settings.storeId());
    saved = position;
    if (begin > 0 && position.get() == null) {
      // As if a log had been trimmed up to there. Not in term 0: Raft takes such a log for an empty
      // one, and elects nobody beside it.
      position.set(new LogPosition(1, begin));
    }
    reinitialize();
  }

  void reinitialize() {
    notice.noticed();
    LogPosition position = savedPosition();
    if (position != null) {
      feed.startAt(position);
    }
  }

  /**
   * What another replica had saved was put in place of what was here.
   *
   * @param asked the first entry of the leader's log, as the leader said when it asked for this
   */
  void installed(LogPosition position, TermIndex asked) throws IOException {
    LogDrain.await(division().getRaftLog(), MOST_DRAIN_MILLIS);
    requireNonNull(saved).set(position);
    notice.installed(asked);
  }

  /** Lets Raft go on from what was installed; from time to time, by one thread. */
  void askForNotice() throws IOException {
    RaftServer.Division now = division;
    if (now != null) {
      notice.ask(server(), now, group.getGroupId(), calls.incrementAndGet());
    }
  }

  /** Raft's thread: says up to where the log may go, after that is durable. */
  long savePosition() throws IOException {
    SavedPosition position = requireNonNull(saved);
    LogPosition before = position.get();
    long to = Math.min(Math.min(wantedTrim.get(), limit()), feed.reached().index());
    if (to >= 0 && (before == null || to > before.index())) {
      LogPosition next = lookUp(to);
      if (next != null) {
        position.set(next);
        return to;
      }
    }
    return before == null ? -1 : before.index();
  }

  private long limit() {
    RaftServer.Division now = division();
    Map<String, Long> others = new HashMap<>();
    now.getRaftConf().getAllPeers().forEach(peer -> others.put(peer.getId().toString(), 0L));
    for (CommitInfoProto info : now.getCommitInfos()) {
      others.computeIfPresent(
          info.getServer().getId().toStringUtf8(), (id, was) -> info.getCommitIndex());
    }
    others.remove(settings.self());
    return holders.limit(feed.reached().index(), others, System.nanoTime() / 1_000_000);
  }

  /**
   * Lets another node lead, if this one was elected while its engine is being opened: it could not
   * take a write. From time to time, by one thread.
   */
  void leaveLeadWithoutEngine() {
    RaftServer.Division now = division;
    if (now == null
        || isAttached()
        || !now.getInfo().isLeader()
        || now.getRaftConf().getCurrentPeers().size() < 2) {
      looksWithoutEngine = 0;
      return;
    }
    looksWithoutEngine++;
    if (looksWithoutEngine < MOST_LOOKS_WITHOUT_ENGINE) {
      return;
    }
    looksWithoutEngine = 0;
    // To a certain one: who only steps down may be elected again.
    String next = successor();
    try {
      var _ =
          server()
              .transferLeadershipAsync(
                  new TransferLeadershipRequest(
                      client,
                      server().getId(),
                      group.getGroupId(),
                      calls.incrementAndGet(),
                      next == null ? null : RaftPeerId.valueOf(next),
                      settings.syncMillis()));
    } catch (IOException e) {
      System.getLogger(RaftShard.class.getName())
          .log(System.Logger.Level.WARNING, "shard " + number + " is led without a store", e);
    }
  }

  /** Trims what may go by now; called from time to time. */
  void trimWhatMayGo() {
    RaftServer.Division now = division;
    if (now == null || !now.getInfo().isAlive()) {
      return;
    }
    LogPosition before = savedPosition();
    long wanted = wantedTrim.get();
    if (wanted <= 0
        || (before != null && wanted <= before.index())
        || limit() <= (before == null ? 0 : before.index())) {
      return;
    }
    var _ =
        server()
            .snapshotManagementAsync(
                SnapshotManagementRequest.newCreate(
                    client,
                    server().getId(),
                    group.getGroupId(),
                    calls.incrementAndGet(),
                    settings.syncMillis(),
                    1));
  }

  private long bytes() throws IOException {
    Path folder = division().getRaftStorage().getStorageDir().getCurrentDir().toPath();
    long bytes = 0;
    for (Path file : fs.list(folder)) {
      if (String.valueOf(file.getFileName()).startsWith("log_")) {
        try {
          bytes += fs.size(file);
        } catch (IOException e) {
          // It was deleted, or got its final name, in the meantime.
        }
      }
    }
    return bytes;
  }

  private @Nullable LogEntryProto entry(long index) throws IOException {
    for (int reads = 1; ; reads++) {
      try {
        return division().getRaftLog().get(index);
      } catch (RaftLogIOException e) {
        // Its file is missing for a moment while it gets another name: as a segment is cut.
        if (reads == MOST_READS) {
          throw e;
        }
        pause(e);
      } catch (IllegalStateException e) {
        throw new IOException("the log was closed", e);
      }
    }
  }

  private static void pause(RaftLogIOException after) throws IOException {
    try {
      Thread.sleep(READ_PAUSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw after;
    }
  }

  private final class RaftSide implements Feed.Raft {
    @Override
    public @Nullable LogEntryProto entry(long index) throws IOException {
      return RaftShard.this.entry(index);
    }

    @Override
    public long leads() {
      RaftServer.Division now = division;
      if (now == null) {
        return ReplicatedLog.NONE;
      }
      DivisionInfo info = now.getInfo();
      long term = info.getCurrentTerm();
      return info.isLeader() && info.isLeaderReady() && info.getCurrentTerm() == term
          ? term
          : ReplicatedLog.NONE;
    }
  }

  private final class ToRaft implements ReplicatedLog.Appender {
    @Override
    public long append(ClientId from, long call, byte[] entry, long term) throws IOException {
      ShardStateMachine.Ticket ticket = new ShardStateMachine.Ticket(from, call, term);
      machine.expect(ticket);
      // By way of a thread of the server: it stops for good if it is interrupted in there.
      CompletableFuture<RaftClientReply> reply =
          server()
              .submitClientRequestAsync(
                  RaftClientRequest.newBuilder()
                      .setClientId(from)
                      .setServerId(server().getId())
                      .setGroupId(group.getGroupId())
                      .setCallId(call)
                      .setMessage(Message.valueOf(UnsafeByteOperations.unsafeWrap(entry)))
                      .setType(RaftClientRequest.writeRequestType())
                      .build());
      TransactionContext context = ticket.context;
      LogEntryProto logged = context == null ? null : context.getLogEntry();
      if (logged != null) {
        return logged.getIndex();
      }
      throw refusal(reply);
    }

    private IOException refusal(CompletableFuture<RaftClientReply> reply) {
      Throwable cause;
      try {
        RaftClientReply answer = reply.join();
        cause = answer.getException();
      } catch (CompletionException e) {
        cause = e.getCause();
      } catch (CancellationException e) {
        return notLeading(); // so Raft ends what waits when a lead ends
      }
      if (cause instanceof org.apache.ratis.protocol.exceptions.ResourceUnavailableException) {
        return new IOException(
            "too much waits for a majority of the replicas: " + settings.pendingBytes() + " bytes");
      }
      if (cause instanceof org.apache.ratis.protocol.exceptions.NotLeaderException
          || cause instanceof org.apache.ratis.protocol.exceptions.LeaderNotReadyException
          || cause instanceof org.apache.ratis.protocol.exceptions.LeaderSteppingDownException
          || cause instanceof org.apache.ratis.protocol.exceptions.StateMachineException
          || cause instanceof org.apache.ratis.protocol.exceptions.ServerNotReadyException) {
        return notLeading();
      }
      return new IOException("the replicated log refused a record: " + cause, cause);
    }

    @Override
    public NotLeaderException notLeading() {
      String leader = leader();
      return new NotLeaderException(
          "node "
              + settings.self()
              + " does not lead shard "
              + number
              + (leader == null || leader.equals(settings.self())
                  ? "; no node is known to lead it"
                  : "; " + leader + " leads it"));
    }

    @Override
    public void trim(long index) {
      wantedTrim.accumulateAndGet(index, Math::max);
      trimWhatMayGo();
    }

    @Override
    public @Nullable LogEntryProto entry(long index) throws IOException {
      return RaftShard.this.entry(index);
    }

    @Override
    public long bytes() throws IOException {
      return RaftShard.this.bytes();
    }

    @Override
    public long millis() {
      return System.currentTimeMillis();
    }

    @Override
    public void closed(ReplicatedLog log) {
      feed.detach(log);
    }
  }
}
