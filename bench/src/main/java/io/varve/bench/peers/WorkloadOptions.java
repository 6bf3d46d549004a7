package io.varve.bench.peers;

import io.varve.bench.workload.Capture;
import io.varve.bench.workload.Workload;
import io.varve.bench.workload.WorkloadKind;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options that say what is sent, and how much of it. */
final class WorkloadOptions {
  private static final double HOUR_SECONDS = 3600;

  @Spec(Spec.Target.MIXEE)
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Option(
      names = "--workload",
      paramLabel = "NAME",
      defaultValue = "rows15",
      description = {
        "What is sent (default: ${DEFAULT-VALUE}); each can be made smaller or larger by the"
            + " options below:",
        "  fleet         40 hosts, 24,200 series, 6 hours a pass at 15 s",
        "  rows15        40 hosts, one pass over the recorded rows at 15 s",
        "  rows1         4 hosts, one pass over the recorded rows at 1 s",
        "  new-series    a million new series a pass, 12 samples each",
        "  churn         10 %% of 40 hosts replaced per hour, 24 hours",
        "  out-of-order  fleet, with 5 %% of the scrapes up to 2 hours late",
        "  long-range    1,000 series, 30 days at 15 s, perturbed at each wrap",
        "  mixed         fleet at half of the maximum rate, beside dashboards and alert rules"
      })
  private WorkloadKind kind = WorkloadKind.ROWS15;

  @Option(names = "--hosts", paramLabel = "N", description = "Hosts, about 600 series each.")
  private @Nullable Integer hosts;

  @Option(
      names = "--series",
      paramLabel = "N",
      description =
          "Series at one time instead of hosts, about so many (exactly, if absent ones are counted,"
              + " for long-range).")
  private @Nullable Integer series;

  @Option(names = "--hours", paramLabel = "H", description = "Hours of samples in a pass.")
  private @Nullable Double hours;

  @Option(
      names = "--passes",
      paramLabel = "N",
      description = {
        "Passes in one process, one after the other in time, each with all work that was put off"
            + " (default: 2 for fleet, out-of-order and mixed, otherwise 1): the first includes the"
            + " start of the server, the last shows it warm."
      })
  private @Nullable Integer passes;

  @Option(
      names = "--tail",
      paramLabel = "H",
      description = {
        "Hours of samples after the passes, not in final files yet when the server is killed"
            + " (default: 1 for fleet, a minute for new-series, otherwise 0)."
      })
  private @Nullable Double tail;

  @Option(
      names = "--replaced",
      paramLabel = "SHARE",
      defaultValue = "0.1",
      description = "Hosts replaced per hour by churn (default: ${DEFAULT-VALUE}).")
  private double replaced;

  @Option(
      names = "--late",
      paramLabel = "SHARE",
      defaultValue = "0.05",
      description = "Scrapes that are late in out-of-order (default: ${DEFAULT-VALUE}).")
  private double late;

  @Option(
      names = "--late-by",
      paramLabel = "H",
      defaultValue = "2",
      description = "Hours by which they are late at most (default: ${DEFAULT-VALUE}).")
  private double lateHours;

  @Option(
      names = "--perturbed",
      description =
          "Rows do not repeat when the recording wraps, as in long-range: every host draws how far"
              + " its values go from the first one.")
  private boolean perturbed;

  /** For picocli. */
  WorkloadOptions() {}

  /** What they say. */
  Workload.Shape shape(Capture capture) {
    int steps = steps(hours == null ? kind.hours() : hours);
    int count = passes == null ? kind.passes() : passes;
    int tailSteps = steps(tail == null ? kind.tailHours() : tail);
    Integer asked = series;
    if (asked == null && kind == WorkloadKind.LONG_RANGE && hosts == null) {
      asked = 1_000;
    }
    int perHost = capture.series().size();
    int most = Integer.MAX_VALUE;
    int fleet = hosts == null ? kind.hosts() : hosts;
    if (asked != null) {
      if (kind == WorkloadKind.LONG_RANGE) {
        most = asked;
        fleet = (asked + perHost - 1) / perHost;
      } else {
        fleet = Math.max(1, (int) Math.round(asked / presentSeries(capture)));
      }
    }
    if (fleet < 1 || steps < 2 || count < 1) {
      throw wrong("at least one host, one pass, and two scrapes in a pass");
    }
    if (kind == WorkloadKind.MIXED && count < 2) {
      throw wrong("mixed needs two passes: the first fills the store");
    }
    if (!(replaced > 0) || !(late >= 0 && late < 1) || !(lateHours > 0)) {
      throw wrong("--replaced and --late-by are more than 0, --late is a share");
    }
    return new Workload.Shape(
        kind,
        fleet,
        kind.intervalSeconds() * 1000L,
        steps,
        count,
        tailSteps,
        replaced,
        late,
        (long) (lateHours * HOUR_SECONDS * 1000),
        most,
        perturbed || kind == WorkloadKind.LONG_RANGE);
  }

  private int steps(double asked) {
    return (int) Math.round(asked * HOUR_SECONDS / kind.intervalSeconds());
  }

  /** Series that a host has in a scrape on average: some come and go. */
  private static double presentSeries(Capture capture) {
    long present = 0;
    for (int s = 0; s < capture.series().size(); s++) {
      for (int r = 0; r < capture.rows(); r++) {
        present += Double.isNaN(capture.value(s, r)) ? 0 : 1;
      }
    }
    return (double) present / capture.rows();
  }

  private ParameterException wrong(String why) {
    return new ParameterException(spec.commandLine(), why);
  }
}
