package io.varve.bench.peers;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Option;

/**
 * Replays the same remote write bodies into Varve, VictoriaMetrics and Prometheus, one after the
 * other on one machine, and prints what each needed, also as ratios to VictoriaMetrics.
 */
@Command(
    name = "peers",
    description = {
      "Varve, VictoriaMetrics and Prometheus side by side: the same remote write bodies, one store"
          + " after the other, and what each needed for them.",
      "Progress goes to standard error, the table to standard output."
    },
    sortOptions = false)
public final class PeerBench implements Callable<Integer> {
  private static final int SAMPLES_PER_REQUEST = 5000;

  /** What is replayed. */
  enum Workload {
    /** 40 hosts, one pass over the rows at 15 s. */
    ROWS15,
    /** 4 hosts, one pass over the rows at 1 s. */
    ROWS1,
    /** 40 hosts, 1,440 steps of 15 s. */
    FLEET
  }

  @Option(
      names = "--capture",
      paramLabel = "FILE",
      defaultValue = "../shared/data/node_exporter.cap",
      description = "A recording of an exporter (default: ${DEFAULT-VALUE}).")
  private Path capture = Path.of("");

  @Option(
      names = "--home",
      paramLabel = "DIR",
      defaultValue = "${sys:varve.home:-.}",
      description = "Where ./varve stands (default: ${DEFAULT-VALUE}).")
  private Path home = Path.of("");

  @Option(
      names = "--work",
      paramLabel = "DIR",
      description = "For data and logs (default: a new temporary folder).")
  private @Nullable Path workDir;

  @Option(
      names = "--workload",
      paramLabel = "rows15|rows1|fleet",
      defaultValue = "rows15",
      description = "What is replayed (default: ${DEFAULT-VALUE}).")
  private Workload workload = Workload.ROWS15;

  @Option(
      names = "--stores",
      paramLabel = "NAME",
      split = ",",
      defaultValue = "varve,victoria-metrics,prometheus",
      description = "The stores (default: ${DEFAULT-VALUE}).")
  private List<String> stores = List.of();

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "3",
      description = "How often; medians are printed (default: ${DEFAULT-VALUE}).")
  private int rounds;

  @Option(
      names = "--steps",
      paramLabel = "N",
      description = "Scrapes to replay (default: one pass over the rows; fleet: 1440).")
  private @Nullable Integer mostSteps;

  @Option(
      names = "--passes",
      paramLabel = "N",
      defaultValue = "2",
      description = {
        "Passes in one process, each with all work that was put off (default: ${DEFAULT-VALUE}):",
        "the first includes the start of the server, the last shows it warm."
      })
  private int passes;

  @Option(
      names = "--tail",
      paramLabel = "STEPS",
      defaultValue = "0",
      description = "Scrapes sent after the passes, just before the kill (default: 0).")
  private int tailSteps;

  /** What one store needed in one round. */
  private record Outcome(
      double samplesPerSecond,
      double warmSamplesPerSecond,
      double cpuNanosPerSample,
      double warmCpuNanosPerSample,
      long peakResidentBytes,
      long peakAnonymousBytes,
      double bytesPerSample,
      double readySeconds,
      double restartSeconds,
      String answer) {}

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help message and exit.")
  @SuppressWarnings("UnusedVariable") // picocli looks at it
  private boolean help;

  /**
   * What every run shares.
   *
   * @param home where {@code ./varve} stands
   * @param work for data and logs
   * @param steps of one pass
   * @param passes how many, one after the other in time
   * @param tailSteps sent after the passes, open when the server is killed
   * @param lastMillis time of the last sample
   */
  private record Setup(
      Path home,
      Path work,
      RemoteWriteBodies bodies,
      int steps,
      int passes,
      int tailSteps,
      long lastMillis) {}

  /** For picocli. */
  public PeerBench() {}

  @Override
  public Integer call() throws Exception {
    if (!Files.exists(capture)) {
      System.err.println("no recording at " + capture + "; name one with --capture FILE");
      return ExitCode.USAGE;
    }
    Capture recording = Capture.read(capture);
    int hosts = workload == Workload.ROWS1 ? 4 : 40;
    int interval = workload == Workload.ROWS1 ? 1 : 15;
    int pass = (int) (recording.rows() * recording.stepSeconds() / interval);
    Integer asked = mostSteps;
    int steps = asked != null ? asked : workload == Workload.FLEET ? 1440 : pass;
    // Yesterday's data, so that every store can bring it into its final form.
    long start =
        System.currentTimeMillis() / 1000 * 1000
            - 30L * 3_600_000
            - 1000L * (steps * passes + tailSteps) * interval;
    RemoteWriteBodies bodies =
        new RemoteWriteBodies(
            recording,
            new RemoteWriteBodies.Fleet(hosts, interval * 1000L, start, 0, SAMPLES_PER_REQUEST));
    Path work =
        workDir == null
            ? Files.createTempDirectory("varve-bench")
            : Files.createDirectories(workDir);
    Setup setup =
        new Setup(
            home.toAbsolutePath().normalize(),
            work,
            bodies,
            steps,
            passes,
            tailSteps,
            bodies.time(hosts - 1, steps * passes + tailSteps - 1));
    List<Peer> peers = present(stores);
    String name = workload.name().toLowerCase(Locale.ROOT);
    System.err.printf(
        "workload %s: %d series, %d passes of %d steps of %d s%n",
        name, bodies.series(), passes, steps, interval);
    if (peers.contains(Peer.VARVE)) {
      prepare(setup);
    }
    Map<Peer, List<Outcome>> outcomes = new LinkedHashMap<>();
    for (int round = 0; round < rounds; round++) {
      for (Peer peer : peers) {
        Outcome outcome = measure(peer, setup);
        outcomes.computeIfAbsent(peer, key -> new ArrayList<>()).add(outcome);
        System.err.printf("round %d %s %s%n", round + 1, peer.program(), outcome);
      }
    }
    print(name, outcomes);
    return ExitCode.OK;
  }

  /** The first start of Varve after a build does more than every later one: it is not measured. */
  private static void prepare(Setup setup) throws Exception {
    Path data = setup.work.resolve("prepare");
    Trees.delete(data);
    Files.createDirectories(data);
    int port = ServerProcess.freePort();
    Path output = setup.work.resolve("prepare.log");
    try (ServerProcess server =
            new ServerProcess(Peer.VARVE.command(setup.home, data, port), output);
        Client client = new Client(port)) {
      client.awaitReady(Peer.VARVE.readyPath(), server, Duration.ofMinutes(10));
      server.stop();
    }
    Trees.delete(data);
  }

  /** The stores of these names that are installed; what is left out is told. */
  static List<Peer> present(List<String> names) {
    List<Peer> peers = new ArrayList<>();
    for (String name : names) {
      Peer peer = Peer.named(name);
      String missing = peer.missing();
      if (missing == null) {
        peers.add(peer);
      } else {
        System.err.println("left out: " + missing);
      }
    }
    return peers;
  }

  private static Outcome measure(Peer peer, Setup setup) throws Exception {
    Path data = setup.work.resolve(peer.program());
    Trees.delete(data);
    Files.createDirectories(data);
    Path output = setup.work.resolve(peer.program() + ".log");
    Files.deleteIfExists(output);
    int port = ServerProcess.freePort();
    long begin = System.nanoTime();
    Replay replay = new Replay(setup.bodies, peer.writePath());
    double[] cpu = new double[setup.passes];
    double[] rates = new double[setup.passes];
    long peak;
    long peakAnonymous;
    double readySeconds;
    try (ServerProcess server = new ServerProcess(peer.command(setup.home, data, port), output);
        Client client = new Client(port)) {
      client.awaitReady(peer.readyPath(), server, Duration.ofMinutes(3));
      readySeconds = (System.nanoTime() - begin) / 1e9;
      double cpuBefore = 0; // the start of the process belongs to the first pass
      for (int pass = 0; pass < setup.passes; pass++) {
        long samplesBefore = replay.samples;
        double secondsBefore = replay.seconds;
        replay.run(client, pass * setup.steps, (pass + 1) * setup.steps);
        settle(peer, server, client);
        double cpuNow = server.cpuSeconds();
        cpu[pass] = (cpuNow - cpuBefore) * 1e9 / (replay.samples - samplesBefore);
        rates[pass] = (replay.samples - samplesBefore) / (replay.seconds - secondsBefore);
        cpuBefore = cpuNow;
      }
      int end = setup.passes * setup.steps;
      replay.run(client, end, end + setup.tailSteps);
      peak = server.peakResidentBytes();
      peakAnonymous = server.peakAnonymousBytes();
      server.kill();
    }
    double restart;
    String answer;
    port = ServerProcess.freePort();
    long killed = System.nanoTime();
    try (ServerProcess server = new ServerProcess(peer.command(setup.home, data, port), output);
        Client client = new Client(port)) {
      client.awaitReady(peer.readyPath(), server, Duration.ofMinutes(3));
      answer = client.query("count({job=\"node\"})", setup.lastMillis);
      restart = (System.nanoTime() - killed) / 1e9;
      settle(peer, server, client);
      server.stop();
    }
    return new Outcome(
        rates[0],
        rates[setup.passes - 1],
        cpu[0],
        cpu[setup.passes - 1],
        peak,
        peakAnonymous,
        (double) Trees.bytes(data) / replay.samples,
        readySeconds,
        restart,
        answer.replaceAll(".*\"result\":", ""));
  }

  /** Sends steps in order and counts what it sends. */
  static final class Replay {
    private final RemoteWriteBodies bodies;
    private final String path;
    private long samples;
    private double seconds;

    Replay(RemoteWriteBodies bodies, String path) {
      this.bodies = bodies;
      this.path = path;
    }

    /** Samples sent so far. */
    long samples() {
      return samples;
    }

    /** Sends the steps {@code [from, to)}, whole scrapes all of them. */
    void run(Client client, int from, int to) throws Exception {
      for (int step = from; step < to; step++) {
        List<byte[]> batch = new ArrayList<>();
        bodies.step(step, body -> add(body, batch));
        if (step == to - 1) {
          RemoteWriteBodies.Body rest = bodies.last(true);
          if (rest != null) {
            add(rest, batch);
          }
        }
        long begin = System.nanoTime();
        client.write(path, batch);
        seconds += (System.nanoTime() - begin) / 1e9;
      }
    }

    private void add(RemoteWriteBodies.Body body, List<byte[]> batch) {
      batch.add(body.bytes());
      samples += body.samples();
    }
  }

  /** Has a store do what it put off, and waits until it is quiet. */
  static void settle(Peer peer, ServerProcess server, Client client) throws Exception {
    for (String path : peer.settlePaths()) {
      HttpResponse<String> answer = client.post(path);
      if (answer.statusCode() >= 300) {
        throw new IOException(path + " answered " + answer.statusCode() + ": " + answer.body());
      }
    }
    quiesce(server);
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
    row(outcomes, "samples/s, first pass", Outcome::samplesPerSecond, 1, "%.0f");
    row(outcomes, "samples/s, last pass", Outcome::warmSamplesPerSecond, 1, "%.0f");
    row(outcomes, "CPU per sample, first pass, ns", Outcome::cpuNanosPerSample, 1, "%.0f");
    row(outcomes, "CPU per sample, last pass, ns", Outcome::warmCpuNanosPerSample, 1, "%.0f");
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
