package io.varve.bench.cluster;

import com.fasterxml.jackson.annotation.JsonIgnore;
import io.varve.bench.peers.Client;
import io.varve.bench.peers.Sender;
import io.varve.bench.peers.ServerProcess;
import io.varve.bench.peers.Trees;
import io.varve.bench.workload.Capture;
import io.varve.bench.workload.EncodedWorkload;
import io.varve.bench.workload.Protocol;
import io.varve.bench.workload.Workload;
import io.varve.bench.workload.WorkloadKind;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * What three nodes on one machine cost, against one node on the same machine: the same remote write
 * bodies over as many connections, a pass to warm up, one as fast as it goes, and for the cluster
 * one at a share of that, during which the nodes are asked how far they are behind.
 */
final class LoadRun {
  private static final Duration START = Duration.ofMinutes(2);
  private static final int CONNECTIONS = TestCluster.NODES;
  private static final int SAMPLES_PER_REQUEST = 5_000;
  private static final int PASSES = 3;
  private static final int INTERVAL_MILLIS = 15_000;
  private static final double SHARE = 0.7;
  private static final long LOOK_MILLIS = 50;
  private static final double LAG_BAR_MILLIS = 1_000;
  private static final long MOST_LAG = 3_600_000;
  private static final double QUIET_SHARE = 0.05; // of a core
  private static final int MOST_LOOKS = 60;
  private static final double MOST_DELIVERY_SECONDS = 600;
  private static final int NAMES = 14;
  private static final String WRITE = "/api/v1/write";

  private final List<String> varve;
  private final Path work;
  private final boolean async;
  private final Consumer<String> progress;

  /**
   * Nothing is run yet.
   *
   * @param async true if the three nodes acknowledge writes each by itself
   */
  LoadRun(List<String> varve, Path work, boolean async, Consumer<String> progress) {
    this.async = async;
    this.varve = varve;
    this.work = work;
    this.progress = progress;
  }

  /**
   * What one set-up did in the pass as fast as it goes.
   *
   * @param cpuNanos per sample, of all nodes, until all is quiet
   * @param nodes CPU per sample of each node, the leader first
   * @param threads CPU per sample in nanoseconds by name, of each node, the leader first
   * @param backlog null where writes are acknowledged when they are taken
   */
  record Figures(
      String name,
      double samplesPerSecond,
      double cpuNanos,
      List<Double> nodes,
      List<Map<String, Double>> threads,
      @Nullable Backlog backlog) {}

  /**
   * What had been acknowledged and waited when the last write was acknowledged.
   *
   * @param requests that waited, at all nodes
   * @param seconds until none did any more
   */
  record Backlog(long requests, double seconds) {}

  /**
   * How far the nodes that do not lead were behind.
   *
   * @param samplesPerSecond that were sent
   */
  record Lag(double samplesPerSecond, double p50Millis, double p95Millis, double mostMillis) {}

  /** All figures. */
  record Outcome(List<Figures> figures, Lag lag) {
    @JsonIgnore
    boolean passed() {
      return lag.p95Millis() <= LAG_BAR_MILLIS;
    }

    void print(PrintStream out) {
      out.println();
      out.println(
          "| | samples/s | CPU per sample, all nodes, ns | of the leader | of the others |");
      out.println("|---|--:|--:|--:|--:|");
      for (Figures one : figures) {
        out.printf(
            Locale.ROOT,
            "| %s | %,.0f | %,.0f | %,.0f | %s |%n",
            one.name(),
            one.samplesPerSecond(),
            one.cpuNanos(),
            one.nodes().getFirst(),
            String.join(
                ", ",
                one.nodes().stream()
                    .skip(1)
                    .map(n -> String.format(Locale.ROOT, "%,.0f", n))
                    .toList()));
      }
      out.printf(
          Locale.ROOT,
          "%nLag at %,.0f samples/s (%.0f %% of the most): p50 %.0f ms, p95 %.0f ms (bar %.0f),"
              + " most %.0f ms%n",
          lag.samplesPerSecond(),
          SHARE * 100,
          lag.p50Millis(),
          lag.p95Millis(),
          LAG_BAR_MILLIS,
          lag.mostMillis());
      for (Figures one : figures) {
        Backlog backlog = one.backlog();
        if (backlog != null) {
          out.printf(
              Locale.ROOT,
              "%nBehind the last acknowledgement of \"%s\", %,d requests waited in the spools;"
                  + " none after %.1f s%n",
              one.name(),
              backlog.requests(),
              backlog.seconds());
        }
      }
      for (Figures one : figures) {
        threads(one, out);
      }
    }

    private static void threads(Figures one, PrintStream out) {
      out.println("\n| threads, " + one.name() + ", ns per sample | leader | others, each |");
      out.println("|---|--:|--:|");
      Map<String, Double> leader = one.threads().getFirst();
      Map<String, Double> others = new TreeMap<>();
      for (int n = 1; n < one.threads().size(); n++) {
        int count = one.threads().size() - 1;
        one.threads().get(n).forEach((name, ns) -> others.merge(name, ns / count, Double::sum));
      }
      Map<String, Double> both = new TreeMap<>(others);
      leader.forEach((name, ns) -> both.merge(name, ns, Double::sum));
      both.entrySet().stream()
          .sorted(Map.Entry.comparingByValue(Comparator.reverseOrder()))
          .limit(NAMES)
          .forEach(
              entry ->
                  out.printf(
                      Locale.ROOT,
                      "| %s | %,.1f | %,.1f |%n",
                      entry.getKey(),
                      leader.getOrDefault(entry.getKey(), 0.0),
                      others.getOrDefault(entry.getKey(), 0.0)));
    }
  }

  /** Measures one node with each setting of fsync, then three. */
  Outcome run(Capture capture, int hosts, double hours) throws IOException, InterruptedException {
    int steps = Math.max(1, (int) (hours * 3_600_000 / INTERVAL_MILLIS));
    Workload.Shape shape =
        new Workload.Shape(
            WorkloadKind.FLEET,
            hosts,
            INTERVAL_MILLIS,
            steps,
            PASSES,
            0,
            0,
            0,
            0,
            Integer.MAX_VALUE,
            true);
    EncodedWorkload encoded =
        EncodedWorkload.encode(
            new Workload(capture, shape, System.currentTimeMillis()),
            Protocol.V1,
            CONNECTIONS,
            SAMPLES_PER_REQUEST,
            work,
            progress);
    try {
      List<Figures> figures = new ArrayList<>();
      figures.add(one("interval", encoded));
      figures.add(one("always", encoded));
      TestCluster.Settings settings = TestCluster.Settings.plain(varve, work, async, progress);
      try (TestCluster cluster = TestCluster.start(settings)) {
        cluster.awaitWell(START);
        List<ServerProcess> processes = cluster.nodes().stream().map(ClusterNode::process).toList();
        Sender sender = new Sender(cluster.ports(), WRITE, Protocol.V1);
        sender.send(encoded.passes().get(0));
        settle(processes);
        int leader = Math.max(0, cluster.leader());
        List<ServerProcess> ordered = new ArrayList<>(processes);
        ordered.addFirst(ordered.remove(leader));
        Figures three =
            measured(
                "three nodes" + (async ? ", async" : ""),
                ordered,
                sender,
                encoded.passes().get(1),
                async ? cluster : null);
        figures.add(three);
        double pace = three.samplesPerSecond() * SHARE;
        Lag lag = lag(cluster, sender, encoded.passes().get(2), pace);
        return new Outcome(List.copyOf(figures), lag);
      }
    } finally {
      encoded.delete();
    }
  }

  private Figures one(String fsync, EncodedWorkload encoded)
      throws IOException, InterruptedException {
    Path data = work.resolve("one-" + fsync);
    Trees.delete(data);
    Path config = work.resolve("one-" + fsync + ".yaml");
    int port = ServerProcess.freePort();
    Files.writeString(
        config,
        "listen: 127.0.0.1:%d\ndata_dir: %s\nstorage:\n  fsync: %s\n".formatted(port, data, fsync));
    List<String> command = new ArrayList<>(varve);
    command.addAll(List.of("serve", "--config", config.toString()));
    try (ServerProcess process = new ServerProcess(command, work.resolve("one-" + fsync + ".log"));
        Client client = new Client(port)) {
      client.awaitReady("/-/ready", process, START);
      Sender sender = new Sender(List.of(port), WRITE, Protocol.V1);
      sender.send(encoded.passes().get(0));
      settle(List.of(process));
      Figures figures =
          measured(
              "one node, fsync " + fsync, List.of(process), sender, encoded.passes().get(1), null);
      process.stop();
      return figures;
    }
  }

  private Figures measured(
      String name,
      List<ServerProcess> processes,
      Sender sender,
      EncodedWorkload.Pass pass,
      @Nullable TestCluster spooling)
      throws IOException, InterruptedException {
    List<Double> cpu = new ArrayList<>();
    List<Map<String, Double>> threads = new ArrayList<>();
    for (ServerProcess process : processes) {
      cpu.add(process.cpuSeconds());
      threads.add(ThreadTimes.of(process.pid()));
    }
    Sender.Sent sent = sender.send(pass);
    Backlog backlog = spooling == null ? null : delivered(spooling);
    settle(processes);
    double sum = 0;
    for (int n = 0; n < processes.size(); n++) {
      ServerProcess process = processes.get(n);
      cpu.set(n, (process.cpuSeconds() - cpu.get(n)) * 1e9 / sent.samples());
      sum += cpu.get(n);
      Map<String, Double> used = ThreadTimes.between(threads.get(n), ThreadTimes.of(process.pid()));
      used.replaceAll((thread, seconds) -> seconds * 1e9 / sent.samples());
      threads.set(n, used);
    }
    double rate = sent.samples() / sent.seconds();
    progress.accept("%s: %,.0f samples/s, %,.0f ns of CPU per sample".formatted(name, rate, sum));
    return new Figures(name, rate, sum, List.copyOf(cpu), List.copyOf(threads), backlog);
  }

  /**
   * Waits until nothing is in any spool.
   *
   * @throws IOException if that takes too long
   */
  private static Backlog delivered(TestCluster cluster) throws IOException, InterruptedException {
    long start = System.nanoTime();
    long first = -1;
    while (true) {
      long waiting = 0;
      for (int n = 0; n < TestCluster.NODES; n++) {
        NodeStatus status = NodeStatus.of(cluster.client(), n);
        waiting += status == null ? 1 : status.spooled();
      }
      first = first < 0 ? waiting : first;
      double seconds = (System.nanoTime() - start) / 1e9;
      if (waiting == 0) {
        return new Backlog(first, seconds);
      }
      if (seconds > MOST_DELIVERY_SECONDS) {
        throw new IOException(
            waiting + " requests wait in the spools after " + (int) seconds + " s");
      }
      Thread.sleep(LOOK_MILLIS);
    }
  }

  /** Waits until all together use less than 5 % of a core for a second, a minute at most. */
  private static void settle(List<ServerProcess> processes)
      throws IOException, InterruptedException {
    for (int looks = 0; looks < MOST_LOOKS; looks++) {
      double before = cpuSeconds(processes);
      Thread.sleep(1_000);
      if (cpuSeconds(processes) - before < QUIET_SHARE * processes.size()) {
        return;
      }
    }
  }

  private static double cpuSeconds(List<ServerProcess> processes) throws IOException {
    double sum = 0;
    for (ServerProcess process : processes) {
      sum += process.cpuSeconds();
    }
    return sum;
  }

  private Lag lag(TestCluster cluster, Sender sender, EncodedWorkload.Pass pass, double pace)
      throws IOException, InterruptedException {
    Histogram lags = new Histogram(MOST_LAG, 3);
    Thread watcher =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    while (true) {
                      Thread.sleep(LOOK_MILLIS);
                      for (int n = 0; n < TestCluster.NODES; n++) {
                        NodeStatus status = NodeStatus.of(cluster.client(), n);
                        if (status != null && !status.leads()) {
                          lags.recordValue(Math.clamp(status.lagMillis(), 0, MOST_LAG));
                        }
                      }
                    }
                  } catch (InterruptedException e) {
                    // it is sent
                  }
                });
    Sender.Sent sent;
    try {
      sent = sender.send(pass, pace, Long.MAX_VALUE / 2);
    } finally {
      watcher.interrupt();
      watcher.join();
    }
    return new Lag(
        sent.samples() / sent.seconds(),
        lags.getValueAtPercentile(50),
        lags.getValueAtPercentile(95),
        lags.getMaxValue());
  }
}
