package io.varve.bench.peers;

import io.varve.bench.workload.Capture;
import io.varve.bench.workload.Protocol;
import io.varve.bench.workload.Workload;
import io.varve.bench.workload.WorkloadKind;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code varve bench peers}: writes, memory, disk, restarts and queries side by side. */
@Command(
    name = "peers",
    description = {
      "Varve, VictoriaMetrics and Prometheus side by side: the same remote write bodies and the"
          + " same queries, and what each store needed for them.",
      "",
      "In each round every store is started on an empty folder, gets the passes of a workload, does"
          + " what it has put off, is killed by SIGKILL, started again, and asked. Progress goes to"
          + " standard error, the tables to standard output.",
      ""
    },
    sortOptions = false,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:every answer is right and every bar is met",
      "1:an answer is wrong, a bar is missed, or it could not run",
      "2:the command line is not understood"
    })
public final class PeerBench implements Callable<Integer> {
  private static final int SAMPLES_PER_REQUEST = 5000;

  @Mixin
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CaptureOption capture;

  @Mixin
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private WorkloadOptions workload;

  @Mixin
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private StoresOption stores;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "3",
      description = "How often; medians are printed (default: ${DEFAULT-VALUE}).")
  private int rounds;

  @Option(
      names = "--protocol",
      paramLabel = "1|2",
      defaultValue = "1",
      description = "Version of remote write (default: ${DEFAULT-VALUE}).")
  private int protocol;

  @Option(
      names = "--fsync",
      paramLabel = "always|interval|os",
      defaultValue = "interval",
      description = "Varve's setting of that name (default: ${DEFAULT-VALUE}).")
  private String fsync = "";

  @Option(
      names = "--query-warmup",
      paramLabel = "N",
      defaultValue = "60",
      description = {
        "Rounds over all queries that do not count (default: ${DEFAULT-VALUE}); fewer if they take"
            + " more than a minute."
      })
  private int warmup;

  @Option(
      names = "--query-runs",
      paramLabel = "N",
      defaultValue = "15",
      description = "Runs per query that count; 0: no queries (default: ${DEFAULT-VALUE}).")
  private int runs;

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

  @Option(
      names = "--rate",
      paramLabel = "N",
      defaultValue = "0",
      description = {
        "mixed: samples a second. 0 (default): half of what VictoriaMetrics takes, measured before,"
            + " at most half of what the store itself takes."
      })
  private double rate;

  @Option(
      names = "--seconds",
      paramLabel = "N",
      defaultValue = "60",
      description = "mixed: how long, if the pass lasts (default: ${DEFAULT-VALUE}).")
  private int seconds;

  @Option(
      names = "--queries-per-second",
      paramLabel = "N",
      defaultValue = "4",
      description = "mixed: dashboards and alert rules in turn (default: ${DEFAULT-VALUE}).")
  private double queriesPerSecond;

  @Option(
      names = "--quiet",
      paramLabel = "SECONDS",
      defaultValue = "10",
      description = {
        "How long a store is waited for at least before it counts as quiet (default:"
            + " ${DEFAULT-VALUE}); buffers are written after some seconds."
      })
  private int quiet;

  @Option(
      names = "--chart",
      paramLabel = "FILE",
      description = "Write the ratios to a file as a chart, too (SVG).")
  private @Nullable Path chart;

  @Mixin
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private HomeOption home;

  @Mixin
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private BenchOptions options;

  /** For picocli. */
  public PeerBench() {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (rounds < 1
        || quiet < 1
        || protocol < 1
        || protocol > 2
        || seconds < 1
        || !(queriesPerSecond > 0)) {
      throw options.wrong("at least one round, a second and some queries; protocol 1 or 2");
    }
    Capture recording = capture.read();
    Workload work = new Workload(recording, workload.shape(recording), System.currentTimeMillis());
    Protocol version = protocol == 1 ? Protocol.V1 : Protocol.V2;
    List<Peer> peers = stores.present().stream().filter(peer -> takes(peer, version)).toList();
    if (peers.isEmpty()) {
      System.err.println("varve bench: no store is left to measure");
      return ExitCode.SOFTWARE;
    }
    List<String> varve =
        peers.contains(Peer.VARVE) ? List.of(home.launcher().toString()) : List.of();
    Workload.Shape shape = work.shape();
    long late = shape.kind() == WorkloadKind.OUT_OF_ORDER ? shape.lateMillis() : 0;
    List<BenchQuery> queries = BenchQuery.of(work);
    boolean mixed = shape.kind() == WorkloadKind.MIXED;
    Path folder = options.work();
    PeerReport report;
    try {
      report =
          new PeerRun(
                  new PeerRun.Plan(
                      work,
                      version,
                      SAMPLES_PER_REQUEST,
                      peers,
                      new Peer.Settings(varve, fsync, caches != CacheUse.OFF, late),
                      rounds,
                      new QueryRounds(
                          mixed || runs < 1 ? List.of() : queries, warmup, runs, caches),
                      new MixedLoad(queries, queriesPerSecond, seconds),
                      rate,
                      quiet * 1000L,
                      folder,
                      System.err::println))
              .run();
    } catch (IOException | IllegalStateException e) {
      System.err.println("varve bench: " + e.getMessage());
      options.leave(folder, true);
      return ExitCode.SOFTWARE;
    }
    ReportTable.print(report, System.out);
    options.writeJson(report);
    if (chart != null && !RatioChart.write(report, chart)) {
      System.err.println("no chart: it needs varve and victoria-metrics");
    }
    report.failures().forEach(line -> System.err.println("FAILED: " + line));
    report.bars().stream()
        .filter(bar -> !bar.passed())
        .forEach(bar -> System.err.println("MISSED: " + bar.what()));
    options.leave(folder, !report.failures().isEmpty());
    return report.passed() ? ExitCode.OK : ExitCode.SOFTWARE;
  }

  private static boolean takes(Peer peer, Protocol version) {
    if (!peer.takes(version)) {
      System.err.println(
          "left out: " + peer.program() + " does not take remote write 2.0 in this version");
    }
    return peer.takes(version);
  }
}
