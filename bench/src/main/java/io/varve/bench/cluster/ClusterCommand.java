package io.varve.bench.cluster;

import io.varve.bench.peers.BenchOptions;
import io.varve.bench.peers.CaptureOption;
import io.varve.bench.peers.HomeOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code varve bench cluster}. */
@Command(
    name = "cluster",
    description = {
      "Three nodes on this machine: what they lose under faults, how long writes stop when the"
          + " leader is killed, and what replication costs.",
      "",
      "Under faults, clients write samples that are there once in the world and read them at every"
          + " level, and each operation is recorded: afterwards a checker tells whether an"
          + " acknowledged sample is missing anywhere, a read missed what its level promises, or"
          + " something was read that nobody wrote. A seed gives the same faults again; what comes"
          + " of them is up to the machine.",
      "",
      "Full disks need root (a tmpfs is mounted), clocks that are off need libfaketime (Debian:"
          + " apt-get install faketime); they are left out where that is not there.",
      ""
    },
    sortOptions = false,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:nothing is lost and every bar is met",
      "1:there is a violation, a bar is missed, or it could not run",
      "2:the command line is not understood"
    })
public final class ClusterCommand implements Callable<Integer> {
  @Option(
      names = "--faults",
      paramLabel = "N",
      defaultValue = "200",
      description = "How many; 0: none of this part (default: ${DEFAULT-VALUE}).")
  private int faults;

  @Option(
      names = "--seed",
      paramLabel = "S",
      description = "Of faults and clients (default: another one in every run).")
  private @Nullable Long seed;

  @Option(
      names = "--kinds",
      paramLabel = "KIND",
      split = ",",
      description = "Faults of these kinds only: ${COMPLETION-CANDIDATES}.")
  private List<FaultKind> kinds = Arrays.asList(FaultKind.values());

  @Option(
      names = "--minutes",
      paramLabel = "M",
      defaultValue = "60",
      description = "No fault begins later than this (default: ${DEFAULT-VALUE}).")
  private double minutes;

  @Option(
      names = "--clients",
      paramLabel = "N",
      defaultValue = "6",
      description = "That write and read under faults (default: ${DEFAULT-VALUE}).")
  private int clients;

  @Option(
      names = "--pause",
      paramLabel = "MILLIS",
      defaultValue = "25",
      description = "Of a client between two requests, on average (default: ${DEFAULT-VALUE}).")
  private int pause;

  @Option(
      names = "--disk-megabytes",
      paramLabel = "N",
      defaultValue = "512",
      description = "Of each node's disk when disks run full (default: ${DEFAULT-VALUE}).")
  private int diskMegabytes;

  @Option(
      names = "--async",
      description = {
        "Writes are acknowledged by one node alone (replication: async), under faults and under"
            + " load. What was acknowledged must be there in the end; no node's disk is lost."
      })
  private boolean async;

  @Option(
      names = "--weaken-reads",
      description = {
        "Ask for bounded reads where fenced and strong ones are recorded. The checker must find"
            + " violations then."
      })
  private boolean weakenReads;

  @Option(
      names = "--kills",
      paramLabel = "N",
      defaultValue = "20",
      description = "Of leaders, to see how long writes stop; 0: none (default: ${DEFAULT-VALUE}).")
  private int kills;

  @Option(
      names = "--load-hours",
      paramLabel = "H",
      defaultValue = "3",
      description = {
        "Hours of samples in a pass when throughput, CPU and lag are measured; 0: they are not"
            + " (default: ${DEFAULT-VALUE})."
      })
  private double loadHours;

  @Option(
      names = "--catch-up",
      paramLabel = "MB",
      defaultValue = "500",
      description = {
        "Megabytes of sealed data that a node loses and takes from the others, while all are"
            + " asked; 0: none (default: ${DEFAULT-VALUE})."
      })
  private int catchUp;

  @Option(
      names = "--hosts",
      paramLabel = "N",
      defaultValue = "40",
      description = "Hosts whose samples are sent then (default: ${DEFAULT-VALUE}).")
  private int hosts;

  @Mixin
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CaptureOption capture;

  @Mixin
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private HomeOption home;

  @Mixin
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private BenchOptions options;

  /** For picocli. */
  public ClusterCommand() {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (faults < 0
        || kills < 0
        || clients < 1
        || pause < 0
        || hosts < 1
        || loadHours < 0
        || catchUp < 0) {
      throw options.wrong("numbers must not be negative; at least one client and one host");
    }
    List<String> varve = List.of(home.launcher().toString());
    Path folder = options.work();
    Map<String, Object> report = new LinkedHashMap<>();
    boolean passed = true;
    try {
      if (faults > 0) {
        passed &= attack(varve, part(folder, "faults"), report);
      }
      if (kills > 0) {
        FailoverRun.Outcome outcome =
            new FailoverRun(varve, part(folder, "failover"), kills, System.err::println).run();
        outcome.print(System.out);
        report.put("failover", outcome);
        passed &= outcome.passed();
      }
      if (catchUp > 0) {
        CatchUpRun.Outcome outcome =
            new CatchUpRun(varve, part(folder, "catch-up"), catchUp, System.err::println).run();
        outcome.print(System.out);
        report.put("catchUp", outcome);
        passed &= outcome.passed();
      }
      if (loadHours > 0) {
        LoadRun.Outcome outcome =
            new LoadRun(varve, part(folder, "load"), async, System.err::println)
                .run(capture.read(), hosts, loadHours);
        outcome.print(System.out);
        report.put("load", outcome);
        passed &= outcome.passed();
      }
    } catch (IOException | IllegalStateException e) {
      System.err.println("varve bench: " + e.getMessage());
      passed = false;
    }
    options.writeJson(report);
    options.leave(folder, !passed);
    return passed ? ExitCode.OK : ExitCode.SOFTWARE;
  }

  private static Path part(Path folder, String name) throws IOException {
    return Files.createDirectories(folder.resolve(name));
  }

  private boolean attack(List<String> varve, Path folder, Map<String, Object> report)
      throws IOException, InterruptedException {
    long chosen = seed == null ? ThreadLocalRandom.current().nextLong(1L << 40) : seed;
    System.out.println("seed " + chosen);
    Set<FaultKind> wanted = EnumSet.copyOf(kinds);
    NemesisReport outcome =
        new NemesisRun(
                new NemesisRun.Plan(
                    varve,
                    folder,
                    chosen,
                    faults,
                    wanted,
                    (long) (minutes * 60e9),
                    clients,
                    pause,
                    weakenReads,
                    async,
                    diskMegabytes,
                    3_000,
                    System.err::println))
            .run();
    outcome.print(System.out);
    report.put("faults", outcome);
    return outcome.passed();
  }
}
