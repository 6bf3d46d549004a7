package io.varve.bench.peers;

import com.sun.management.OperatingSystemMXBean;
import io.varve.bench.workload.EncodedWorkload;
import io.varve.bench.workload.Workload;
import io.varve.bench.workload.WorkloadKind;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Measures one store in one round: starts it on an empty folder; sends each pass and has it do what
 * it put off; sends the tail and kills it; starts it again, looks whether all is there, asks the
 * queries, and stops it.
 */
final class StoreTrial {
  private static final long PROGRESS_MILLIS = 5_000;

  private final PeerRun.Plan plan;
  private final EncodedWorkload encoded;
  private final Peer peer;
  private final String label;
  private final double pace;
  private final AnswerCheck check;

  /**
   * A trial to be.
   *
   * @param label tells the round in lines of progress
   * @param pace samples per second of the workload that writes and asks at one time
   */
  StoreTrial(
      PeerRun.Plan plan,
      EncodedWorkload encoded,
      Peer peer,
      String label,
      double pace,
      AnswerCheck check) {
    this.plan = plan;
    this.encoded = encoded;
    this.peer = peer;
    this.label = label;
    this.pace = pace;
    this.check = check;
  }

  /** The most samples per second that a fresh store takes, by the first pass. */
  double fullSpeed() throws IOException, InterruptedException {
    RunningStore.forget(peer, plan.work());
    try (RunningStore store = RunningStore.start(peer, plan.settings(), plan.work())) {
      Sender sender = sender(store);
      EncodedWorkload.Pass first = encoded.passes().getFirst();
      Sender.Sent sent = told(sender, first, "full speed", () -> sender.send(first));
      store.server().kill();
      return sent.samples() / sent.seconds();
    }
  }

  private Sender sender(RunningStore store) {
    return new Sender(store.port(), peer.writePath(), encoded.protocol());
  }

  Trial run() throws IOException, InterruptedException {
    Workload.Shape shape = plan.workload().shape();
    Path data = RunningStore.data(peer, plan.work());
    RunningStore.forget(peer, plan.work());
    List<Trial.Pass> passes = new ArrayList<>();
    Trial.@Nullable Mixed mixed = null;
    double readySeconds;
    long settledAnonymous;
    long settledResident;
    long settledDisk;
    long written;
    long tailSamples = 0;
    long peakAnonymous;
    long peakResident;
    long refusals;
    try (RunningStore store = RunningStore.start(peer, plan.settings(), plan.work())) {
      readySeconds = store.readySeconds();
      Sender sender = sender(store);
      double cpuBefore = 0; // the start of the process belongs to the first pass
      for (int p = 0; p < shape.passes(); p++) {
        EncodedWorkload.Pass pass = encoded.passes().get(p);
        String part = "pass " + (p + 1) + "/" + shape.passes();
        Sender.Sent sent;
        Latencies requests;
        double clientBefore = clientCpuSeconds();
        if (shape.kind() == WorkloadKind.MIXED && p == shape.passes() - 1) {
          long newest = sender.newestMillis();
          MixedLoad.Outcome outcome =
              told(sender, pass, part, () -> plan.mixed().run(store, sender, pass, pace, newest));
          sent = outcome.sent();
          mixed = outcome.mixed();
          requests = mixed.writes();
          if (mixed.failedQueries() > 0) {
            check.fail(
                "%s did not answer %d queries under mixed load"
                    .formatted(peer.program(), mixed.failedQueries()));
          }
        } else {
          sent = told(sender, pass, part, () -> sender.send(pass));
          requests = sender.takeLatencies();
        }
        double cpuSent = store.server().cpuSeconds();
        double client = clientCpuSeconds() - clientBefore;
        store.settle(plan.quietMillis());
        double cpuQuiet = store.server().cpuSeconds();
        passes.add(
            new Trial.Pass(
                sent.samples(),
                sent.seconds(),
                cpuSent - cpuBefore,
                cpuQuiet - cpuSent,
                client,
                requests));
        cpuBefore = cpuQuiet;
      }
      settledAnonymous = store.server().anonymousBytes();
      settledResident = store.server().residentBytes();
      settledDisk = Trees.bytes(data);
      written = store.server().writtenBytes();
      if (shape.tailSteps() > 0) {
        EncodedWorkload.Pass tail = encoded.passes().getLast();
        tailSamples = told(sender, tail, "tail", () -> sender.send(tail)).samples();
      }
      peakAnonymous = store.server().peakAnonymousBytes();
      peakResident = store.server().peakResidentBytes();
      refusals = sender.refusals();
      store.server().kill();
    }
    double restartSeconds;
    Map<BenchQuery, QueryRounds.Result> answers = Map.of();
    try (RunningStore store = RunningStore.start(peer, plan.settings(), plan.work())) {
      restartSeconds = store.readySeconds();
      if (mixed == null && !isComplete(store) && shape.tailSteps() > 0) {
        // Whoever keeps no log has lost the tail; queries are to see the same samples everywhere.
        sender(store).send(encoded.passes().getLast());
      }
      store.settle(plan.quietMillis());
      if (mixed == null) {
        plan.progress().accept(label + ": asking");
        answers = ask(store);
      }
      store.server().stop();
    }
    return new Trial(
        encoded.series(),
        readySeconds,
        List.copyOf(passes),
        peakAnonymous,
        peakResident,
        settledAnonymous,
        settledResident,
        settledDisk,
        Trees.bytes(data),
        written,
        tailSamples,
        restartSeconds,
        refusals,
        mixed,
        answers);
  }

  private static double clientCpuSeconds() {
    return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
        ? system.getProcessCpuTime() / 1e9
        : Double.NaN;
  }

  private Map<BenchQuery, QueryRounds.Result> ask(RunningStore store)
      throws IOException, InterruptedException {
    Map<BenchQuery, QueryRounds.Result> answers = new LinkedHashMap<>();
    plan.queries()
        .ask(List.of(store), check)
        .forEach(
            (query, row) -> {
              QueryRounds.Result result = row.get(peer);
              if (result != null) {
                answers.put(query, result);
              }
            });
    return answers;
  }

  /** True if all acknowledged samples of the last stretch answer. */
  private boolean isComplete(RunningStore store) throws IOException, InterruptedException {
    EncodedWorkload.Check expected = encoded.check();
    long at = plan.workload().lastMillis() + 1;
    String window = "[" + expected.windowMillis() + "ms]";
    double series = store.client().value("count(last_over_time({job=\"node\"}" + window + "))", at);
    double samples = 0;
    Set<String> names = new TreeSet<>();
    plan.workload().capture().series().forEach(one -> names.add(one.metric()));
    for (String name : names) { // without their names, series of several metrics are the same
      String counts = "sum(count_over_time(" + name + "{job=\"node\"}" + window + "))";
      double count = store.client().value(counts, at);
      samples += Double.isNaN(count) ? 0 : count;
    }
    if (series == expected.series() && samples == expected.samples()) {
      return true;
    }
    String differs =
        String.format(
            Locale.ROOT,
            "after kill -9 %s has %,.0f of the last %,d acknowledged samples (%,.0f of %,d series)",
            peer.program(),
            samples,
            expected.samples(),
            series,
            expected.series());
    if (peer == Peer.VARVE) {
      check.fail(differs);
    } else {
      check.remark(differs);
    }
    return false;
  }

  /** Something that sends. */
  private interface Sending<T> {
    T send() throws IOException, InterruptedException;
  }

  /** Sends, and tells every few seconds how far it is. */
  private <T> T told(Sender sender, EncodedWorkload.Pass pass, String part, Sending<T> sending)
      throws IOException, InterruptedException {
    long before = sender.acknowledged();
    long begin = System.nanoTime();
    Thread teller =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    while (true) {
                      Thread.sleep(PROGRESS_MILLIS);
                      tell(sender.acknowledged() - before, pass, part, begin);
                    }
                  } catch (InterruptedException e) {
                    // it is sent
                  }
                });
    try {
      T result = sending.send();
      tell(sender.acknowledged() - before, pass, part, begin);
      return result;
    } finally {
      teller.interrupt();
    }
  }

  private void tell(long sent, EncodedWorkload.Pass pass, String part, long begin) {
    plan.progress()
        .accept(
            String.format(
                Locale.ROOT,
                "%s: %s, %d %% sent, %,.0f samples/s",
                label,
                part,
                100 * sent / Math.max(1, pass.samples()),
                sent / ((System.nanoTime() - begin) / 1e9)));
  }

  /** Removes the data of the store, and keeps its log. */
  void forgetData() throws IOException {
    Path data = RunningStore.data(peer, plan.work());
    if (Files.exists(data)) {
      Trees.delete(data);
    }
  }
}
