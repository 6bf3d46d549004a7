package io.varve.bench.workload;

import java.util.Locale;

/** The workloads, each with the size that it has by default. */
public enum WorkloadKind {
  /** The usual case: known series, one scrape after the other. */
  FLEET(40, 15, 6, 2, 1, "40 hosts, 24,200 series, 6 hours a pass at 15 s"),

  /** One pass over the recorded rows at 15 s: nothing repeats. */
  ROWS15(40, 15, 2, 1, 0, "40 hosts, one pass over the recorded rows at 15 s"),

  /** One pass over the recorded rows at 1 s: nothing repeats. */
  ROWS1(4, 1, 2, 1, 0, "4 hosts, one pass over the recorded rows at 1 s"),

  /** Series that no one has seen before, few samples each. */
  NEW_SERIES(1_684, 15, 0.05, 1, 1 / 60.0, "a million new series a pass, 12 samples each"),

  /** Hosts come and go. */
  CHURN(40, 15, 24, 1, 0, "10 % of 40 hosts replaced per hour, 24 hours"),

  /** Some scrapes come late. */
  OUT_OF_ORDER(40, 15, 6, 2, 0, "fleet, with 5 % of the scrapes up to 2 hours late"),

  /** Few series for a long time; rows do not repeat. */
  LONG_RANGE(2, 15, 720, 1, 0, "1,000 series, 30 days at 15 s, perturbed at each wrap"),

  /** Queries beside paced writes. */
  MIXED(40, 15, 6, 2, 0, "fleet at half of the maximum rate, beside dashboards and alert rules");

  private final int hosts;
  private final int intervalSeconds;
  private final double hours;
  private final int passes;
  private final double tailHours;
  private final String description;

  WorkloadKind(
      int hosts,
      int intervalSeconds,
      double hours,
      int passes,
      double tailHours,
      String description) {
    this.hosts = hosts;
    this.intervalSeconds = intervalSeconds;
    this.hours = hours;
    this.passes = passes;
    this.tailHours = tailHours;
    this.description = description;
  }

  /** Hosts at one time. */
  public int hosts() {
    return hosts;
  }

  /** Seconds between two scrapes of a host. */
  public int intervalSeconds() {
    return intervalSeconds;
  }

  /** Hours of samples in one pass. */
  public double hours() {
    return hours;
  }

  /** Passes in one process. */
  public int passes() {
    return passes;
  }

  /** Hours of samples that are sent just before the server is killed. */
  public double tailHours() {
    return tailHours;
  }

  /** What it is by default, for people. */
  public String description() {
    return description;
  }

  /** As it is written on a command line. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
