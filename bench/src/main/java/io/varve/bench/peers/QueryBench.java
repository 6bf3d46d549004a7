package io.varve.bench.peers;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
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
 * Asks Varve, VictoriaMetrics and Prometheus the same queries over the same data, compares what
 * they answer, and prints how long each took.
 *
 * <p>Each store is loaded alone, settles and is stopped. Then all are started again and asked in
 * turns, one run of a query each, so that whatever else the machine does falls upon all alike; a
 * store that is not asked is idle.
 */
@Command(
    name = "queries",
    description = {
      "Varve, VictoriaMetrics and Prometheus side by side: the same queries over the same data.",
      "Fails if Varve answers otherwise than Prometheus (beyond 1e-9 of a value), or if its median"
          + " time is over --bar times that of Prometheus.",
      "Progress goes to standard error, the table to standard output."
    },
    sortOptions = false)
public final class QueryBench implements Callable<Integer> {
  private static final int SAMPLES_PER_REQUEST = 5000;
  private static final int INTERVAL_SECONDS = 15;
  private static final String START_FILE = "queries-start";

  /**
   * Milliseconds that keep samples away from where the steps of subqueries are: ranges are open at
   * their left end since Prometheus 3.0, and older ones are not.
   */
  private static final int OFF_THE_MINUTE = 789;

  private static final double TOLERANCE = 1e-9;
  private static final Duration PATIENCE = Duration.ofMinutes(3);

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
      names = "--reuse",
      description = {
        "Ask what an earlier run has loaded; give the --work, --hosts and --hours of that run."
      })
  private boolean reuse;

  @Option(
      names = "--stores",
      paramLabel = "NAME",
      split = ",",
      defaultValue = "varve,prometheus,victoria-metrics",
      description = "The stores (default: ${DEFAULT-VALUE}).")
  private List<String> stores = List.of();

  @Option(
      names = "--hosts",
      paramLabel = "N",
      defaultValue = "10",
      description = "Hosts, about 600 series each (default: ${DEFAULT-VALUE}).")
  private int hosts;

  @Option(
      names = "--hours",
      paramLabel = "H",
      defaultValue = "6",
      description = "Data of so many hours, a sample every 15 s (default: ${DEFAULT-VALUE}).")
  private double hours;

  @Option(
      names = "--only",
      paramLabel = "TEXT",
      defaultValue = "",
      description = "Ask only queries whose kind or text contains this.")
  private String only = "";

  @Option(
      names = "--warmup",
      paramLabel = "N",
      defaultValue = "60",
      description = "Rounds over all queries that do not count (default: ${DEFAULT-VALUE}).")
  private int warmup;

  @Option(
      names = "--runs",
      paramLabel = "N",
      defaultValue = "30",
      description = "Runs per query that count (default: ${DEFAULT-VALUE}).")
  private int runs;

  @Option(
      names = "--bar",
      paramLabel = "RATIO",
      defaultValue = "1",
      description = "Most median time, in that of Prometheus (default: ${DEFAULT-VALUE}).")
  private double bar;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help message and exit.")
  @SuppressWarnings("UnusedVariable") // picocli looks at it
  private boolean help;

  private final List<String> failures = new ArrayList<>();
  private final List<String> remarks = new ArrayList<>();

  /** For picocli. */
  public QueryBench() {}

  /** A store that is being asked. */
  private record Asked(Peer peer, ServerProcess server, Client client) implements AutoCloseable {
    @Override
    public void close() {
      client.close();
      server.close();
    }
  }

  @Override
  public Integer call() throws Exception {
    if (!Files.exists(capture)) {
      System.err.println("no recording at " + capture + "; name one with --capture FILE");
      return ExitCode.USAGE;
    }
    if (reuse && workDir == null) {
      System.err.println("--reuse needs the --work of an earlier run");
      return ExitCode.USAGE;
    }
    if (hosts < 1 || hours < 0.5 || warmup < 0 || runs < 1) {
      System.err.println("at least one host, half an hour and one run");
      return ExitCode.USAGE;
    }
    List<Peer> peers = PeerBench.present(stores);
    Path work =
        workDir == null
            ? Files.createTempDirectory("varve-bench")
            : Files.createDirectories(workDir);
    Capture recording = Capture.read(capture);
    int steps = (int) (hours * 3600 / INTERVAL_SECONDS);
    // Yesterday's data, so that every store can bring it into its final form.
    long start =
        System.currentTimeMillis() / 60_000 * 60_000
            - 30L * 3_600_000
            - 1000L * steps * INTERVAL_SECONDS
            + OFF_THE_MINUTE;
    if (reuse) {
      start = Long.parseLong(Files.readString(work.resolve(START_FILE)).trim());
    }
    RemoteWriteBodies.Fleet fleet =
        new RemoteWriteBodies.Fleet(hosts, INTERVAL_SECONDS * 1000L, start, 0, SAMPLES_PER_REQUEST);
    if (!reuse) {
      Files.writeString(work.resolve(START_FILE), Long.toString(start));
      for (Peer peer : peers) {
        load(peer, work, new RemoteWriteBodies(recording, fleet), steps);
      }
    }
    List<BenchQuery> queries =
        BenchQuery.all(
            new RemoteWriteBodies(recording, fleet).time(hosts - 1, steps - 1),
            hours,
            "host-%05d.example:9100".formatted(hosts / 2),
            histogram(recording));
    queries =
        queries.stream().filter(q -> q.group().contains(only) || q.text().contains(only)).toList();
    Map<BenchQuery, Map<Peer, QueryTimes>> table = ask(peers, work, queries);
    print(peers, table);
    remarks.forEach(line -> System.out.println("\n" + line));
    failures.forEach(line -> System.err.println("FAILED: " + line));
    return failures.isEmpty() ? ExitCode.OK : ExitCode.SOFTWARE;
  }

  private static @Nullable String histogram(Capture recording) {
    for (Capture.Series series : recording.series()) {
      if (series.metric().endsWith("_bucket")) {
        return series.metric();
      }
    }
    return null;
  }

  private Asked start(Peer peer, Path work) throws IOException, InterruptedException {
    int port = ServerProcess.freePort();
    Path data = Files.createDirectories(work.resolve(peer.program()));
    Asked asked =
        new Asked(
            peer,
            new ServerProcess(
                peer.command(home.toAbsolutePath().normalize(), data, port),
                work.resolve(peer.program() + ".log")),
            new Client(port));
    asked.client.awaitReady(peer.readyPath(), asked.server, PATIENCE);
    return asked;
  }

  private void load(Peer peer, Path work, RemoteWriteBodies bodies, int steps) throws Exception {
    Trees.delete(work.resolve(peer.program()));
    try (Asked asked = start(peer, work)) {
      PeerBench.Replay replay = new PeerBench.Replay(bodies, peer.writePath());
      for (int step = 0; step < steps; step++) {
        // Step by step: requests on two connections must not hold samples of the same series.
        replay.run(asked.client, step, step + 1);
      }
      PeerBench.settle(peer, asked.server, asked.client);
      asked.server.stop();
      System.err.printf(
          Locale.ROOT,
          "%s has %,d samples of %,d series%n",
          peer.program(),
          replay.samples(),
          bodies.series());
    }
  }

  private Map<BenchQuery, Map<Peer, QueryTimes>> ask(
      List<Peer> peers, Path work, List<BenchQuery> queries) throws Exception {
    List<Asked> all = new ArrayList<>();
    try {
      for (Peer peer : peers) {
        all.add(start(peer, work));
      }
      Map<BenchQuery, Map<Peer, Double>> first = new LinkedHashMap<>();
      Map<BenchQuery, Map<Peer, QueryAnswer>> answers = new LinkedHashMap<>();
      for (BenchQuery query : queries) {
        Map<Peer, Double> times = new EnumMap<>(Peer.class);
        Map<Peer, QueryAnswer> bodies = new EnumMap<>(Peer.class);
        for (Asked store : all) {
          long begin = System.nanoTime();
          String body = run(store, query);
          times.put(store.peer, (System.nanoTime() - begin) / 1e6);
          bodies.put(store.peer, QueryAnswer.parse(body));
        }
        compare(query, bodies);
        first.put(query, times);
        answers.put(query, bodies);
      }
      System.err.println("answers compared; warming up");
      for (int round = 0; round < warmup; round++) {
        for (BenchQuery query : queries) {
          for (Asked store : all) {
            run(store, query);
          }
        }
      }
      Map<BenchQuery, Map<Peer, QueryTimes>> table = new LinkedHashMap<>();
      for (BenchQuery query : queries) {
        Map<Peer, QueryTimes> row = measure(all, query, first, answers);
        table.put(query, row);
        hold(query, row);
      }
      for (Asked store : all) {
        store.server.stop();
      }
      return table;
    } finally {
      all.forEach(Asked::close);
    }
  }

  private static String run(Asked store, BenchQuery query)
      throws IOException, InterruptedException {
    HttpResponse<String> answer = store.client.get(query.path());
    if (answer.statusCode() != 200) {
      throw new IOException(
          "%s answered %s to %s: %s"
              .formatted(store.peer.program(), answer.statusCode(), query.text(), answer.body()));
    }
    return answer.body();
  }

  /** Prometheus is the oracle; VictoriaMetrics has semantics of its own and is only remarked on. */
  private void compare(BenchQuery query, Map<Peer, QueryAnswer> answers) {
    QueryAnswer varve = answers.get(Peer.VARVE);
    QueryAnswer prometheus = answers.get(Peer.PROMETHEUS);
    QueryAnswer victoria = answers.get(Peer.VICTORIA_METRICS);
    if (varve != null && varve.size() == 0) {
      failures.add(query.text() + ": the answer is empty and so proves nothing");
    }
    if (varve != null && prometheus != null) {
      String difference = varve.difference(prometheus, TOLERANCE);
      if (difference != null) {
        failures.add(query.text() + ": the answer of varve " + difference);
      }
    }
    if (varve != null && victoria != null && varve.size() != victoria.size()) {
      remarks.add(
          "`%s`: varve answers %d series, victoria-metrics %d."
              .formatted(query.text(), varve.size(), victoria.size()));
    }
  }

  private Map<Peer, QueryTimes> measure(
      List<Asked> all,
      BenchQuery query,
      Map<BenchQuery, Map<Peer, Double>> first,
      Map<BenchQuery, Map<Peer, QueryAnswer>> answers)
      throws IOException, InterruptedException {
    double[][] millis = new double[all.size()][runs];
    double[] cpu = new double[all.size()];
    for (int run = 0; run < runs; run++) {
      for (int s = 0; s < all.size(); s++) {
        Asked store = all.get(s);
        double before = store.server.cpuSeconds();
        long begin = System.nanoTime();
        run(store, query);
        double took = (System.nanoTime() - begin) / 1e6;
        millis[s][run] = took;
        cpu[s] += (store.server.cpuSeconds() - before) * 1e3;
      }
    }
    Map<Peer, QueryTimes> row = new EnumMap<>(Peer.class);
    for (int s = 0; s < all.size(); s++) {
      Peer peer = all.get(s).peer;
      row.put(
          peer,
          QueryTimes.of(
              first.getOrDefault(query, Map.of()).getOrDefault(peer, 0.0),
              millis[s],
              cpu[s] / runs,
              answers.getOrDefault(query, Map.of()).getOrDefault(peer, new QueryAnswer()).size()));
    }
    return row;
  }

  private void hold(BenchQuery query, Map<Peer, QueryTimes> row) {
    QueryTimes varve = row.get(Peer.VARVE);
    QueryTimes prometheus = row.get(Peer.PROMETHEUS);
    if (varve != null && prometheus != null && varve.median() > bar * prometheus.median()) {
      failures.add(
          String.format(
              Locale.ROOT,
              "%s: %.2f ms, prometheus %.2f ms",
              query.text(),
              varve.median(),
              prometheus.median()));
    }
  }

  private static void print(List<Peer> peers, Map<BenchQuery, Map<Peer, QueryTimes>> table) {
    StringBuilder out = new StringBuilder("| kind | query | series |");
    peers.forEach(peer -> out.append(' ').append(peer.program()).append(" |"));
    List<Peer> others = peers.stream().filter(p -> p != Peer.VARVE).toList();
    boolean ratios = peers.contains(Peer.VARVE);
    if (ratios) {
      others.forEach(peer -> out.append(" / ").append(peer.program()).append(" |"));
    }
    out.append("\n|---|---|--:|").append("--:|".repeat(peers.size()));
    out.append("--:|".repeat(ratios ? others.size() : 0)).append('\n');
    table.forEach(
        (query, row) -> {
          String text = query.text().replace("|", "\\|");
          out.append("| %s | `%s` | ".formatted(query.group(), text));
          out.append(row.values().iterator().next().series()).append(" |");
          for (Peer peer : peers) {
            QueryTimes t = row.get(peer);
            out.append(
                t == null
                    ? " |"
                    : String.format(
                        Locale.ROOT,
                        " %.1f / %.2f / %.1f / %.1f |",
                        t.firstMillis(),
                        t.median(),
                        t.p99(),
                        t.cpuMillis()));
          }
          QueryTimes varve = row.get(Peer.VARVE);
          for (Peer peer : others) {
            QueryTimes other = row.get(peer);
            if (varve != null && other != null) {
              out.append(
                  String.format(
                      Locale.ROOT,
                      " %.2f (%.2f) |",
                      varve.median() / other.median(),
                      varve.cpuMillis() / Math.max(0.01, other.cpuMillis())));
            }
          }
          out.append('\n');
        });
    out.append("\nCells: first / median / p99 / server CPU per run, ms; ratios: median (CPU).");
    System.out.println(out);
  }
}
