package io.varve.bench.workload;

import io.varve.bench.workload.DeliveryOrder.Steps;

/**
 * What every store is sent: passes of scrapes, one after the other in time, and a tail that comes
 * just before the server is killed. The same arguments always give the same samples; time is that
 * of the samples, not of a clock. Immutable, but for what {@link FleetReplay} remembers: one
 * thread.
 */
public final class Workload {
  /** Old enough for every store to bring it into its final form. */
  private static final long AGE_MILLIS = 30L * 3_600_000;

  /**
   * Milliseconds that keep samples away from where the steps of subqueries are: ranges are open at
   * their left end since Prometheus 3.0, and older ones are not.
   */
  private static final int OFF_THE_MINUTE = 789;

  private final Shape shape;
  private final Capture capture;
  private final DeliveryOrder order;
  private final FleetReplay replay;
  private final int mostSeries;

  /**
   * How large a workload is.
   *
   * @param kind what it is like
   * @param hosts at one time
   * @param passSteps of one pass
   * @param tailSteps after the passes
   * @param replacedPerHour share of the hosts that others take the place of ({@link
   *     WorkloadKind#CHURN})
   * @param lateShare of the scrapes ({@link WorkloadKind#OUT_OF_ORDER})
   * @param lateMillis most lateness
   * @param mostSeries at one time; the last host has fewer if need be
   * @param perturbed true if the rows do not repeat when they wrap: what repeats flatters stores
   *     whose compressor looks far back
   */
  public record Shape(
      WorkloadKind kind,
      int hosts,
      long intervalMillis,
      int passSteps,
      int passes,
      int tailSteps,
      double replacedPerHour,
      double lateShare,
      long lateMillis,
      int mostSeries,
      boolean perturbed) {}

  /** A workload whose last sample is more than a day before {@code nowMillis}. */
  public Workload(Capture capture, Shape shape, long nowMillis) {
    this(
        shape,
        capture,
        nowMillis / 60_000 * 60_000
            - AGE_MILLIS
            - shape.intervalMillis()
                * ((long) shape.passSteps() * shape.passes() + shape.tailSteps())
            + OFF_THE_MINUTE);
  }

  private Workload(Shape shape, Capture capture, long startMillis) {
    this.shape = shape;
    this.capture = capture;
    mostSeries = shape.mostSeries();
    replay =
        new FleetReplay(
            capture, shape.hosts(), shape.intervalMillis(), startMillis, 0, shape.perturbed());
    int hosts = shape.hosts();
    order =
        switch (shape.kind()) {
          case FLEET, ROWS15, ROWS1, LONG_RANGE, MIXED -> new DeliveryOrder.Steady(hosts);
          case NEW_SERIES -> new DeliveryOrder.NewHosts(hosts);
          case CHURN ->
              new DeliveryOrder.Churn(
                  hosts,
                  Math.max(
                      1, (int) (3_600_000 / shape.replacedPerHour() / shape.intervalMillis())));
          case OUT_OF_ORDER ->
              new DeliveryOrder.Late(
                  hosts,
                  shape.lateShare(),
                  Math.max(1, (int) (shape.lateMillis() / shape.intervalMillis())));
        };
  }

  /** How large it is. */
  public Shape shape() {
    return shape;
  }

  /** What is replayed. */
  public Capture capture() {
    return capture;
  }

  /** The steps of a pass; pass {@code passes} is the tail. */
  Steps steps(int pass) {
    int from = pass * shape.passSteps();
    return pass < shape.passes()
        ? new Steps(pass, from, from + shape.passSteps())
        : new Steps(shape.passes() - 1, from, from + shape.tailSteps());
  }

  /** Takes single samples. */
  interface Sink {
    /** Takes a sample of a recorded series of a host; the value is not NaN. */
    void sample(int series, int host, long time, double value);
  }

  /** Tells the samples that are delivered at a step, in this order. */
  void deliver(int step, Steps pass, Sink sink) {
    order.deliver(
        step,
        pass,
        (host, scrape) -> {
          long time = replay.time(host, scrape);
          int n = Math.min(replay.series(), mostSeries - host % shape.hosts() * replay.series());
          for (int s = 0; s < n; s++) {
            double value = replay.value(s, host, scrape);
            if (!Double.isNaN(value)) {
              sink.sample(s, host, time, value);
            }
          }
        });
  }

  /** Numbers of hosts are below it. */
  int hostNumbers() {
    return order.hostNumbers(shape.passes(), endStep());
  }

  private int endStep() {
    return shape.passes() * shape.passSteps() + shape.tailSteps();
  }

  /** The time of the last sample of all, tail included. */
  public long lastMillis() {
    return replay.time(shape.hosts() - 1, endStep() - 1);
  }

  /** The time of the first sample of all. */
  public long firstMillis() {
    return replay.time(0, 0);
  }

  /** The label value {@code instance} of a host that is alive at the end. */
  public String someInstance() {
    int step = endStep() - 1;
    return HostLabels.instance(
        shape.mostSeries() < shape.hosts() * replay.series()
            ? 0
            : order.someHost(
                step, steps(shape.tailSteps() > 0 ? shape.passes() : shape.passes() - 1)));
  }
}
