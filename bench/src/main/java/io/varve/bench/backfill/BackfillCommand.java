package io.varve.bench.backfill;

import io.varve.bench.peers.BenchOptions;
import io.varve.bench.peers.HomeOption;
import io.varve.bench.peers.ServerProcess;
import io.varve.bench.peers.Trees;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code varve bench backfill}. */
@Command(
    name = "backfill",
    description = {
      "Old samples, one a minute, for series that exist, into a server under a live load: what is"
          + " written for them, and what the live load feels of it.",
      "",
      "Starts a server, sends it a live load alone, then the old samples beside it, oldest first;"
          + " waits until the server has nothing left to do; counts and sums up all old samples by"
          + " queries. Progress goes to standard error, the table to standard output.",
      ""
    },
    sortOptions = false,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:every sample is there and every bar is met",
      "1:a sample is missing, a live request failed, a bar is missed, or it could not run",
      "2:the command line is not understood"
    })
public final class BackfillCommand implements Callable<Integer> {
  private static final int DAY_MINUTES = 1440;
  private static final int PERIOD_MINUTES = 30 * DAY_MINUTES;

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Option(
      names = "--series",
      paramLabel = "N",
      defaultValue = "1000",
      description = "Series that get old samples (default: ${DEFAULT-VALUE}).")
  private int series;

  @Option(
      names = "--days",
      paramLabel = "N",
      defaultValue = "365",
      description = "Days of old samples, one a minute (default: ${DEFAULT-VALUE}).")
  private int days;

  @Option(
      names = "--rate",
      paramLabel = "N",
      defaultValue = "0",
      description = "Old samples a second at most; 0: as fast as it goes (default).")
  private long rate;

  @Option(
      names = "--connections",
      paramLabel = "N",
      defaultValue = "2",
      description = "Connections that send old samples (default: ${DEFAULT-VALUE}).")
  private int connections;

  @Option(
      names = "--samples-per-body",
      paramLabel = "N",
      defaultValue = "10000",
      description = "Old samples in a request (default: ${DEFAULT-VALUE}).")
  private int samplesPerBody;

  @Option(
      names = "--samples-per-series",
      paramLabel = "N",
      defaultValue = "720",
      description = "Consecutive ones of a series in a request (default: ${DEFAULT-VALUE}).")
  private int samplesPerSeries;

  @Option(
      names = "--live-series",
      paramLabel = "N",
      defaultValue = "24000",
      description = "Series of the live load (default: ${DEFAULT-VALUE}).")
  private int liveSeries;

  @Option(
      names = "--live-rate",
      paramLabel = "N",
      defaultValue = "10000",
      description = "Samples a second of the live load (default: ${DEFAULT-VALUE}).")
  private int liveRate;

  @Option(
      names = "--live-body",
      paramLabel = "N",
      defaultValue = "500",
      description = "Samples in a request of the live load (default: ${DEFAULT-VALUE}).")
  private int liveBody;

  @Option(
      names = "--warm-up",
      paramLabel = "SECONDS",
      defaultValue = "20",
      description = "Live load before anything is measured (default: ${DEFAULT-VALUE}).")
  private int warmUpSeconds;

  @Option(
      names = "--baseline",
      paramLabel = "SECONDS",
      defaultValue = "30",
      description = "Live load alone, measured (default: ${DEFAULT-VALUE}).")
  private int baselineSeconds;

  @Option(
      names = "--most-written",
      paramLabel = "X",
      defaultValue = "4",
      description = "Bar: bytes written / final size (default: ${DEFAULT-VALUE}).")
  private double mostWritten;

  @Option(
      names = "--most-live",
      paramLabel = "MILLIS",
      defaultValue = "250",
      description =
          "Bar: 99th percentile of live writes and queries meanwhile (default: ${DEFAULT-VALUE}).")
  private double mostLiveMillis;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "Configuration of the server (default: its defaults).")
  private @Nullable Path config;

  @Mixin
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private HomeOption home;

  @Mixin
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private BenchOptions options;

  /** For picocli. */
  public BackfillCommand() {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    BackfillBench.Settings settings = settings();
    Path varve = home.launcher();
    Path work = options.work();
    Path data = work.resolve("data");
    Path log = work.resolve("server.log");
    Trees.delete(data);
    Files.deleteIfExists(log);
    int port = ServerProcess.freePort();
    List<String> command =
        new ArrayList<>(
            List.of(
                varve.toString(),
                "serve",
                "--data-dir",
                data.toString(),
                "--listen",
                "127.0.0.1:" + port));
    if (config != null) {
      command.addAll(List.of("--config", config.toAbsolutePath().toString()));
    }
    BackfillReport report;
    try {
      report = new BackfillBench(settings, System.err::println).run(command, port, data, log);
    } catch (IOException | IllegalStateException e) {
      System.err.println("varve bench: " + e.getMessage());
      System.err.println("the server's output is in " + log);
      return ExitCode.SOFTWARE;
    }
    report.print(System.out);
    options.writeJson(report);
    List<String> wrong = report.verdict(new BackfillReport.Bars(mostWritten, mostLiveMillis));
    wrong.forEach(problem -> System.err.println("varve bench: " + problem));
    options.leave(work, !wrong.isEmpty());
    return wrong.isEmpty() ? ExitCode.OK : ExitCode.SOFTWARE;
  }

  private BackfillBench.Settings settings() {
    atLeastOne("--series", series);
    atLeastOne("--days", days);
    atLeastOne("--connections", connections);
    atLeastOne("--samples-per-body", samplesPerBody);
    atLeastOne("--samples-per-series", samplesPerSeries);
    atLeastOne("--live-rate", liveRate);
    atLeastOne("--live-body", liveBody);
    atLeastOne("--baseline", baselineSeconds);
    if (liveSeries < series) {
      throw new ParameterException(
          spec.commandLine(),
          "--live-series must not be less than --series: old samples are sent for series that"
              + " exist");
    }
    return new BackfillBench.Settings(
        series,
        days * DAY_MINUTES,
        new History.Plan(connections, samplesPerSeries, samplesPerBody, rate, PERIOD_MINUTES),
        liveSeries,
        liveRate,
        liveBody,
        Duration.ofSeconds(Math.max(0, warmUpSeconds)),
        Duration.ofSeconds(baselineSeconds));
  }

  private void atLeastOne(String name, int value) {
    if (value < 1) {
      throw new ParameterException(spec.commandLine(), name + " must be 1 or more");
    }
  }
}
