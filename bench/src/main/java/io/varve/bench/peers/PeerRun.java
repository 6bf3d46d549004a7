package io.varve.bench.peers;

import io.varve.bench.workload.EncodedWorkload;
import io.varve.bench.workload.Protocol;
import io.varve.bench.workload.Workload;
import io.varve.bench.workload.WorkloadKind;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The rounds of a side-by-side run: in each round every store is measured once, one after the
 * other, so that slow changes of the machine fall upon all alike.
 */
final class PeerRun {
  private static final int CONNECTIONS = 2;

  private final Plan plan;
  private final AnswerCheck check = new AnswerCheck();

  /**
   * What is to be done.
   *
   * @param samplesPerRequest of a full request
   * @param pace samples per second under mixed load; 0: half of the maximum, measured before
   * @param quietMillis how long a store is left alone at least before it counts as quiet
   * @param work for data, logs and requests
   * @param progress takes lines that tell how far it is
   */
  record Plan(
      Workload workload,
      Protocol protocol,
      int samplesPerRequest,
      List<Peer> peers,
      Peer.Settings settings,
      int rounds,
      QueryRounds queries,
      MixedLoad mixed,
      double pace,
      long quietMillis,
      Path work,
      Consumer<String> progress) {}

  PeerRun(Plan plan) {
    this.plan = plan;
  }

  /** Runs all rounds. */
  PeerReport run() throws IOException, InterruptedException {
    EncodedWorkload encoded =
        EncodedWorkload.encode(
            plan.workload(),
            plan.protocol(),
            CONNECTIONS,
            plan.samplesPerRequest(),
            plan.work(),
            plan.progress());
    try {
      if (plan.peers().contains(Peer.VARVE) && plan.settings().isLauncher()) {
        warmLauncher();
      }
      Map<Peer, Double> paces = paces(encoded);
      Map<Peer, List<Trial>> trials = new LinkedHashMap<>();
      for (int round = 0; round < plan.rounds(); round++) {
        Map<Peer, Map<BenchQuery, QueryRounds.Result>> answers = new EnumMap<>(Peer.class);
        for (Peer peer : plan.peers()) {
          String label = "round %d/%d, %s".formatted(round + 1, plan.rounds(), peer.program());
          StoreTrial trial =
              new StoreTrial(plan, encoded, peer, label, paces.getOrDefault(peer, 0.0), check);
          Trial outcome = trial.run();
          trial.forgetData();
          trials.computeIfAbsent(peer, key -> new ArrayList<>()).add(outcome);
          answers.put(peer, outcome.queries());
        }
        compare(answers);
      }
      return PeerReport.of(plan, encoded, trials, check);
    } finally {
      encoded.delete();
    }
  }

  private void compare(Map<Peer, Map<BenchQuery, QueryRounds.Result>> answers) {
    for (BenchQuery query : plan.queries().queries()) {
      Map<Peer, QueryAnswer> row = new EnumMap<>(Peer.class);
      answers.forEach(
          (peer, all) -> {
            QueryRounds.Result result = all.get(query);
            if (result != null) {
              row.put(peer, result.answer());
            }
          });
      check.compare(query, row);
    }
  }

  /** The first start of Varve after a build does more than every later one: it is not measured. */
  private void warmLauncher() throws IOException, InterruptedException {
    plan.progress().accept("starting varve once: the first start after a build takes longer");
    RunningStore.forget(Peer.VARVE, plan.work());
    try (RunningStore store = RunningStore.start(Peer.VARVE, plan.settings(), plan.work())) {
      store.server().stop();
    }
  }

  /**
   * Samples per second under mixed load: half of what VictoriaMetrics takes, the same for all, but
   * not more than half of what the store itself takes.
   */
  private Map<Peer, Double> paces(EncodedWorkload encoded)
      throws IOException, InterruptedException {
    Map<Peer, Double> paces = new EnumMap<>(Peer.class);
    if (plan.workload().shape().kind() != WorkloadKind.MIXED) {
      return paces;
    }
    for (Peer peer : plan.peers()) {
      paces.put(
          peer,
          plan.pace() > 0
              ? plan.pace()
              : new StoreTrial(plan, encoded, peer, peer.program(), 0, check).fullSpeed() / 2);
    }
    double same = paces.getOrDefault(Peer.VICTORIA_METRICS, Double.MAX_VALUE);
    paces.replaceAll((peer, own) -> Math.min(own, same));
    return paces;
  }
}
