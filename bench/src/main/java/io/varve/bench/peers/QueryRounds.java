package io.varve.bench.peers;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Asks stores the same queries, in turns if there are several, one run of a query each, so that
 * whatever else the machine does falls upon all alike: each query once, which is its first time
 * after the start; some rounds over all that do not count; then each query as often as asked for.
 *
 * @param warmup rounds that do not count; fewer if they take more than a minute per store
 * @param runs of a query that count
 */
record QueryRounds(List<BenchQuery> queries, int warmup, int runs, CacheUse caches) {
  private static final long MOST_WARMUP_NANOS = 60_000_000_000L; // per store

  /**
   * What a store answered and how long it took.
   *
   * @param answer to the first run
   */
  record Result(QueryTimes times, QueryAnswer answer) {}

  /** A store that does not answer a query as it should. */
  static final class RefusedException extends IOException {
    private static final long serialVersionUID = 1;

    private final String why;

    RefusedException(String why) {
      super(why);
      this.why = why;
    }
  }

  /**
   * Asks.
   *
   * @param check learns of queries that are refused; they have no result
   */
  Map<BenchQuery, Map<Peer, Result>> ask(List<RunningStore> stores, AnswerCheck check)
      throws IOException, InterruptedException {
    Map<BenchQuery, Map<Peer, Double>> firsts = new LinkedHashMap<>();
    Map<BenchQuery, Map<Peer, QueryAnswer>> answers = new LinkedHashMap<>();
    for (BenchQuery query : queries) {
      Map<Peer, Double> times = new EnumMap<>(Peer.class);
      Map<Peer, QueryAnswer> bodies = new EnumMap<>(Peer.class);
      for (RunningStore store : stores) {
        try {
          long begin = System.nanoTime();
          String body = run(store, query, 0);
          times.put(store.peer(), (System.nanoTime() - begin) / 1e6);
          bodies.put(store.peer(), QueryAnswer.parse(body));
        } catch (RefusedException e) {
          if (store.peer() == Peer.VARVE) {
            check.fail(e.why);
          } else {
            check.remark(e.why);
          }
        }
      }
      firsts.put(query, times);
      answers.put(query, bodies);
    }
    long warmingUntil = System.nanoTime() + stores.size() * MOST_WARMUP_NANOS;
    for (int round = 0; round < warmup && System.nanoTime() < warmingUntil; round++) {
      for (BenchQuery query : queries) {
        for (RunningStore store : stores) {
          if (answers.getOrDefault(query, Map.of()).containsKey(store.peer())) {
            run(store, query, round + 1);
          }
        }
      }
    }
    Map<BenchQuery, Map<Peer, Result>> table = new LinkedHashMap<>();
    for (BenchQuery query : queries) {
      table.put(
          query,
          measure(
              stores,
              query,
              firsts.getOrDefault(query, Map.of()),
              answers.getOrDefault(query, Map.of())));
    }
    return table;
  }

  private Map<Peer, Result> measure(
      List<RunningStore> stores,
      BenchQuery query,
      Map<Peer, Double> firsts,
      Map<Peer, QueryAnswer> answers)
      throws IOException, InterruptedException {
    List<RunningStore> asked =
        stores.stream().filter(store -> answers.containsKey(store.peer())).toList();
    double[][] millis = new double[asked.size()][runs];
    double[] cpu = new double[asked.size()];
    for (int run = 0; run < runs; run++) {
      for (int s = 0; s < asked.size(); s++) {
        RunningStore store = asked.get(s);
        double before = store.server().cpuSeconds();
        long begin = System.nanoTime();
        run(store, query, warmup + 1 + run);
        millis[s][run] = (System.nanoTime() - begin) / 1e6;
        cpu[s] += (store.server().cpuSeconds() - before) * 1e3;
      }
    }
    Map<Peer, Result> row = new EnumMap<>(Peer.class);
    for (int s = 0; s < asked.size(); s++) {
      Peer peer = asked.get(s).peer();
      QueryAnswer answer = answers.getOrDefault(peer, new QueryAnswer());
      row.put(
          peer,
          new Result(
              QueryTimes.of(
                  firsts.getOrDefault(peer, 0.0), millis[s], cpu[s] / runs, answer.size()),
              answer));
    }
    return row;
  }

  private String run(RunningStore store, BenchQuery query, int run)
      throws IOException, InterruptedException {
    HttpResponse<String> answer = store.client().get(query.path(caches, run));
    if (answer.statusCode() != 200) {
      String body = answer.body();
      throw new RefusedException(
          "%s answered %s to %s: %s"
              .formatted(
                  store.peer().program(),
                  answer.statusCode(),
                  query.text(),
                  body.substring(0, Math.min(300, body.length())).trim()));
    }
    return answer.body();
  }
}
