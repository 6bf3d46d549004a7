package io.varve.bench.fuzz;

import io.varve.bench.peers.BenchOptions;
import io.varve.bench.peers.Trees;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code varve bench fuzz}. */
@Command(
    name = "fuzz",
    description = {
      "Random PromQL over random data, in Varve and in a real Prometheus: both must answer the"
          + " same.",
      "",
      "Needs Prometheus 2.42 on PATH. Where later versions of Prometheus answer otherwise than"
          + " 2.42, Varve does so, too: such differences are counted by name. Every other one is"
          + " made small and printed.",
      ""
    },
    sortOptions = false,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:no difference but accepted ones",
      "1:there are differences, or it could not run",
      "2:the command line is not understood"
    })
public final class FuzzCommand implements Callable<Integer> {
  @Option(
      names = "--seconds",
      paramLabel = "N",
      defaultValue = "60",
      description = "How long (default: ${DEFAULT-VALUE}).")
  private int seconds;

  @Option(
      names = "--seed",
      paramLabel = "S",
      description = "Of data and expressions (default: another one in every run).")
  private @Nullable Long seed;

  @Option(names = "--query", paramLabel = "N", description = "Ask only the query of this number.")
  private @Nullable Integer query;

  @Option(
      names = "--most-failures",
      paramLabel = "N",
      defaultValue = "20",
      description = "Stop after so many differences (default: ${DEFAULT-VALUE}).")
  private int mostFailures;

  @Mixin
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private BenchOptions options;

  /** The figures of a run, as {@code --json} writes them. */
  private record Outcome(
      long seed, int queries, int errors, long points, int accepted, List<String> failures) {}

  /** For picocli. */
  public FuzzCommand() {}

  @Override
  public Integer call() throws Exception {
    Path prometheus = ServerPair.program();
    if (prometheus == null) {
      System.err.println("varve bench: there is no prometheus on PATH");
      return ExitCode.SOFTWARE;
    }
    long start = seed == null ? ThreadLocalRandom.current().nextLong(1L << 40) : seed;
    System.out.println("seed " + start);
    Path folder = options.work();
    Trees.delete(folder.resolve("prometheus"));
    Trees.delete(folder.resolve("varve"));
    boolean failed = true;
    try (ServerPair servers = ServerPair.start(prometheus, folder)) {
      Fuzz fuzz = new Fuzz(servers, start, System.out::println);
      fuzz.load();
      if (query != null) {
        fuzz.query(query);
      } else {
        long end = System.nanoTime() + seconds * 1_000_000_000L;
        for (int n = 0; System.nanoTime() < end && fuzz.failures().size() < mostFailures; n++) {
          fuzz.query(n);
        }
      }
      System.out.print(fuzz.report());
      options.writeJson(
          new Outcome(
              start,
              fuzz.queries(),
              fuzz.errors(),
              fuzz.points(),
              fuzz.accepted(),
              fuzz.failures()));
      failed = !fuzz.failures().isEmpty();
      return fuzz.failures().isEmpty() ? ExitCode.OK : ExitCode.SOFTWARE;
    } finally {
      options.leave(folder, failed);
    }
  }
}
