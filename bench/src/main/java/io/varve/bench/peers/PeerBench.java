package io.varve.bench.peers;

import io.varve.engine.Engine;
import io.varve.engine.EngineConfig;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Replays the same remote write bodies into Varve, VictoriaMetrics and Prometheus, one after the
 * other on one machine, and prints what each needed, also as ratios to VictoriaMetrics.
 *
 * <p>Arguments: {@code --capture FILE} (a recording as {@link Capture} reads it), {@code --home
 * DIR} (where {@code ./varve} stands; default: the working directory), {@code --rounds N} (3),
 * {@code --workload rows15|rows1|fleet} (rows15), {@code --stores
 * varve,victoria-metrics,prometheus}, {@code --work DIR} (a scratch folder).
 */
public final class PeerBench {
  private static final int SAMPLES_PER_REQUEST = 5000;

  private final Path home;
  private final Path work;
  private final RemoteWriteBodies bodies;
  private final int steps;
  private final long lastMillis;

  /** What one store needed in one round. */
  private record Outcome(
      double samplesPerSecond,
      double cpuNanosPerSample,
      double warmCpuNanosPerSample,
      long peakResidentBytes,
      long peakAnonymousBytes,
      double bytesPerSample,
      double readySeconds,
      double restartSeconds,
      String answer) {}

  private PeerBench(Path home, Path work, RemoteWriteBodies bodies, int steps, long lastMillis) {
    this.home = home;
    this.work = work;
    this.bodies = bodies;
    this.steps = steps;
    this.lastMillis = lastMillis;
  }

  /** Runs the comparison. */
  public static void main(String[] arguments) throws Exception {
    Map<String, String> options = options(arguments);
    Path capture = Path.of(options.getOrDefault("capture", "../shared/data/node_exporter.cap"));
    if (!Files.exists(capture)) {
      System.err.println("no recording at " + capture + "; name one with --capture FILE");
      System.exit(2);
    }
    Capture recording = Capture.read(capture);
    String workload = options.getOrDefault("workload", "rows15");
    int hosts = workload.equals("rows1") ? 4 : 40;
    int interval = workload.equals("rows1") ? 1 : 15;
    int pass = (int) (recording.rows() * recording.stepSeconds() / interval);
    int steps =
        Integer.parseInt(
            options.getOrDefault(
                "steps", Integer.toString(workload.equals("fleet") ? 1440 : pass)));
    // Yesterday's data, so that every store can bring it into its final form.
    long start =
        System.currentTimeMillis() / 1000 * 1000 - 30L * 3_600_000 - steps * interval * 1000L;
    RemoteWriteBodies bodies =
        new RemoteWriteBodies(
            recording,
            new RemoteWriteBodies.Fleet(hosts, interval * 1000L, start, 0, SAMPLES_PER_REQUEST));
    Path work =
        options.containsKey("work")
            ? Files.createDirectories(Path.of(options.get("work")))
            : Files.createTempDirectory("varve-bench");
    PeerBench bench =
        new PeerBench(
            Path.of(options.getOrDefault("home", ".")).toAbsolutePath().normalize(),
            work,
            bodies,
            steps,
            bodies.time(hosts - 1, steps - 1));
    List<Peer> peers = new ArrayList<>();
    for (String name :
        options.getOrDefault("stores", "varve,victoria-metrics,prometheus").split(",")) {
      Peer peer = Peer.named(name);
      String missing = peer.missing();
      if (missing == null) {
        peers.add(peer);
      } else {
        System.err.println("left out: " + missing);
      }
    }
    System.err.printf(
        "workload %s: %d series, %d steps of %d s%n", workload, bodies.series(), steps, interval);
    Map<Peer, List<Outcome>> outcomes = new LinkedHashMap<>();
    for (int round = 0; round < Integer.parseInt(options.getOrDefault("rounds", "3")); round++) {
      for (Peer peer : peers) {
        Outcome outcome = bench.measure(peer);
        outcomes.computeIfAbsent(peer, key -> new ArrayList<>()).add(outcome);
        System.err.printf("round %d %s %s%n", round + 1, peer.program(), outcome);
      }
    }
    print(workload, outcomes);
  }

  private static Map<String, String> options(String[] arguments) {
    Map<String, String> options = new LinkedHashMap<>();
    for (int i = 0; i + 1 < arguments.length; i += 2) {
      if (!arguments[i].startsWith("--")) {
        throw new IllegalArgumentException("expected an option, got " + arguments[i]);
      }
      options.put(arguments[i].substring(2), arguments[i + 1]);
    }
    return options;
  }

  private Outcome measure(Peer peer) throws Exception {
    Path data = work.resolve(peer.program());
    deleteTree(data);
    Files.createDirectories(data);
    Path output = work.resolve(peer.program() + ".log");
    Files.deleteIfExists(output);
    int port = ServerProcess.freePort();
    long begin = System.nanoTime();
    long samples = 0;
    double cpu;
    double warmCpu;
    double writeSeconds = 0;
    long peak;
    long peakAnonymous;
    double readySeconds;
    try (ServerProcess server = new ServerProcess(peer.command(home, data, port), output);
        Client client = new Client(port)) {
      client.awaitReady(peer.readyPath(), server, Duration.ofMinutes(3));
      readySeconds = (System.nanoTime() - begin) / 1e9;
      double cpuBefore = server.cpuSeconds();
      double cpuHalf = 0;
      long samplesHalf = 0;
      long[] count = new long[1];
      for (int step = 0; step < steps; step++) {
        List<byte[]> batch = new ArrayList<>();
        bodies.step(
            step,
            body -> {
              batch.add(body.bytes());
              count[0] += body.samples();
            });
        if (step == steps - 1) {
          RemoteWriteBodies.Body rest = bodies.last(true);
          if (rest != null) {
            batch.add(rest.bytes());
            count[0] += rest.samples();
          }
        }
        long from = System.nanoTime();
        client.write(peer.writePath(), batch);
        writeSeconds += (System.nanoTime() - from) / 1e9;
        if (step == steps / 2) {
          cpuHalf = server.cpuSeconds();
          samplesHalf = count[0];
        }
      }
      samples = count[0];
      quiesce(server);
      cpu = (server.cpuSeconds() - cpuBefore) / samples;
      warmCpu = (server.cpuSeconds() - cpuHalf) / (samples - samplesHalf);
      peak = server.peakResidentBytes();
      peakAnonymous = server.peakAnonymousBytes();
      server.kill();
    }
    double restart;
    String answer;
    port = ServerProcess.freePort();
    long killed = System.nanoTime();
    try (ServerProcess server = new ServerProcess(peer.command(home, data, port), output);
        Client client = new Client(port)) {
      client.awaitReady(peer.readyPath(), server, Duration.ofMinutes(3));
      answer = client.query("count({job=\"node\"})", lastMillis);
      restart = (System.nanoTime() - killed) / 1e9;
      for (String path : peer.settlePaths()) {
        client.get(path);
      }
      quiesce(server);
      server.stop();
    }
    if (peer == Peer.VARVE) {
      cpu += mergeVarve(data) / samples;
    }
    return new Outcome(
        samples / writeSeconds,
        cpu * 1e9,
        warmCpu * 1e9,
        peak,
        peakAnonymous,
        (double) treeBytes(data) / samples,
        readySeconds,
        restart,
        answer.replaceAll(".*\"result\":", ""));
  }

  /** Final merges that the server would do later; their CPU time in seconds is counted in. */
  private static double mergeVarve(Path data) throws IOException {
    var system =
        (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    long before = system.getProcessCpuTime();
    try (Engine engine = Engine.open(EngineConfig.defaults(data).withBackgroundThreads(false))) {
      engine.mergeAll();
    }
    return (system.getProcessCpuTime() - before) / 1e9;
  }

  /**
   * Waits until a server uses less than 5 % of a core for a second, at least ten seconds (all
   * stores have written their buffers by then), at most a minute.
   */
  private static void quiesce(ServerProcess server) throws IOException, InterruptedException {
    Thread.sleep(9_000);
    for (int second = 0; second < 60; second++) {
      double before = server.cpuSeconds();
      Thread.sleep(1000);
      if (server.cpuSeconds() - before < 0.05) {
        return;
      }
    }
  }

  private static long treeBytes(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      long sum = 0;
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        sum += Files.size(file);
      }
      return sum;
    }
  }

  private static void deleteTree(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder, new FileVisitOption[0])) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private static double median(
      List<Outcome> outcomes, java.util.function.ToDoubleFunction<Outcome> f) {
    double[] sorted = outcomes.stream().mapToDouble(f).sorted().toArray();
    return sorted[sorted.length / 2];
  }

  private static void print(String workload, Map<Peer, List<Outcome>> outcomes) {
    System.out.printf("| %s (median of rounds) |", workload);
    outcomes.keySet().forEach(peer -> System.out.printf(" %s |", peer.program()));
    System.out.println(" varve / victoria-metrics |");
    System.out.println("|---|" + "---|".repeat(outcomes.size() + 1));
    row(outcomes, "samples/s, two connections", Outcome::samplesPerSecond, 1, "%.0f");
    row(outcomes, "server CPU per sample, ns", Outcome::cpuNanosPerSample, 1, "%.0f");
    row(outcomes, "the same, second half", Outcome::warmCpuNanosPerSample, 1, "%.0f");
    row(outcomes, "peak RSS, MB", o -> o.peakResidentBytes(), 1e6, "%.0f");
    row(outcomes, "peak anonymous RSS, MB", o -> o.peakAnonymousBytes(), 1e6, "%.0f");
    row(outcomes, "bytes per sample, all files", Outcome::bytesPerSample, 1, "%.3f");
    row(outcomes, "first start to ready, s", Outcome::readySeconds, 1, "%.2f");
    row(outcomes, "kill -9 to first answer, s", Outcome::restartSeconds, 1, "%.2f");
    outcomes.forEach(
        (peer, rounds) ->
            System.out.printf(
                "%ncount over all series on %s: %s", peer.program(), rounds.getLast().answer()));
    System.out.println();
  }

  private static void row(
      Map<Peer, List<Outcome>> outcomes,
      String name,
      java.util.function.ToDoubleFunction<Outcome> f,
      double unit,
      String format) {
    System.out.printf("| %s |", name);
    for (List<Outcome> rounds : outcomes.values()) {
      System.out.printf(Locale.ROOT, " " + format + " |", median(rounds, f) / unit);
    }
    if (outcomes.containsKey(Peer.VARVE) && outcomes.containsKey(Peer.VICTORIA_METRICS)) {
      System.out.printf(
          Locale.ROOT,
          " %.2f |%n",
          median(outcomes.get(Peer.VARVE), f) / median(outcomes.get(Peer.VICTORIA_METRICS), f));
    } else {
      System.out.println(" |");
    }
  }
}
