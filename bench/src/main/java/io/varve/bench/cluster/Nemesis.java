package io.varve.bench.cluster;

import io.varve.bench.cluster.HistoryClient.Shared;
import io.varve.bench.cluster.Operation.Write;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Carries out a plan of faults on a cluster, one after the other, and waits after each that writes
 * go on, and mostly that all nodes are well; after those that cost a node data, always that this
 * node has it again, because a promise that holds for the loss of one node is not tested by the
 * loss of two. One thread.
 */
final class Nemesis {
  private static final Duration WRITES_AGAIN = Duration.ofMinutes(2);
  private static final Duration CAUGHT_UP = Duration.ofMinutes(2);
  private static final Duration BY_ITSELF = Duration.ofSeconds(20);
  private static final int MOST_SKEW_SECONDS = 3_600;
  private static final long LOOK_MILLIS = 20;

  private final TestCluster cluster;
  private final Shared clients;
  private final Consumer<String> progress;
  private final long begin = System.nanoTime();
  private final List<Done> done = new ArrayList<>();

  /** What writes the faults' effects. */
  Nemesis(TestCluster cluster, Shared clients, Consumer<String> progress) {
    this.cluster = cluster;
    this.clients = clients;
    this.progress = progress;
  }

  /**
   * A fault that is over.
   *
   * @param node the one that it fell upon
   * @param atSeconds since the start
   * @param againSeconds from when it was mended until a write that began later was acknowledged
   * @param note what else was seen; "" if nothing
   */
  record Done(Fault fault, int node, double atSeconds, double againSeconds, String note) {}

  /** The kinds of fault that a cluster can have here. */
  static Set<FaultKind> possible(TestCluster cluster) {
    Set<FaultKind> kinds = EnumSet.allOf(FaultKind.class);
    if (cluster.nodes().stream().anyMatch(node -> node.clock() == null)) {
      kinds.remove(FaultKind.CLOCK);
    }
    if (cluster.nodes().stream().anyMatch(node -> node.disk() == null)) {
      kinds.remove(FaultKind.FULL_DISK);
    }
    return kinds;
  }

  /** What has been done so far. */
  List<Done> done() {
    return done;
  }

  /**
   * Carries out faults until they are through, or the time is.
   *
   * @throws IOException if the cluster does not come back
   */
  void run(List<Fault> plan, long endNanos) throws IOException, InterruptedException {
    for (Fault fault : plan) {
      if (System.nanoTime() > endNanos) {
        return;
      }
      carryOut(fault);
      Thread.sleep(fault.restMillis());
    }
  }

  private void carryOut(Fault fault) throws IOException, InterruptedException {
    Random random = new Random(fault.seed());
    int node = fault.node() == Fault.LEADER ? cluster.leader() : fault.node();
    if (node < 0) {
      node = random.nextInt(TestCluster.NODES);
    }
    double at = (System.nanoTime() - begin) / 1e9;
    tell(fault, node, at);
    String note = attack(fault, node, random);
    double again = awaitWrites(fault);
    if (fault.kind().destroys() || fault.kind() == FaultKind.FULL_DISK) {
      note += awaitCaughtUp(fault, node);
    }
    note += restartWhatEnded();
    if (!fault.hasty()) {
      cluster.awaitWell(CAUGHT_UP);
    }
    done.add(new Done(fault, node, at, again, note));
    if (!note.isEmpty()) {
      progress.accept("  " + note);
    }
  }

  private void tell(Fault fault, int node, double at) {
    progress.accept(
        "%6.1f s: %d. %s, node %s, %d ms"
            .formatted(
                at,
                fault.number(),
                fault.kind().title(),
                TestCluster.id(node),
                fault.holdMillis()));
  }

  /** Does it, holds it, mends it; returns what is to be noted. */
  private String attack(Fault fault, int n, Random random)
      throws IOException, InterruptedException {
    ClusterNode node = cluster.nodes().get(n);
    List<ClusterNode> two =
        List.of(node, cluster.nodes().get((n + 1 + random.nextInt(2)) % TestCluster.NODES));
    return switch (fault.kind()) {
      case KILL -> killed(List.of(node), fault);
      case KILL_TWO -> killed(two, fault);
      case KILL_ALL -> killed(cluster.nodes(), fault);
      case RESTART -> {
        node.stop();
        node.start();
        yield "";
      }
      case PAUSE -> paused(List.of(node), fault);
      case PAUSE_TWO -> paused(two, fault);
      case WIPE -> {
        node.kill();
        node.wipe();
        hold(fault);
        node.start();
        yield "";
      }
      case FLIP_SEALED -> flipped(node, random, fault, Nemesis::isSealed);
      case FLIP_LOG -> flipped(node, random, fault, file -> !isSealed(file));
      case FULL_DISK -> filled(node, fault);
      case ISOLATE -> {
        cluster.network().wiresOf(n).forEach(Wire::cut);
        yield cutOff(n, fault, random);
      }
      case ONE_WAY -> {
        boolean mute = random.nextBoolean();
        boolean fully = random.nextBoolean();
        int first = (n + 1) % TestCluster.NODES;
        int second = (n + 2) % TestCluster.NODES;
        direction(n, first, mute).cut();
        if (fully) {
          direction(n, second, mute).cut();
        }
        yield cutOff(n, fault, random);
      }
      case PAIR -> {
        int other = (n + 1 + random.nextInt(2)) % TestCluster.NODES;
        direction(n, other, true).cut();
        direction(n, other, false).cut();
        yield cutOff(n, fault, random);
      }
      case SHATTER -> {
        for (int each = 0; each < TestCluster.NODES; each++) {
          cluster.network().wiresOf(each).forEach(Wire::cut);
        }
        yield cutOff(n, fault, random);
      }
      case DELAY -> {
        int millis = 5 + random.nextInt(200);
        cluster.network().wiresOf(n).forEach(wire -> wire.delay(millis, millis));
        hold(fault);
        cluster.network().heal();
        yield "";
      }
      case LOSS -> {
        for (int each = 0; each < TestCluster.NODES; each++) {
          cluster.network().wiresOf(each).forEach(wire -> wire.lossy(0.02, 0.005));
        }
        hold(fault);
        cluster.network().heal();
        yield "";
      }
      case CLOCK -> skewed(node, fault, random);
    };
  }

  private Wire direction(int node, int other, boolean outward) {
    return outward ? cluster.network().wire(node, other) : cluster.network().wire(other, node);
  }

  private static void hold(Fault fault) throws InterruptedException {
    Thread.sleep(fault.holdMillis());
  }

  private static String killed(List<ClusterNode> nodes, Fault fault)
      throws IOException, InterruptedException {
    for (ClusterNode node : nodes) {
      node.kill();
    }
    hold(fault);
    for (ClusterNode node : nodes) {
      node.start();
    }
    return "";
  }

  private static String paused(List<ClusterNode> nodes, Fault fault)
      throws IOException, InterruptedException {
    for (ClusterNode node : nodes) {
      node.pause();
    }
    hold(fault);
    for (ClusterNode node : nodes) {
      node.resume();
    }
    return "";
  }

  /** Half of the times connections break; otherwise what was sent comes when all is mended. */
  private String cutOff(int node, Fault fault, Random random) throws InterruptedException {
    boolean breaks = random.nextBoolean();
    if (breaks) {
      cluster.network().reset(node);
    }
    hold(fault);
    if (breaks && random.nextBoolean()) {
      cluster.network().reset(node);
    }
    cluster.network().heal();
    return "";
  }

  private static boolean isSealed(Path file) {
    String name = file.getFileName().toString();
    return name.endsWith(".tch") || name.endsWith(".tix");
  }

  private static String flipped(ClusterNode node, Random random, Fault fault, Predicate<Path> files)
      throws IOException, InterruptedException {
    node.kill();
    // Only what the log is made of, of what is not sealed: the rest is small, and rewritten.
    Path folder = node.data();
    Predicate<Path> meant =
        file -> files.test(file) && (isSealed(file) || isRaftLog(folder.relativize(file)));
    String flipped = BitFlips.flip(folder, meant, random);
    hold(fault);
    node.start();
    return flipped == null ? "there was no such file" : flipped;
  }

  private static boolean isRaftLog(Path file) {
    return file.startsWith("raft") && file.getFileName().toString().startsWith("log_");
  }

  private static String filled(ClusterNode node, Fault fault)
      throws IOException, InterruptedException {
    SmallDisk disk = node.disk();
    if (disk == null) {
      return "there is no such disk";
    }
    disk.fill();
    hold(fault);
    disk.free();
    return "";
  }

  private static String skewed(ClusterNode node, Fault fault, Random random)
      throws IOException, InterruptedException {
    SkewedClock clock = node.clock();
    if (clock == null) {
      return "there is no such clock";
    }
    int most = random.nextBoolean() ? MOST_SKEW_SECONDS : 10;
    int seconds = random.nextInt(2 * most + 1) - most;
    clock.set(seconds);
    hold(fault);
    if (random.nextBoolean()) {
      clock.set(0);
    }
    return seconds + " s";
  }

  /** Waits for the acknowledgement of a write that began from now on. */
  private double awaitWrites(Fault fault) throws IOException, InterruptedException {
    long mended = System.nanoTime();
    while (System.nanoTime() - mended < WRITES_AGAIN.toNanos()) {
      for (int c = 0; c < clients.samples().clients(); c++) {
        @Nullable Write last = clients.last().get(c);
        if (last != null && last.invoked() > mended) {
          return (last.completed() - mended) / 1e9;
        }
      }
      Thread.sleep(LOOK_MILLIS);
    }
    throw new IOException(
        "no write was acknowledged within %s of the end of fault %d (%s)"
            .formatted(WRITES_AGAIN, fault.number(), fault.kind()));
  }

  /** Waits for a node, and does what an operator does when it does not come. */
  private String awaitCaughtUp(Fault fault, int n) throws IOException, InterruptedException {
    ClusterNode node = cluster.nodes().get(n);
    if (cluster.awaitWell(n, BY_ITSELF)) {
      return "";
    }
    String note = "";
    if (fault.kind() == FaultKind.FULL_DISK) {
      node.kill();
      node.start();
      note = "; started again";
      if (cluster.awaitWell(n, CAUGHT_UP)) {
        return note;
      }
    }
    if (!node.isRunning()) { // it cannot go on from what it has
      node.wipe();
      node.start();
      note += "; it ended, and began empty";
    }
    return cluster.awaitWell(n, CAUGHT_UP) ? note : notBack(fault, n);
  }

  private String notBack(Fault fault, int n) throws IOException, InterruptedException {
    throw new IOException(
        "node %s has not caught up within %s of fault %d (%s): %s"
            .formatted(
                TestCluster.id(n),
                CAUGHT_UP,
                fault.number(),
                fault.kind(),
                NodeStatus.of(cluster.client(), n)));
  }

  private String restartWhatEnded() throws IOException {
    StringBuilder note = new StringBuilder();
    for (int n = 0; n < TestCluster.NODES; n++) {
      ClusterNode node = cluster.nodes().get(n);
      if (!node.isRunning()) {
        note.append("; node ").append(TestCluster.id(n)).append(" had ended by itself");
        node.start();
      }
    }
    return note.toString();
  }

  /** Mends everything, and waits until all nodes take part. */
  void heal(Duration patience) throws IOException, InterruptedException {
    cluster.network().heal();
    for (ClusterNode node : cluster.nodes()) {
      node.resume();
      SmallDisk disk = node.disk();
      if (disk != null) {
        disk.free();
      }
      SkewedClock clock = node.clock();
      if (clock != null) {
        clock.set(0);
      }
    }
    String note = restartWhatEnded();
    if (!note.isEmpty()) {
      progress.accept(note);
    }
    cluster.awaitWell(patience);
  }
}
