package io.varve.http;

import io.varve.engine.io.FolderTree;
import io.varve.http.config.ClusterConfig;
import io.varve.ingest.cluster.Peer;
import io.varve.ingest.cluster.PeerBook;
import io.varve.ingest.cluster.raft.RaftShard;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Which nodes vote. A node that has lost its log may have confirmed records that it knows nothing
 * of now, and with its vote one could come to lead that does not have them: acknowledged samples
 * would be gone. So a node whose folder is empty asks the others before it does anything. If one of
 * them has been part of a running cluster, this one has to be taken out of those that vote, and
 * becomes one of them again when it has caught up. If none has, the cluster is new, and begins with
 * all: with nothing, or with the same store on every node, as a backup of a cluster restores it.
 *
 * <p>That a cluster has run is remembered in a file of the log's folder.
 */
final class Membership implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Membership.class.getName());
  private static final String FOUNDED = "FOUNDED";
  private static final long LOOK_MILLIS = 500;
  private static final long FORGOTTEN_NANOS = TimeUnit.SECONDS.toNanos(3);
  private static final long TELL_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final Duration CHANGE_TIMEOUT = Duration.ofMinutes(10);
  private static final String ROOT = "/api/v1/cluster/";

  private final ClusterConfig cluster;
  private final PeerBook book;
  private final Path folder;
  private final NodeRequests requests;
  private final Supplier<@Nullable RaftShard> shard;
  private final long begin;
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().name("varve-membership").daemon().factory());
  private volatile boolean founded;
  private volatile boolean joins;
  private volatile boolean joining;
  private volatile boolean closed;

  // Of the thread.
  private long leaderNanos = System.nanoTime();
  private long askedNanos = leaderNanos;
  private String told = "";
  private long toldNanos;

  /**
   * @param folder of the log
   * @param begin up to which record the store goes that is here before there is a log; 0 for none
   * @param shard the log; null as long as it is not there
   */
  Membership(
      ClusterConfig cluster,
      PeerBook book,
      Path folder,
      NodeRequests requests,
      long begin,
      Supplier<@Nullable RaftShard> shard) {
    this.cluster = cluster;
    this.book = book;
    this.folder = folder;
    this.requests = requests;
    this.begin = begin;
    this.shard = shard;
    this.founded = Files.exists(folder.resolve(FOUNDED));
  }

  /** True if this node was part of the cluster when it ran. Any thread. */
  boolean isFounded() {
    return founded;
  }

  /** Up to which record the store goes that was here before there was a log; 0 for none. */
  long begin() {
    return begin;
  }

  /** True while this node is not one of those that vote because it has lost its log. Any thread. */
  boolean isJoining() {
    return joining;
  }

  /**
   * Finds out whether this node has to be made a member anew. Waits until another node answers, if
   * it has no log; until all of them do, if it has a store without one.
   *
   * @throws IOException if it is closed meanwhile, or nodes would begin with different stores
   */
  boolean mustJoin() throws IOException {
    joins = !founded && askOthers();
    return joins;
  }

  private boolean askOthers() throws IOException {
    long said = 0;
    while (!closed) {
      int agree = 0;
      for (Peer peer : others()) {
        long theirs;
        try {
          joining = Boolean.parseBoolean(requests.get(requests.uri(peer), ROOT + "founded"));
          theirs = joining ? begin : requests.number(requests.uri(peer), ROOT + "begin");
        } catch (IOException e) {
          LOG.log(System.Logger.Level.DEBUG, "a node does not answer yet", e);
          continue;
        }
        if (joining && begin > 0) {
          throw new IOException(
              "the cluster runs, and this node has a store without a log: give it an empty folder");
        }
        if (joining) {
          return true;
        }
        if (theirs != begin) {
          throw new IOException(
              "a new cluster begins with the same store on all nodes, or with none: what is here"
                  + " goes up to record "
                  + begin
                  + ", and that of node "
                  + peer.id()
                  + " up to record "
                  + theirs
                  + ": restore the same backup on all nodes");
        }
        agree++;
        if (begin == 0 || agree == others().size()) {
          return false;
        }
      }
      if (System.nanoTime() - said > TimeUnit.SECONDS.toNanos(10)) {
        said = System.nanoTime();
        LOG.log(
            System.Logger.Level.INFO,
            begin == 0
                ? "this node has no log yet, and waits for another one to say whether the cluster"
                    + " is new"
                : "this node has a restored store, and waits for all others to say that they have"
                    + " the same");
      }
      pause();
    }
    throw new IOException("the node is being stopped");
  }

  /**
   * This node's log is damaged: it is put aside, and the node is as one that has lost it. That is
   * right only as long as the others have a leader, and so all that was acknowledged: it is waited
   * for.
   *
   * @param aside where it goes, in place of what was put there before
   */
  void forget(Path aside) throws IOException {
    long said = 0;
    while (!someoneLeads()) {
      if (closed) {
        throw new IOException("the node is being stopped");
      }
      if (System.nanoTime() - said > TELL_NANOS) {
        said = System.nanoTime();
        LOG.log(
            System.Logger.Level.WARNING,
            "this node's log is damaged; it stays as it is until the other nodes have a leader,"
                + " from which it can come anew");
      }
      pause();
    }
    // First of all, so that this node does not vote, wherever this is broken off.
    Files.deleteIfExists(folder.resolve(FOUNDED));
    founded = false;
    FolderTree.delete(aside);
    Files.createDirectory(aside);
    try (Stream<Path> entries = Files.list(folder)) {
      for (Path entry : entries.filter(Files::isDirectory).toList()) {
        Files.move(entry, aside.resolve(String.valueOf(entry.getFileName())));
      }
    }
    LOG.log(
        System.Logger.Level.WARNING,
        "the damaged log is in " + aside + " now; this node takes what it lacks from the others");
  }

  private boolean someoneLeads() {
    try {
      return !leader().id().equals(cluster.node());
    } catch (IOException e) {
      LOG.log(System.Logger.Level.DEBUG, "no node leads", e);
      return false;
    }
  }

  private void pause() throws IOException {
    try {
      Thread.sleep(LOOK_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  private List<Peer> others() {
    return book.others();
  }

  /** The log is there: becomes a member if need be, and remembers that the cluster runs. */
  void takePart() {
    var _ =
        thread.scheduleWithFixedDelay(
            () -> {
              try {
                look();
              } catch (IOException | RuntimeException | Error e) {
                tell(String.valueOf(e.getMessage()));
              }
            },
            0,
            LOOK_MILLIS,
            TimeUnit.MILLISECONDS);
  }

  private void tell(String why) {
    if (!why.equals(told) || System.nanoTime() - toldNanos > TELL_NANOS) {
      told = why;
      toldNanos = System.nanoTime();
      LOG.log(System.Logger.Level.INFO, "this node is not a member yet, tried again: " + why);
    }
  }

  private void look() throws IOException {
    RaftShard log = shard.get();
    if (log == null) {
      return;
    }
    if (founded) {
      askIfForgotten(log);
      return;
    }
    if (!joins) {
      if (log.leader() != null) {
        remember();
      }
      return;
    }
    // Out first: as long as the leader takes it for the member it was, it sends it nothing but the
    // newest records.
    Peer leader = leader();
    String self = cluster.node();
    requests.post(requests.uri(leader), ROOT + "members/" + self + "/leave", CHANGE_TIMEOUT);
    requests.post(requests.uri(leader), ROOT + "members/" + self + "/join", CHANGE_TIMEOUT);
    remember();
    joining = false;
    LOG.log(System.Logger.Level.INFO, "this node is a member of the cluster again");
  }

  /**
   * A node that hears of no leader, and can ask who leads, may be none of those that vote: it was
   * removed, and added again. Its log is whole, so nothing is against it; of a node that votes, the
   * leader has nothing to do.
   */
  private void askIfForgotten(RaftShard log) {
    long now = System.nanoTime();
    if (log.leader() != null) {
      leaderNanos = now;
    } else if (now - leaderNanos > FORGOTTEN_NANOS && now - askedNanos > FORGOTTEN_NANOS) {
      askedNanos = now;
      try {
        requests.post(
            requests.uri(leader()), ROOT + "members/" + cluster.node() + "/join", CHANGE_TIMEOUT);
      } catch (IOException e) {
        LOG.log(System.Logger.Level.DEBUG, "this node is not counted in", e);
      }
    }
  }

  /** Asks the others who leads. */
  private Peer leader() throws IOException {
    IOException last = new IOException("no other node answers");
    for (Peer peer : others()) {
      try {
        String id = requests.get(requests.uri(peer), ROOT + "leader");
        Peer leader = id.isEmpty() ? null : book.other(id);
        if (leader == null && !id.isEmpty()) {
          leader = asToldBy(peer, id);
        }
        if (leader != null) {
          return leader;
        }
        last = new IOException("no node leads at the moment");
      } catch (IOException e) {
        last = e;
      }
    }
    throw last;
  }

  /** A node that is not in this one's configuration, and came later. */
  private @Nullable Peer asToldBy(Peer peer, String id) throws IOException {
    try {
      return PeerBook.parse(requests.get(requests.uri(peer), ROOT + "nodes") + "\n").stream()
          .filter(node -> node.id().equals(id) && !id.equals(book.self()))
          .findAny()
          .orElse(null);
    } catch (IllegalArgumentException e) {
      throw new IOException("node " + peer.id() + " does not tell which nodes there are", e);
    }
  }

  private void remember() throws IOException {
    Path temporary = folder.resolve(FOUNDED + ".tmp");
    Files.writeString(temporary, cluster.name() + "\n");
    Files.move(temporary, folder.resolve(FOUNDED), StandardCopyOption.ATOMIC_MOVE);
    founded = true;
  }

  /**
   * Takes a node out of those that vote; at the leader.
   *
   * @throws IOException if that does not come about
   */
  void leave(String id) throws IOException {
    change(id, false);
  }

  /** Lets a node vote again, as soon as it has caught up; at the leader. */
  void join(String id) throws IOException {
    change(id, true);
  }

  private synchronized void change(String id, boolean in) throws IOException {
    RaftShard log = shard.get();
    if (log == null || !log.leads()) {
      throw new IOException("this node does not lead");
    }
    if (book.other(id) == null) {
      throw new IOException(
          "no other node of the cluster is called " + id + ": varve cluster add-node makes it one");
    }
    Set<String> members = log.members();
    if (members.contains(id) == in) {
      return;
    }
    List<Peer> next = new ArrayList<>();
    for (Peer peer : book.all()) {
      if (peer.id().equals(id) ? in : members.contains(peer.id())) {
        next.add(peer);
      }
    }
    LOG.log(
        System.Logger.Level.INFO,
        in
            ? "node " + id + " becomes a member when it has caught up"
            : "node " + id + " is no member from now on");
    log.setMembers(next, CHANGE_TIMEOUT.toMillis());
  }

  @Override
  public void close() {
    closed = true;
    thread.shutdownNow();
  }
}
