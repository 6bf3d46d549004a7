package io.varve.bench;

import io.varve.bench.aggregates.AggregatesCommand;
import io.varve.bench.backfill.BackfillCommand;
import io.varve.bench.cluster.ClusterCommand;
import io.varve.bench.fuzz.FuzzCommand;
import io.varve.bench.pages.PagesCommand;
import io.varve.bench.peers.PeerBench;
import io.varve.bench.peers.QueryBench;
import io.varve.bench.ship.ShipCommand;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The program behind {@code ./varve bench}. */
@Command(
    name = "varve bench",
    description =
        "Benchmarks of Varve's server, from outside, by a client on the same machine; and random"
            + " queries, compared with a real Prometheus.",
    synopsisSubcommandLabel = "BENCHMARK",
    subcommands = {
      PeerBench.class,
      QueryBench.class,
      BackfillCommand.class,
      PagesCommand.class,
      AggregatesCommand.class,
      ShipCommand.class,
      FuzzCommand.class,
      ClusterCommand.class,
      HelpCommand.class
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:done, and every bar that the benchmark holds the server to was met",
      "1:failed: a bar was missed, a sample was missing, or the benchmark could not run",
      "2:the command line is not understood"
    },
    footer = {"", "varve bench help BENCHMARK tells more about a benchmark."})
public final class Main implements Runnable {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help message and exit.")
  @SuppressWarnings("UnusedVariable") // picocli looks at it
  private boolean help;

  /** For picocli. */
  Main() {}

  /** Runs a benchmark and ends the process with its exit code. */
  public static void main(String[] args) {
    System.exit(run(args));
  }

  /** Runs a command line and returns the exit code. */
  static int run(String... args) {
    return new CommandLine(new Main()).setCaseInsensitiveEnumValuesAllowed(true).execute(args);
  }

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(), "Say what to measure, for example: varve bench backfill");
  }
}
