package io.varve.bench.peers;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Compares answers of the stores. Prometheus is the oracle, to 1e-9 of each value; VictoriaMetrics,
 * whose functions are defined otherwise, is compared by the number of series, unless values decide
 * which ones there are.
 */
final class AnswerCheck {
  private static final double TOLERANCE = 1e-9;
  private static final Pattern BY_VALUE = Pattern.compile("topk|[<>]=? *-?\\d");

  private final List<String> failures = new ArrayList<>();
  private final List<String> remarks = new ArrayList<>();

  /** Compares the answers to one query. */
  void compare(BenchQuery query, Map<Peer, QueryAnswer> answers) {
    QueryAnswer varve = answers.get(Peer.VARVE);
    QueryAnswer prometheus = answers.get(Peer.PROMETHEUS);
    QueryAnswer victoria = answers.get(Peer.VICTORIA_METRICS);
    if (varve == null) {
      return;
    }
    if (varve.size() == 0 && (prometheus == null || prometheus.size() > 0)) {
      failures.add(query.text() + ": the answer is empty and so proves nothing");
    }
    if (prometheus != null) {
      String difference = varve.difference(prometheus, TOLERANCE);
      if (difference != null) {
        failures.add(query.text() + ": the answer of varve " + difference);
      }
    }
    if (victoria != null && varve.size() != victoria.size()) {
      String differs =
          "`%s`: varve answers %d series, victoria-metrics %d"
              .formatted(query.text(), varve.size(), victoria.size());
      if (prometheus != null && prometheus.size() == varve.size()) {
        remark(differs + ", prometheus as many as varve");
      } else if (BY_VALUE.matcher(query.text()).find()) {
        remark(differs + ": which ones depends on their values");
      } else {
        failures.add(differs);
      }
    }
  }

  /** Says what is wrong. */
  void fail(String what) {
    failures.add(what);
  }

  /** Says what is different, but not wrong. */
  void remark(String what) {
    if (!remarks.contains(what)) {
      remarks.add(what);
    }
  }

  /** What is wrong, empty if nothing is. */
  List<String> failures() {
    return List.copyOf(failures);
  }

  /** What is different, but not wrong. */
  List<String> remarks() {
    return List.copyOf(remarks);
  }
}
