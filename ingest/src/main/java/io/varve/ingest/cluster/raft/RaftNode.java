package io.varve.ingest.cluster.raft;

import io.varve.engine.io.FileSystem;
import io.varve.ingest.cluster.Peer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import org.apache.ratis.conf.Parameters;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.GroupManagementRequest;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.storage.RaftStorage;
import org.jspecify.annotations.Nullable;

/**
 * This node's part in the replicated logs: one Raft server, with a Raft group for each shard. It
 * votes and stores entries from {@link #start} on; each shard's engine is attached when it is there
 * (see {@link RaftShard}), and closed before the node is.
 */
public final class RaftNode implements AutoCloseable {
  /** How often it is looked after what nobody tells of, and asked what was acknowledged. */
  private static final long LOOK_MILLIS = 500;

  /** How often it is seen to a log that could not be written. */
  private static final long OFTEN_MILLIS = 100;

  private final RaftSettings settings;
  private final RaftServer server;
  private final List<RaftShard> shards;
  private final ScheduledExecutorService timer;

  private RaftNode(
      RaftSettings settings,
      RaftServer server,
      List<RaftShard> shards,
      ScheduledExecutorService timer) {
    this.settings = settings;
    this.server = server;
    this.shards = List.copyOf(shards);
    this.timer = timer;
  }

  /**
   * Starts the server; returns when it listens.
   *
   * @param joins true for a node that has lost its log, or never had one, while the others have
   *     theirs: it takes part in no election until the leader has made it a member again
   * @param begin up to which record the stores go with which all nodes begin; 0 for empty ones, and
   *     ignored where a log has begun
   * @param owners who opens and closes the engine of each shard, by its number
   * @throws DamagedLogException if what is in the folder cannot be gone on with
   * @throws IOException if the folder is in use, or the address taken
   */
  public static RaftNode start(
      RaftSettings settings,
      FileSystem fs,
      boolean joins,
      long begin,
      IntFunction<ShardOwner> owners)
      throws IOException {
    fs.createDirectories(settings.folder());
    List<RaftPeer> peers = new ArrayList<>();
    for (Peer peer : settings.peers()) {
      boolean votes = !joins || !peer.id().equals(settings.self());
      peers.add(
          RaftPeer.newBuilder()
              .setId(peer.id())
              .setAddress(peer.raft())
              .setStartupRole(votes ? RaftPeerRole.FOLLOWER : RaftPeerRole.LISTENER)
              .build());
    }
    List<RaftGroup> groups = new ArrayList<>();
    for (int shard = 0; shard < settings.shards(); shard++) {
      groups.add(RaftGroup.valueOf(groupId(settings.cluster(), shard), peers));
    }
    RaftProperties properties = RaftOptions.of(settings, joins);
    Parameters parameters = new Parameters();
    Security.apply(settings, parameters);
    List<RaftShard> shards = new ArrayList<>();
    Map<RaftGroupId, RaftShard> byGroup = new HashMap<>();
    for (int i = 0; i < groups.size(); i++) {
      RaftShard shard = new RaftShard(i, settings, owners.apply(i), groups.get(i), begin, fs);
      shards.add(shard);
      byGroup.put(groups.get(i).getGroupId(), shard);
    }
    RaftServer server =
        RaftServer.newBuilder()
            .setServerId(RaftPeerId.valueOf(settings.self()))
            .setGroup(groups.getFirst())
            .setProperties(properties)
            .setParameters(parameters)
            .setOption(RaftStorage.StartupOption.RECOVER)
            .setStateMachineRegistry(
                id -> {
                  RaftShard shard = byGroup.get(id);
                  if (shard == null) {
                    throw new IllegalStateException("a log of another cluster: " + id);
                  }
                  return shard.machine();
                })
            .build();
    try {
      for (RaftShard shard : shards) {
        shard.belongsTo(server);
      }
      Set<RaftGroupId> known = new HashSet<>();
      server.getGroupIds().forEach(known::add);
      shards.getFirst().opened(server.getDivision(groups.getFirst().getGroupId()));
      server.start();
      for (RaftShard shard : shards) {
        RaftGroup group = shard.group();
        if (!known.contains(group.getGroupId())) {
          add(server, group);
        }
        shard.opened(server.getDivision(group.getGroupId()));
      }
    } catch (IOException | RuntimeException e) {
      shards.forEach(shard -> shard.feed().close());
      server.close();
      DamagedLogException damage = DamagedLogException.of(settings.folder(), e);
      if (damage != null) {
        throw damage;
      }
      throw e instanceof IOException io ? io : new IOException("the replicated log: " + e, e);
    }
    ScheduledExecutorService timer =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("varve-raft-timer").factory());
    RaftNode node = new RaftNode(settings, server, shards, timer);
    var _ =
        timer.scheduleWithFixedDelay(node::look, LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
    var _ =
        timer.scheduleWithFixedDelay(
            node::lookOften, OFTEN_MILLIS, OFTEN_MILLIS, TimeUnit.MILLISECONDS);
    return node;
  }

  private static void add(RaftServer server, RaftGroup group) throws IOException {
    RaftClientReply reply =
        server.groupManagement(
            GroupManagementRequest.newAdd(
                ClientId.randomId(), server.getId(), 1, group, /* format= */ true));
    if (!reply.isSuccess()) {
      throw new IOException("a log cannot be begun", reply.getException());
    }
  }

  /** There are these nodes: they may become members, and connections to them are made. */
  public void know(List<Peer> nodes) {
    Security.know(settings, nodes);
  }

  /** The shards, by their numbers. */
  public List<RaftShard> shards() {
    return shards;
  }

  /** A shard by its number. */
  public RaftShard shard(int number) {
    return shards.get(number);
  }

  /**
   * Why a log has stopped by itself; null as long as all go on. It does not begin again: the node
   * is to be closed, and may be started anew if the failure says so. Cheap.
   */
  public @Nullable LogFailure failure() {
    for (RaftShard shard : shards) {
      LogFailure failure = shard.failure();
      if (failure != null) {
        return failure;
      }
    }
    return null;
  }

  private void lookOften() {
    try {
      for (RaftShard shard : shards) {
        shard.closeIfFailed();
      }
    } catch (IOException | RuntimeException e) {
      System.getLogger(RaftNode.class.getName())
          .log(System.Logger.Level.WARNING, "the replicated log is not looked after", e);
    }
  }

  private void look() {
    try {
      for (RaftShard shard : shards) {
        shard.askHowFar();
        shard.feed().remind();
        shard.leaveLeadWithoutEngine();
        shard.askForNotice();
        shard.trimWhatMayGo();
      }
    } catch (IOException | RuntimeException e) {
      System.getLogger(RaftNode.class.getName())
          .log(System.Logger.Level.WARNING, "the replicated log is not trimmed", e);
    }
  }

  /**
   * Puts right what a full disk has left behind that no node can be started on. Of one that was
   * closed because there was no room, when there is room again.
   */
  public void mend() throws IOException {
    for (RaftShard shard : shards) {
      shard.mend();
    }
  }

  /** Leaves the cluster until the next start. Engines are closed before. */
  @Override
  public void close() throws IOException {
    timer.shutdownNow();
    // Raft waits for its own threads, which wait for engines.
    shards.forEach(shard -> shard.feed().close());
    List<IOException> failures = new ArrayList<>();
    Thread closer = Thread.ofPlatform().name("varve-raft-close").start(() -> close(failures));
    boolean interrupted = false;
    while (closer.isAlive()) {
      try {
        closer.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (!failures.isEmpty()) {
      throw failures.getFirst();
    }
  }

  private void close(List<IOException> failures) {
    try {
      for (RaftShard shard : shards) {
        shard.close();
      }
      // The logs are whole now. What is left would wait 3 s for each connection, whose streams
      // end with nothing but it.
      Thread.currentThread().interrupt();
      server.close();
    } catch (IOException e) {
      failures.add(e);
    }
  }

  private static RaftGroupId groupId(String cluster, int shard) {
    return RaftGroupId.valueOf(
        UUID.nameUUIDFromBytes((cluster + "/" + shard).getBytes(StandardCharsets.UTF_8)));
  }
}
