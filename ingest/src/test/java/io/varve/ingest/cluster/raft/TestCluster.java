package io.varve.ingest.cluster.raft;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.io.RealFileSystem;
import io.varve.engine.log.ShardLog;
import io.varve.ingest.cluster.LogPosition;
import io.varve.ingest.cluster.Peer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.apache.ratis.util.CodeInjectionForTesting;
import org.jspecify.annotations.Nullable;

/**
 * Nodes of one replicated log in this process, each with a {@link TestReplica}. A node can be cut
 * off from the others, and be stopped and started again on its folder.
 */
final class TestCluster implements AutoCloseable {
  private static final List<String> POINTS =
      List.of(
          "RaftServerImpl.appendEntries",
          "RaftServerImpl.requestVote",
          "RaftServerImpl.installSnapshot");

  final List<Member> members = new ArrayList<>();

  /** What went wrong where nobody could be told. */
  final ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();

  private final Path folder;
  private final List<Peer> peers = new ArrayList<>();
  private final UnaryOperator<RaftSettings> change;
  private final Set<String> cut = ConcurrentHashMap.newKeySet();

  TestCluster(Path folder, int nodes, UnaryOperator<RaftSettings> change) throws IOException {
    this.folder = folder;
    this.change = change;
    List<ServerSocket> sockets = new ArrayList<>();
    for (int i = 0; i < nodes; i++) {
      ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
      sockets.add(socket);
      peers.add(new Peer("n" + i, "127.0.0.1:1", "127.0.0.1:" + socket.getLocalPort()));
    }
    for (ServerSocket socket : sockets) {
      socket.close();
    }
    for (String point : POINTS) {
      CodeInjectionForTesting.put(point, this::refuse);
    }
    for (int i = 0; i < nodes; i++) {
      members.add(new Member(i));
    }
  }

  private boolean refuse(Object local, @Nullable Object remote, Object... rest) {
    if (cut.contains(String.valueOf(local)) || cut.contains(String.valueOf(remote))) {
      throw new IllegalStateException("cut off");
    }
    return false;
  }

  /** Lets nothing through to or from a node. */
  void cutOff(Member member) {
    cut.add(member.id());
  }

  void heal() {
    cut.clear();
  }

  static void await(String what, BooleanSupplier condition) {
    long end = System.nanoTime() + 15_000_000_000L;
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as(what + " does not come").isLessThan(end);
      try {
        Thread.sleep(5);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** Starts logs again that Raft has ended in order, as a node does. */
  void startEnded() {
    for (Member member : members) {
      RaftNode node = member.node;
      LogFailure failure = node == null ? null : node.failure();
      if (failure != null && failure.remedy() == LogFailure.Remedy.NOTHING) {
        try {
          member.stop();
          member.start();
        } catch (IOException e) {
          failures.add(e);
        }
      }
    }
  }

  /** The member that leads, waited for; not one that is cut off. */
  Member leader() {
    try {
      await(
          "a leader",
          () -> {
            startEnded();
            return leaderNow() != null;
          });
    } catch (AssertionError e) {
      for (Member member : members) {
        if (member.node != null) {
          e.addSuppressed(
              new IllegalStateException(member.id() + " " + member.shard().status(null)));
        }
      }
      throw e;
    }
    return requireNonNull(leaderNow());
  }

  /** The member that leads, null if none does; not one that is cut off. */
  @Nullable Member leaderNow() {
    for (Member member : members) {
      TestReplica replica = member.replica;
      if (!cut.contains(member.id()) && replica != null && replica.leads()) {
        return member;
      }
    }
    return null;
  }

  /** Until all members have the record. */
  void awaitAll(long sequence) {
    for (Member member : members) {
      await(
          member.id() + " at " + sequence,
          () -> {
            TestReplica replica = member.replica;
            return replica != null && replica.log().durable() >= sequence;
          });
    }
  }

  @Override
  public void close() throws IOException {
    heal();
    stopAll();
    for (String point : POINTS) {
      CodeInjectionForTesting.remove(point);
    }
  }

  /** All at once: each waits for connections to end. */
  void stopAll() throws IOException {
    List<Thread> threads = new ArrayList<>();
    for (Member member : members) {
      threads.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      member.stop();
                    } catch (IOException e) {
                      failures.add(e);
                    }
                  }));
    }
    for (Thread thread : threads) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
    }
  }

  /** What is on a replica's disk: records up to one. */
  private record Saved(List<TestReplica.Line> lines, long to) {}

  /** A node. */
  final class Member implements ShardOwner {
    private final int number;
    private @Nullable RaftNode node;
    private ExecutorService executor = Executors.newSingleThreadExecutor();
    volatile @Nullable TestReplica replica;
    private volatile Saved saved = new Saved(List.of(), 0);
    final AtomicInteger divergences = new AtomicInteger();
    final AtomicInteger installs = new AtomicInteger();

    /** What is installed waits for this. */
    volatile CompletableFuture<Void> mayInstall = CompletableFuture.completedFuture(null);

    Member(int number) {
      this.number = number;
    }

    String id() {
      return "n" + number;
    }

    void start() throws IOException {
      executor = Executors.newSingleThreadExecutor();
      RaftSettings settings =
          change.apply(
              RaftSettings.of(id(), peers, "test", 1, 4711, folder.resolve(id()))
                  .withTimes(400, 3000, 60_000));
      node = RaftNode.start(settings, RealFileSystem.INSTANCE, false, 0, shard -> this);
      open();
    }

    private void open() throws IOException {
      Saved own = saved;
      TestReplica next = new TestReplica(shard().openLog(own.to()), own.lines(), own.to());
      replica = next;
      shard().attach(next);
    }

    /** What an engine that has saved nothing is given; it takes the place of the replica. */
    void read(ShardLog.RecordConsumer to) throws IOException {
      replica().log().close();
      TestReplica next =
          new TestReplica(shard().openLog(0), List.of(), 0) {
            @Override
            public void segment(long firstSequence) {
              try {
                to.segment(firstSequence);
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            }

            @Override
            public void record(long sequence, int type, byte[] bytes, int offset, int length) {
              try {
                to.record(sequence, type, bytes, offset, length);
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            }
          };
      replica = next;
      shard().attach(next);
    }

    RaftShard shard() {
      return requireNonNull(node).shard(0);
    }

    TestReplica replica() {
      return requireNonNull(replica);
    }

    /** Saves what a majority has, as a saved head does, and lets the log go up to there. */
    void save() throws IOException {
      // A majority may have a part of the record that is being appended: what is saved ends with
      // one.
      List<TestReplica.Line> whole = replica().linesTo(replica().log().durable());
      if (!whole.isEmpty()) {
        saved = new Saved(whole, whole.getLast().sequence());
        replica().log().trim(saved.to() + 1);
      }
    }

    /** As a power cut: what was not saved of the engine is gone. */
    void stop() throws IOException {
      RaftNode now = node;
      if (now != null) {
        executor.shutdownNow();
        TestReplica old = replica;
        replica = null;
        if (old != null) {
          old.log().close();
        }
        now.close();
        node = null;
      }
    }

    @Override
    public void diverged() {
      divergences.incrementAndGet();
      executor.execute(this::reopen);
    }

    private void reopen() {
      TestReplica old = replica;
      if (old == null) {
        return; // stopped in the meantime
      }
      try {
        old.log().close();
        open();
      } catch (IOException | RuntimeException e) {
        failures.add(e);
      }
    }

    @Override
    public void failed(Throwable cause) {
      failures.add(cause);
    }

    @Override
    public CompletableFuture<LogPosition> install(String leader, long firstIndex) {
      installs.incrementAndGet();
      return CompletableFuture.supplyAsync(
          () -> {
            try {
              mayInstall.join();
              Member from =
                  members.stream().filter(m -> m.id().equals(leader)).findFirst().orElseThrow();
              replica().log().close();
              saved = from.saved;
              LogPosition position = from.shard().position(saved.to());
              open();
              return position;
            } catch (IOException e) {
              failures.add(e);
              throw new UncheckedIOException(e);
            }
          },
          executor);
    }
  }
}
