package io.varve.bench.peers;

import io.varve.bench.workload.Capture;
import io.varve.bench.workload.EncodedWorkload;
import io.varve.bench.workload.Protocol;
import io.varve.bench.workload.Workload;
import io.varve.bench.workload.WorkloadKind;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
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
  private static final int INTERVAL_SECONDS = 15;
  private static final int SAMPLES_PER_REQUEST = 5000;
  private static final int CONNECTIONS = 2;
  private static final int QUIET_MILLIS = 10_000;
  private static final String START_FILE = "queries-start";

  @Mixin
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CaptureOption capture;

  @Mixin
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private StoresOption stores;

  @Mixin
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private HomeOption home;

  @Mixin
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private BenchOptions options;

  @Option(
      names = "--reuse",
      description = {
        "Ask what an earlier run has loaded; give the --work, --hosts and --hours of that run."
      })
  private boolean reuse;

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
      names = "--cache",
      paramLabel = "off|repeated|sliding",
      defaultValue = "off",
      description = {
        "What stores may keep of results (default: ${DEFAULT-VALUE}). off: nothing, and every run"
            + " asks at another time; repeated: every run asks the same; sliding: every run asks a"
            + " little later."
      })
  private CacheUse caches = CacheUse.OFF;

  private final AnswerCheck check = new AnswerCheck();
  private final List<String> slow = new ArrayList<>();

  /** For picocli. */
  public QueryBench() {}

  @Override
  public Integer call() throws Exception {
    if (reuse && !options.keepsWork()) {
      throw options.wrong("--reuse needs the --work of an earlier run");
    }
    if (hosts < 1 || hours < 0.5 || warmup < 0 || runs < 1) {
      throw options.wrong("at least one host, half an hour and one run");
    }
    Capture recording = capture.read();
    Peer.Settings settings =
        new Peer.Settings(
            List.of(home.launcher().toString()), "interval", caches != CacheUse.OFF, 0);
    List<Peer> peers = stores.present();
    Path work = options.work();
    Path startFile = work.resolve(START_FILE);
    long now =
        reuse ? Long.parseLong(Files.readString(startFile).trim()) : System.currentTimeMillis();
    Files.writeString(startFile, Long.toString(now));
    Workload workload =
        new Workload(
            recording,
            new Workload.Shape(
                WorkloadKind.FLEET,
                hosts,
                INTERVAL_SECONDS * 1000L,
                (int) (hours * 3600 / INTERVAL_SECONDS),
                1,
                0,
                0,
                0,
                0,
                Integer.MAX_VALUE,
                false),
            now);
    if (!reuse) {
      load(peers, settings, work, workload);
    }
    List<BenchQuery> queries =
        BenchQuery.of(workload).stream()
            .filter(q -> q.group().contains(only) || q.text().contains(only))
            .toList();
    Map<BenchQuery, Map<Peer, QueryTimes>> table = ask(peers, settings, work, queries);
    QueryTable.print(peers, table, System.out);
    check.remarks().forEach(line -> System.out.println("\n" + line));
    options.writeJson(
        Map.of(
            "hosts", hosts,
            "hours", hours,
            "cache", caches,
            "queries", QueryTable.rows(table),
            "failures", check.failures(),
            "slow", slow,
            "remarks", check.remarks()));
    List<String> failures = new ArrayList<>(check.failures());
    failures.addAll(slow);
    failures.forEach(line -> System.err.println("FAILED: " + line));
    options.leave(work, !failures.isEmpty());
    return failures.isEmpty() ? ExitCode.OK : ExitCode.SOFTWARE;
  }

  private static void load(List<Peer> peers, Peer.Settings settings, Path work, Workload workload)
      throws Exception {
    EncodedWorkload encoded =
        EncodedWorkload.encode(
            workload, Protocol.V1, CONNECTIONS, SAMPLES_PER_REQUEST, work, System.err::println);
    for (Peer peer : peers) {
      RunningStore.forget(peer, work);
      try (RunningStore store = RunningStore.start(peer, settings, work)) {
        Sender sender = new Sender(store.port(), peer.writePath(), encoded.protocol());
        Sender.Sent sent = sender.send(encoded.passes().getFirst());
        store.settle(QUIET_MILLIS);
        store.server().stop();
        System.err.printf(
            Locale.ROOT,
            "%s has %,d samples of %,d series%n",
            peer.program(),
            sent.samples(),
            encoded.series());
      }
    }
    encoded.delete();
  }

  private Map<BenchQuery, Map<Peer, QueryTimes>> ask(
      List<Peer> peers, Peer.Settings settings, Path work, List<BenchQuery> queries)
      throws Exception {
    List<RunningStore> all = new ArrayList<>();
    try {
      for (Peer peer : peers) {
        all.add(RunningStore.start(peer, settings, work));
      }
      Map<BenchQuery, Map<Peer, QueryTimes>> table = new LinkedHashMap<>();
      new QueryRounds(queries, warmup, runs, caches)
          .ask(all, check)
          .forEach(
              (query, results) -> {
                Map<Peer, QueryAnswer> answers = new EnumMap<>(Peer.class);
                Map<Peer, QueryTimes> times = new EnumMap<>(Peer.class);
                results.forEach((peer, result) -> answers.put(peer, result.answer()));
                results.forEach((peer, result) -> times.put(peer, result.times()));
                check.compare(query, answers);
                hold(query, times);
                table.put(query, times);
              });
      for (RunningStore store : all) {
        store.server().stop();
      }
      return table;
    } finally {
      all.forEach(RunningStore::close);
    }
  }

  private void hold(BenchQuery query, Map<Peer, QueryTimes> row) {
    QueryTimes varve = row.get(Peer.VARVE);
    QueryTimes prometheus = row.get(Peer.PROMETHEUS);
    if (varve != null && prometheus != null && varve.median() > bar * prometheus.median()) {
      slow.add(
          String.format(
              Locale.ROOT,
              "%s: %.2f ms, prometheus %.2f ms",
              query.text(),
              varve.median(),
              prometheus.median()));
    }
  }
}
