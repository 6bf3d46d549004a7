package io.varve.bench.cluster;

import com.fasterxml.jackson.annotation.JsonIgnore;
import io.varve.bench.cluster.HistoryChecker.Verdict;
import io.varve.bench.cluster.Operation.Read;
import io.varve.bench.cluster.Operation.Write;
import java.io.PrintStream;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What came of a run under faults.
 *
 * @param faults how often each kind was carried out
 * @param left kinds of fault that could not be had here
 * @param acknowledged samples, each once
 * @param operations by what was asked for, then by the status of the answer
 * @param longestGapSeconds in which no write was acknowledged
 * @param slowestSeconds from the end of a fault until writes went on
 * @param violations how often, by kind
 * @param told the first of each kind, in words
 * @param problem why the run ended early, null if it did not
 */
record NemesisReport(
    long seed,
    double seconds,
    Map<FaultKind, Integer> faults,
    List<FaultKind> left,
    long acknowledged,
    Map<String, Map<Integer, Integer>> operations,
    double longestGapSeconds,
    double slowestSeconds,
    Map<Violation.Kind, Integer> violations,
    List<String> told,
    List<Nemesis.Done> done,
    @Nullable String problem) {

  static NemesisReport of(
      long seed,
      long beginNanos,
      List<FaultKind> left,
      List<Nemesis.Done> done,
      List<Operation> operations,
      Verdict verdict,
      @Nullable String problem) {
    Map<FaultKind, Integer> faults = new EnumMap<>(FaultKind.class);
    done.forEach(one -> faults.merge(one.fault().kind(), 1, Integer::sum));
    Map<String, Map<Integer, Integer>> counts = new TreeMap<>();
    long acknowledged = 0;
    long last = beginNanos;
    long longest = 0;
    for (Operation operation : operations) {
      String kind =
          switch (operation) {
            case Write write -> "write";
            case Read read -> read.level() + " read" + (read.complete() ? "" : ", incomplete");
          };
      counts.computeIfAbsent(kind, k -> new TreeMap<>()).merge(operation.status(), 1, Integer::sum);
      if (operation instanceof Write write && write.done()) {
        acknowledged += write.runs().stream().mapToInt(Run::samples).sum();
        longest = Math.max(longest, write.completed() - last);
        last = Math.max(last, write.completed());
      }
    }
    return new NemesisReport(
        seed,
        (System.nanoTime() - beginNanos) / 1e9,
        faults,
        left,
        acknowledged,
        counts,
        longest / 1e9,
        done.stream().mapToDouble(Nemesis.Done::againSeconds).max().orElse(0),
        verdict.counts(),
        verdict.told().stream()
            .map(
                one ->
                    one.kind()
                        + ": "
                        + one.what()
                        + ": "
                        + History.line(one.operation(), beginNanos))
            .toList(),
        done,
        problem);
  }

  /** How many faults were carried out. */
  @JsonIgnore
  int count() {
    return faults.values().stream().mapToInt(Integer::intValue).sum();
  }

  @JsonIgnore
  boolean passed() {
    return violations.isEmpty() && problem == null;
  }

  void print(PrintStream out) {
    out.printf(
        Locale.ROOT,
        "Faults: %d in %.0f s, seed %d; %,d samples acknowledged; longest time without an"
            + " acknowledgement %.1f s; writes again at most %.1f s after the end of a fault%n%n",
        count(),
        seconds,
        seed,
        acknowledged,
        longestGapSeconds,
        slowestSeconds);
    out.println("| fault | times |\n|---|--:|");
    faults.forEach((kind, times) -> out.println("| " + kind.title() + " | " + times + " |"));
    left.forEach(kind -> out.println("| " + kind.title() + " | not possible here |"));
    out.println("\n| asked for | answered | refused | no answer |\n|---|--:|--:|--:|");
    operations.forEach(
        (kind, statuses) -> {
          int answered = 0;
          int refused = 0;
          for (Map.Entry<Integer, Integer> status : statuses.entrySet()) {
            if (status.getKey() / 100 == 2) {
              answered += status.getValue();
            } else if (status.getKey() != Operation.NO_ANSWER) {
              refused += status.getValue();
            }
          }
          out.printf(
              Locale.ROOT,
              "| %s | %,d | %,d | %,d |%n",
              kind,
              answered,
              refused,
              statuses.getOrDefault(Operation.NO_ANSWER, 0));
        });
    out.println();
    if (violations.isEmpty()) {
      out.println("No violation.");
    }
    violations.forEach((kind, times) -> out.println("VIOLATED: " + kind.title() + ": " + times));
    told.forEach(line -> out.println("  " + line));
    if (problem != null) {
      out.println("ENDED EARLY: " + problem);
    }
  }
}
