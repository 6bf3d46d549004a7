package io.varve.bench.cluster;

import io.varve.bench.cluster.HistoryChecker.Verdict;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Clients at work on a cluster while a nemesis has its way with it; afterwards everything is read
 * from every node and the history is judged.
 */
final class NemesisRun {
  private static final Duration START = Duration.ofMinutes(2);
  private static final Duration HEAL = Duration.ofMinutes(3);
  private static final Duration FINAL_ANSWER = Duration.ofMinutes(1);
  private static final Duration PATIENCE = Duration.ofSeconds(3);
  private static final long DAY_MILLIS = 86_400_000;
  private static final int DAYS_BACK = 40;

  /** A few windows in a run, and a flush every few seconds. */
  private static final long STEP_MILLIS = 10_000;

  private static final int SERIES_PER_CLIENT = 3;

  /** What a bounded answer may miss: the usual bound, and what clocks and pauses add. */
  private static final long BOUND_NANOS = 4_000_000_000L;

  private static final String SECTIONS =
      """
      storage:
        flush_span: 2h
        checkpoint_log_bytes: 1MiB
      """;

  private final Plan plan;

  /**
   * What is to be done.
   *
   * @param faults how many
   * @param kinds of them
   * @param mostNanos no fault begins later than this after the cluster was there
   * @param weakenedReads true to see whether the checker sees: reads ask for less than they claim
   * @param async true if one node alone acknowledges writes: they have to be there in the end, and
   *     no node's disk may be lost
   * @param diskMegabytes of each node's disk, if disks are to run full; 0: they are not
   * @param settleMillis of writing without faults, before and after them
   */
  record Plan(
      List<String> varve,
      Path work,
      long seed,
      int faults,
      Set<FaultKind> kinds,
      long mostNanos,
      int clients,
      int pauseMillis,
      boolean weakenedReads,
      boolean async,
      int diskMegabytes,
      long settleMillis,
      Consumer<String> progress) {}

  NemesisRun(Plan plan) {
    this.plan = plan;
  }

  /**
   * Runs it.
   *
   * @throws IOException if the cluster does not start
   */
  NemesisReport run() throws IOException, InterruptedException {
    UniqueSamples samples =
        new UniqueSamples(
            plan.seed(),
            plan.clients(),
            SERIES_PER_CLIENT,
            System.currentTimeMillis() / DAY_MILLIS * DAY_MILLIS - DAYS_BACK * DAY_MILLIS,
            STEP_MILLIS);
    TestCluster.Settings settings =
        new TestCluster.Settings(
            plan.varve(),
            plan.work(),
            true,
            plan.kinds().contains(FaultKind.CLOCK),
            plan.kinds().contains(FaultKind.FULL_DISK) ? plan.diskMegabytes() : 0,
            SECTIONS,
            plan.async(),
            plan.seed(),
            plan.progress());
    try (TestCluster cluster = TestCluster.start(settings)) {
      cluster.awaitWell(START);
      return attacked(cluster, samples);
    }
  }

  private NemesisReport attacked(TestCluster cluster, UniqueSamples samples)
      throws IOException, InterruptedException {
    HistoryClient.Shared shared =
        HistoryClient.Shared.of(
            cluster.client(),
            samples,
            PATIENCE,
            plan.pauseMillis(),
            plan.weakenedReads(),
            plan.async());
    Nemesis nemesis = new Nemesis(cluster, shared, plan.progress());
    Set<FaultKind> kinds = Nemesis.possible(cluster);
    List<FaultKind> left = plan.kinds().stream().filter(kind -> !kinds.contains(kind)).toList();
    kinds.retainAll(plan.kinds());
    if (plan.async()) {
      // What is wiped may have been the only copy.
      kinds.remove(FaultKind.WIPE);
    }
    long begin = System.nanoTime();
    List<Thread> threads = new ArrayList<>();
    for (HistoryClient client : shared.clients(plan.seed())) {
      threads.add(Thread.ofVirtual().start(client));
    }
    @Nullable String problem = null;
    try {
      Thread.sleep(plan.settleMillis());
      nemesis.run(
          Fault.plan(plan.seed(), plan.faults(), kinds, TestCluster.NODES),
          begin + plan.mostNanos());
      nemesis.heal(HEAL);
      Thread.sleep(plan.settleMillis());
    } catch (IOException e) {
      problem = e.getMessage();
    } finally {
      for (Thread thread : threads) {
        thread.interrupt();
      }
      for (Thread thread : threads) {
        thread.join();
      }
    }
    if (problem == null) {
      plan.progress().accept("all is healed; reading everything from every node");
      try {
        cluster.awaitWell(HEAL);
        cluster.awaitDelivered(HEAL);
        FinalReads.read(shared, FINAL_ANSWER);
      } catch (IOException e) {
        problem = e.getMessage();
      }
    }
    List<Operation> operations = shared.history().operations();
    long bound = plan.async() ? Long.MAX_VALUE : BOUND_NANOS;
    Verdict verdict = new HistoryChecker(samples, bound).check(operations);
    NemesisReport report =
        NemesisReport.of(plan.seed(), begin, left, nemesis.done(), operations, verdict, problem);
    if (!report.passed()) {
      shared.history().write(plan.work().resolve("history.txt"), begin);
    }
    return report;
  }
}
