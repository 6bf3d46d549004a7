package io.varve.bench.peers;

import com.fasterxml.jackson.annotation.JsonIgnore;
import io.varve.bench.workload.EncodedWorkload;
import io.varve.bench.workload.Workload;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * All that a side-by-side run has found; JSON has the same form.
 *
 * @param series distinct ones of all passes
 * @param samples of all passes, without the tail
 * @param requestBytes per sample, compressed
 * @param rounds how often each store was measured
 * @param stores by name, Varve first if it is there
 * @param queries medians over rounds
 * @param bars what Varve is held to, empty without VictoriaMetrics
 * @param failures what is wrong
 * @param remarks what is different, but not wrong
 */
record PeerReport(
    String workload,
    Workload.Shape shape,
    String protocol,
    Machine machine,
    long series,
    long samples,
    double requestBytes,
    int rounds,
    List<Store> stores,
    List<QueryRow> queries,
    List<Bar> bars,
    List<String> failures,
    List<String> remarks) {

  /** Where it was measured. */
  record Machine(String system, int cores, String java) {
    static Machine here() {
      return new Machine(
          System.getProperty("os.name") + " " + System.getProperty("os.version"),
          Runtime.getRuntime().availableProcessors(),
          Runtime.version().toString());
    }
  }

  /**
   * What one store needed.
   *
   * @param medians over rounds
   * @param rounds each of them
   */
  record Store(String name, String version, Map<Figure, Double> medians, List<Trial> rounds) {
    @JsonIgnore
    double median(Figure figure) {
      return medians.getOrDefault(figure, Double.NaN);
    }
  }

  /**
   * One query.
   *
   * @param stores times by name of the store, medians over rounds
   * @param ratio median time of Varve to that of VictoriaMetrics, NaN if one of them has none
   */
  record QueryRow(String group, String query, Map<String, QueryTable.Times> stores, double ratio) {}

  static PeerReport of(
      PeerRun.Plan plan, EncodedWorkload encoded, Map<Peer, List<Trial>> trials, AnswerCheck check)
      throws IOException {
    List<Store> stores = new ArrayList<>();
    Map<Peer, Map<Figure, Double>> medians = new EnumMap<>(Peer.class);
    for (Map.Entry<Peer, List<Trial>> store : trials.entrySet()) {
      Map<Figure, Double> figures = new EnumMap<>(Figure.class);
      for (Figure figure : Figure.values()) {
        double median = figure.median(store.getValue());
        if (!Double.isNaN(median)) {
          figures.put(figure, median);
        }
      }
      medians.put(store.getKey(), figures);
      Peer peer = store.getKey();
      stores.add(new Store(peer.program(), peer.version(), figures, store.getValue()));
    }
    List<QueryRow> queries = new ArrayList<>();
    for (BenchQuery query : plan.queries().queries()) {
      QueryRow row = row(query, trials);
      if (!row.stores().isEmpty()) {
        queries.add(row);
      }
    }
    Map<Figure, Double> varve = medians.get(Peer.VARVE);
    Map<Figure, Double> victoria = medians.get(Peer.VICTORIA_METRICS);
    int passes = plan.workload().shape().passes();
    long samples =
        encoded.passes().stream().limit(passes).mapToLong(EncodedWorkload.Pass::samples).sum();
    long bytes =
        encoded.passes().stream().limit(passes).mapToLong(EncodedWorkload.Pass::bytes).sum();
    return new PeerReport(
        plan.workload().shape().kind().toString(),
        plan.workload().shape(),
        plan.protocol().toString(),
        Machine.here(),
        encoded.series(),
        samples,
        (double) bytes / samples,
        plan.rounds(),
        stores,
        queries,
        varve == null || victoria == null
            ? List.of()
            : Bar.of(plan.workload().shape().kind(), varve, victoria, queries),
        check.failures(),
        check.remarks());
  }

  private static QueryRow row(BenchQuery query, Map<Peer, List<Trial>> trials) {
    Map<String, QueryTable.Times> stores = new LinkedHashMap<>();
    Map<Peer, Double> medians = new EnumMap<>(Peer.class);
    trials.forEach(
        (peer, rounds) -> {
          List<QueryTimes> times = new ArrayList<>();
          for (Trial trial : rounds) {
            QueryRounds.Result result = trial.queries().get(query);
            if (result != null) {
              times.add(result.times());
            }
          }
          if (times.isEmpty()) {
            return;
          }
          QueryTable.Times median =
              new QueryTable.Times(
                  Figure.median(times.stream().mapToDouble(QueryTimes::firstMillis).toArray()),
                  Figure.median(times.stream().mapToDouble(QueryTimes::median).toArray()),
                  Figure.median(times.stream().mapToDouble(QueryTimes::p99).toArray()),
                  Figure.median(times.stream().mapToDouble(QueryTimes::cpuMillis).toArray()),
                  times.getLast().series());
          stores.put(peer.program(), median);
          medians.put(peer, median.median());
        });
    double ratio =
        medians.getOrDefault(Peer.VARVE, Double.NaN)
            / medians.getOrDefault(Peer.VICTORIA_METRICS, Double.NaN);
    return new QueryRow(query.group(), query.text(), stores, ratio);
  }

  /** True if nothing is wrong and every bar is met. */
  @JsonIgnore
  boolean passed() {
    return failures.isEmpty() && bars.stream().allMatch(Bar::passed);
  }
}
