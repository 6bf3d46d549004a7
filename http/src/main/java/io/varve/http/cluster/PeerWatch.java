package io.varve.http.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.varve.ingest.cluster.ClusterView;
import io.varve.ingest.cluster.Peer;
import io.varve.ingest.cluster.ReplicaState;
import io.varve.ingest.cluster.ShardStatus;
import io.varve.ingest.cluster.Unreached;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Asks every other node twice a second how it is, so that whoever passes a request on knows who can
 * take it. Any thread may ask what is known.
 */
final class PeerWatch implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(PeerWatch.class.getName());
  private static final long EVERY_MILLIS = 500;
  private static final Duration PATIENCE = Duration.ofSeconds(1);
  private static final long REACHABLE_NANOS = TimeUnit.MILLISECONDS.toNanos(2_500);
  private static final int MOST_BYTES = 1 << 20;
  private static final ObjectMapper JSON = NodeReport.JSON;

  /**
   * What is known of a node.
   *
   * @param report its own words, null if there were none yet
   * @param nanos when they came
   * @param problem why there are none since; "" if they are the newest there can be
   */
  record Known(Peer peer, @Nullable JsonNode report, long nanos, String problem) {
    /** True if it has answered lately. */
    boolean isReachable() {
      return report != null && System.nanoTime() - nanos < REACHABLE_NANOS;
    }

    /** How long ago it was heard of; −1 for never. */
    long contactMillis() {
      return report == null ? -1 : TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - nanos);
    }

    /** How far it may be behind by now; the largest number if nothing is known. */
    long lagMillis() {
      JsonNode told = report;
      long lag = told == null ? Long.MAX_VALUE : NodeReport.lagMillis(told);
      return lag == Long.MAX_VALUE ? lag : lag + contactMillis();
    }

    boolean canRead() {
      JsonNode told = report;
      return told != null && isReachable() && NodeReport.canRead(told);
    }
  }

  private final Peers peers;
  private final String token;
  private final String path;
  private final Supplier<@Nullable ClusterView> view;
  private final ClusterMeter meter;
  private final Map<String, Known> known = new ConcurrentHashMap<>();
  private final Map<Integer, String> leaders = new HashMap<>();
  private final Map<Integer, Boolean> reopening = new HashMap<>();
  private final Map<String, Thread> threads = new ConcurrentHashMap<>();
  private volatile boolean closed;

  /**
   * Begins to ask.
   *
   * @param path of the requests
   * @param view what this node itself knows, null before it does
   */
  PeerWatch(
      Peers peers,
      String token,
      String path,
      Supplier<@Nullable ClusterView> view,
      ClusterMeter meter) {
    this.peers = peers;
    this.token = token;
    this.path = path;
    this.view = view;
    this.meter = meter;
    follow();
    threads.put(
        "", Thread.ofVirtual().name("varve-leaders").start(() -> again(this::look, () -> true)));
  }

  /** Asks nodes that are new, and forgets those that are gone. */
  private void follow() {
    for (Peer peer : peers.others()) {
      if (known.putIfAbsent(
              peer.id(), new Known(peer, null, System.nanoTime(), "was not asked yet"))
          == null) {
        Thread asking =
            Thread.ofVirtual()
                .name("varve-peer-" + peer.id())
                .unstarted(() -> again(() -> ask(peer), () -> peer.equals(peers.of(peer.id()))));
        threads.put(peer.id(), asking);
        asking.start();
      }
    }
    for (Known one : known.values()) {
      if (!one.peer().equals(peers.of(one.peer().id()))) {
        known.remove(one.peer().id());
        Thread asking = threads.remove(one.peer().id());
        if (asking != null) {
          asking.interrupt();
        }
      }
    }
  }

  private void again(Runnable task, BooleanSupplier goesOn) {
    while (!closed && goesOn.getAsBoolean()) {
      try {
        task.run();
      } catch (RuntimeException e) {
        LOG.log(System.Logger.Level.ERROR, "BUG: the cluster is not watched for a moment", e);
      }
      try {
        Thread.sleep(EVERY_MILLIS);
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private void ask(Peer peer) {
    Known before = known.get(peer.id());
    JsonNode last = before == null ? null : before.report();
    long lastNanos = before == null ? System.nanoTime() : before.nanos();
    long nanos = System.nanoTime();
    Known now;
    try {
      HttpRequest request =
          HttpRequest.newBuilder(peers.at(peer, path))
              .timeout(PATIENCE)
              .header("Authorization", "Bearer " + token)
              .header(Headers.HOP, peers.self().id())
              .GET()
              .build();
      HttpResponse<byte[]> answer =
          peers.client().send(request, HttpResponse.BodyHandlers.ofByteArray());
      byte[] body = answer.body();
      if (answer.statusCode() == 401) {
        now = new Known(peer, last, lastNanos, "does not know this cluster's secret");
      } else if (answer.statusCode() != 200 || body.length > MOST_BYTES) {
        now = new Known(peer, last, lastNanos, "answers " + answer.statusCode());
      } else {
        JsonNode report = JSON.readTree(body).path("data");
        String id = report.path("node").asText();
        now =
            id.equals(peer.id())
                ? new Known(peer, report, nanos, "")
                : new Known(peer, last, lastNanos, "is another node: \"" + id + '"');
      }
    } catch (IOException e) {
      now = new Known(peer, last, lastNanos, "is not reached: " + Unreached.text(e));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return;
    }
    known.replace(peer.id(), now); // unless it is gone meanwhile
  }

  /** Counts what changes between two looks. */
  private void look() {
    follow();
    ClusterView now = view.get();
    if (now == null) {
      return;
    }
    for (ShardStatus shard : now.shards()) {
      String leader = shard.leader();
      if (leader != null) {
        String before = leaders.put(shard.shard(), leader);
        if (before != null && !before.equals(leader)) {
          meter.leaderChanged(shard.shard());
        }
      }
      boolean reopens = shard.state() instanceof ReplicaState.Reopening;
      Boolean before = reopening.put(shard.shard(), reopens);
      if (reopens && Objects.equals(before, false)) { // not while it starts
        meter.reopened(shard.shard());
      }
    }
  }

  /** All other nodes, in the order of the configuration. */
  List<Known> others() {
    List<Known> all = new ArrayList<>();
    for (Peer peer : peers.others()) {
      Known one = known.get(peer.id());
      if (one != null) {
        all.add(one);
      }
    }
    return all;
  }

  /** What is known of one; null of this node itself, and of nodes that are none. */
  @Nullable Known of(String id) {
    return known.get(id);
  }

  /** Other nodes that can answer reads, those that are least behind first. */
  List<Known> readers() {
    return others().stream()
        .filter(Known::canRead)
        .sorted(Comparator.comparingLong(Known::lagMillis))
        .toList();
  }

  /** How many nodes can be reached, this one included. */
  int reachable() {
    return 1 + (int) others().stream().filter(Known::isReachable).count();
  }

  /** Who leads a shard: as this node knows it, else as the others tell it; null if nobody knows. */
  @Nullable String leader(int shard) {
    ClusterView own = view.get();
    String leader = own == null ? null : own.leader(shard);
    if (leader != null) {
      return leader;
    }
    for (Known other : others()) {
      JsonNode report = other.report();
      // A node is believed about itself only: what it heard of others is older.
      if (report != null
          && other.isReachable()
          && other.peer().id().equals(NodeReport.leader(report, shard))) {
        return other.peer().id();
      }
    }
    return null;
  }

  @Override
  public void close() {
    closed = true;
    threads.values().forEach(Thread::interrupt);
  }
}
