package io.varve.bench.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Three nodes on the loopback address, each a process with a folder, and the network between them.
 * One thread; its owner closes it, which ends the nodes.
 */
final class TestCluster implements AutoCloseable {
  static final int NODES = 3;

  private static final long WELL_LAG_MILLIS = 1_500;
  private static final long LOOK_MILLIS = 50;

  private final List<ClusterNode> nodes = new ArrayList<>();
  private final @Nullable Network network;
  private final Nodes client;
  private final List<Integer> ports;

  /**
   * How a cluster is run.
   *
   * @param varve starts Varve, before its own arguments
   * @param work holds the nodes' folders and logs; what an earlier run has left is replaced
   * @param proxied true if nodes reach each other by a network that can have faults
   * @param clocks true if the nodes' clocks can be set, where that is possible
   * @param diskMegabytes of a disk for each node that can be filled, where that is possible; 0:
   *     none
   * @param sections further sections of the configuration
   * @param async true if a write is acknowledged by one node alone
   * @param progress takes lines that tell what is left out
   */
  record Settings(
      List<String> varve,
      Path work,
      boolean proxied,
      boolean clocks,
      int diskMegabytes,
      String sections,
      boolean async,
      long seed,
      Consumer<String> progress) {
    /** Without faults, and without anything special. */
    static Settings plain(List<String> varve, Path work, boolean async, Consumer<String> progress) {
      return new Settings(varve, work, false, false, 0, "", async, 0, progress);
    }
  }

  private TestCluster(@Nullable Network network, List<Integer> ports) {
    this.network = network;
    this.ports = ports;
    client = new Nodes(ports);
  }

  /** Starts the processes; {@link #awaitWell} waits until they are a cluster. */
  static TestCluster start(Settings settings) throws IOException, InterruptedException {
    List<Integer> ports = FreePorts.choose(2 * NODES);
    List<Integer> http = ports.subList(0, NODES);
    List<Integer> raft = ports.subList(NODES, 2 * NODES);
    Network network = settings.proxied() ? new Network(http, raft, settings.seed()) : null;
    TestCluster cluster = new TestCluster(network, http);
    try {
      for (int n = 0; n < NODES; n++) {
        cluster.nodes.add(cluster.node(n, raft, settings));
      }
      for (ClusterNode node : cluster.nodes) {
        node.start();
      }
      return cluster;
    } catch (IOException | InterruptedException | RuntimeException e) {
      cluster.close();
      throw e;
    }
  }

  private ClusterNode node(int n, List<Integer> raft, Settings settings)
      throws IOException, InterruptedException {
    Path work = settings.work();
    Path data = Files.createDirectories(work.resolve(id(n)));
    Path config = work.resolve(id(n) + ".yaml");
    String peers =
        IntStream.range(0, NODES)
            .mapToObj(
                peer ->
                    "    - {id: %s, http: \"127.0.0.1:%d\", raft: \"127.0.0.1:%d\"}\n"
                        .formatted(
                            id(peer),
                            network == null || peer == n
                                ? ports.get(peer)
                                : network.httpPort(n, peer),
                            network == null || peer == n
                                ? raft.get(peer)
                                : network.raftPort(n, peer)))
            .collect(Collectors.joining());
    Files.writeString(
        config,
        """
        listen: 127.0.0.1:%d
        data_dir: %s
        %scluster:
          node: %s
          name: bench
          replication: %s
          peers:
        %s\
        """
            .formatted(
                ports.get(n),
                data,
                settings.sections(),
                id(n),
                settings.async() ? "async" : "sync",
                peers));
    List<String> command = new ArrayList<>(settings.varve());
    command.addAll(List.of("serve", "--config", config.toString()));
    SmallDisk disk = null;
    if (settings.diskMegabytes() > 0) {
      try {
        disk = SmallDisk.mount(data, settings.diskMegabytes());
      } catch (IOException e) {
        settings.progress().accept("no full disks: " + e.getMessage());
      }
    }
    SkewedClock clock = settings.clocks() ? SkewedClock.make(work.resolve(id(n) + ".clock")) : null;
    if (settings.clocks() && clock == null) {
      settings.progress().accept("no clocks that are off: libfaketime is not installed");
    }
    Path log = work.resolve(id(n) + ".log");
    Files.deleteIfExists(log);
    ClusterNode node = new ClusterNode(command, data, log, clock, disk);
    if (disk == null) {
      node.wipe();
    }
    return node;
  }

  /** The id of a node. */
  static String id(int node) {
    return String.valueOf((char) ('a' + node));
  }

  List<ClusterNode> nodes() {
    return nodes;
  }

  /** What is between the nodes. */
  Network network() {
    if (network == null) {
      throw new IllegalStateException("this cluster has no network that can have faults");
    }
    return network;
  }

  /** What clients reach the nodes by. */
  Nodes client() {
    return client;
  }

  /** The nodes' ports for HTTP. */
  List<Integer> ports() {
    return ports;
  }

  /** The number of the node that leads, −1 if none says so. */
  int leader() throws InterruptedException {
    for (int n = 0; n < NODES; n++) {
      NodeStatus status = nodes.get(n).isRunning() ? NodeStatus.of(client, n) : null;
      if (status != null && status.leads()) {
        return n;
      }
    }
    return -1;
  }

  /** Waits until a node takes part and is not far behind; returns false if it does not in time. */
  boolean awaitWell(int node, Duration patience) throws InterruptedException {
    long end = System.nanoTime() + patience.toNanos();
    while (System.nanoTime() < end) {
      NodeStatus status = NodeStatus.of(client, node);
      if (status != null && status.isWell(WELL_LAG_MILLIS)) {
        return true;
      }
      if (!nodes.get(node).isRunning()) {
        return false;
      }
      Thread.sleep(LOOK_MILLIS);
    }
    return false;
  }

  /**
   * Waits until all nodes take part and are not far behind.
   *
   * @throws IOException if they do not in time
   */
  void awaitWell(Duration patience) throws IOException, InterruptedException {
    long end = System.nanoTime() + patience.toNanos();
    for (int n = 0; n < NODES; n++) {
      if (!awaitWell(n, Duration.ofNanos(end - System.nanoTime()))) {
        throw new IOException(
            "node %s is not well within %s: %s"
                .formatted(
                    id(n),
                    patience,
                    nodes.get(n).isRunning() ? NodeStatus.of(client, n) : "it has ended"));
      }
    }
  }

  /**
   * Waits until no node has writes left that it alone has acknowledged.
   *
   * @throws IOException if one has them still
   */
  void awaitDelivered(Duration patience) throws IOException, InterruptedException {
    long end = System.nanoTime() + patience.toNanos();
    for (int n = 0; n < NODES; n++) {
      NodeStatus status = NodeStatus.of(client, n);
      while (status == null || status.spooled() > 0) {
        if (System.nanoTime() > end) {
          throw new IOException("the spool of node %s is not empty: %s".formatted(id(n), status));
        }
        Thread.sleep(LOOK_MILLIS);
        status = NodeStatus.of(client, n);
      }
    }
  }

  @Override
  public void close() throws IOException {
    client.close();
    for (ClusterNode node : nodes) {
      node.close();
    }
    if (network != null) {
      network.close();
    }
  }
}
