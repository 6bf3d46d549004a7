package io.varve.bench.peers;

import io.varve.bench.workload.WorkloadKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What Varve is held to: a ratio to VictoriaMetrics, or a figure of its own.
 *
 * @param what the title of the figure or the text of the query
 * @param value the ratio, or the figure
 * @param limit that it must not exceed; of {@code atLeast} must reach
 */
record Bar(String what, double value, double limit, boolean atLeast) {
  private static final double MEMORY_SLACK_MB = 60;
  private static final List<String> LONG_RANGE_FUNCTIONS =
      List.of(
          "max_over_time", "avg_over_time", "sum_over_time", "count_over_time", "increase", "rate");

  /** True if it is met. */
  boolean passed() {
    return atLeast ? value >= limit : value <= limit;
  }

  /**
   * The bars that a workload has.
   *
   * @param varve medians over rounds
   * @param victoria medians over rounds
   */
  static List<Bar> of(
      WorkloadKind kind,
      Map<Figure, Double> varve,
      Map<Figure, Double> victoria,
      List<PeerReport.QueryRow> queries) {
    List<Bar> bars = new ArrayList<>();
    Ratios ratios = new Ratios(varve, victoria, bars);
    switch (kind) {
      case FLEET -> {
        ratios.most(Figure.ALL_CPU_LAST, 0.25);
        ratios.least(Figure.RATE_LAST, 3);
        double slack = MEMORY_SLACK_MB / value(victoria, Figure.PEAK_ANONYMOUS);
        ratios.most(Figure.PEAK_ANONYMOUS, 1 + slack);
        restart(varve, bars);
      }
      case NEW_SERIES -> {
        ratios.most(Figure.ALL_CPU_FIRST, 0.35);
        ratios.most(Figure.PEAK_ANONYMOUS, 1);
        restart(varve, bars);
      }
      case ROWS1 -> ratios.most(Figure.SETTLED_BYTES, 0.9);
      case ROWS15 -> ratios.most(Figure.SETTLED_BYTES, 0.85);
      case CHURN -> ratios.most(Figure.SETTLED_BYTES, 0.5);
      case MIXED -> {
        ratios.most(Figure.WRITE_P99, 1);
        ratios.most(Figure.QUERY_P99, 1);
      }
      case OUT_OF_ORDER, LONG_RANGE -> {}
    }
    queries(kind, queries, bars);
    return bars;
  }

  private static void restart(Map<Figure, Double> varve, List<Bar> bars) {
    bars.add(new Bar(Figure.RESTART.title(), value(varve, Figure.RESTART), 1, false));
  }

  private static void queries(
      WorkloadKind kind, List<PeerReport.QueryRow> queries, List<Bar> bars) {
    double logarithms = 0;
    int count = 0;
    for (PeerReport.QueryRow query : queries) {
      double ratio = query.ratio();
      if (Double.isNaN(ratio)) {
        continue;
      }
      logarithms += Math.log(ratio);
      count++;
      boolean overDays =
          kind == WorkloadKind.LONG_RANGE
              && query.group().equals("long range")
              && LONG_RANGE_FUNCTIONS.stream().anyMatch(f -> query.query().contains(f + "("));
      bars.add(new Bar(query.query(), ratio, overDays ? 0.1 : 1, false));
    }
    if (count > 0) {
      bars.add(new Bar("queries, geometric mean", Math.exp(logarithms / count), 0.35, false));
    }
  }

  private static double value(Map<Figure, Double> medians, Figure figure) {
    return medians.getOrDefault(figure, Double.NaN);
  }

  private record Ratios(Map<Figure, Double> varve, Map<Figure, Double> victoria, List<Bar> bars) {
    void most(Figure figure, double limit) {
      bars.add(new Bar(figure.title(), ratio(figure), limit, false));
    }

    void least(Figure figure, double limit) {
      bars.add(new Bar(figure.title(), ratio(figure), limit, true));
    }

    private double ratio(Figure figure) {
      return value(varve, figure) / value(victoria, figure);
    }
  }
}
