package io.varve.bench.fuzz;

import com.fasterxml.jackson.databind.JsonNode;
import io.varve.bench.fuzz.Term.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Where Varve may answer otherwise than Prometheus 2.42, each with the reason: Varve answers as
 * Prometheus 3.14 does. They are looked at once a difference has been made as small as it gets, so
 * each speaks of a small expression.
 */
enum AcceptedDifference {
  /**
   * Since 2.47 {@code atan2} drops the metric name as all arithmetic does (prometheus/prometheus
   * #12595).
   */
  ATAN2_DROPS_THE_NAME {
    @Override
    boolean covers(Case c) {
      return c.term.head().equals("atan2")
          && (c.there.toString().contains("__name__") || isError(c.here, "same labelset"));
    }
  },

  /**
   * Since 2.52 a counter is extrapolated to the left by half a spacing at most before it is asked
   * where it was zero (#13725), and since 3.x that is asked of native histograms, too; so the
   * result may only be smaller than it was.
   */
  COUNTERS_REACH_LESS_FAR_BACK {
    @Override
    boolean covers(Case c) {
      return (c.term.head().equals("rate") || c.term.head().equals("increase"))
          && all(
              c,
              (there, here) ->
                  same(there, here) || (here >= 0 && here < there && here >= there / 4));
    }
  },

  /**
   * Since 2.50 a range that {@code @} pins stays where it is in a range query also if another
   * argument changes with the time (#13559).
   */
  PINNED_RANGES_STAY {
    @Override
    boolean covers(Case c) {
      return c.isRange
          && c.term.has("@")
          && List.of("predict_linear", "quantile_over_time", "holt_winters")
              .contains(c.term.head());
    }
  },

  /**
   * Since 3.x a match group may have one element on the side of one also where the comparison would
   * filter the others away.
   */
  FILTERED_PAIRS_COUNT_AS_MATCHES {
    @Override
    boolean covers(Case c) {
      return List.of("==", "!=", ">", "<", ">=", "<=").contains(c.term.head())
          && c.there.path("status").asText().equals("success")
          && isError(c.here, "multiple matches for labels");
    }
  },

  /** Which of equal elements is among the best depends on the order in which a store has series. */
  TIES {
    @Override
    boolean covers(Case c) {
      return (c.term.head().equals("topk") || c.term.head().equals("bottomk"))
          && valuesByTime(c.there).equals(valuesByTime(c.here));
    }
  },

  /** Sums are compensated since 3.x: the last digits of what is turned into a label differ. */
  COUNTED_VALUES_IN_THEIR_LAST_DIGITS {
    @Override
    boolean covers(Case c) {
      if (!c.term.head().equals("count_values")) {
        return false;
      }
      return countedValues(c.there).equals(countedValues(c.here));
    }
  },

  /** Since 3.x the deviation of a group whose first value is NaN or infinite is NaN, not 0. */
  DEVIATION_FROM_NO_NUMBER {
    @Override
    boolean covers(Case c) {
      return c.term.has("stddev", "stdvar")
          && all(c, (there, here) -> Double.isNaN(here) || same(there, here));
    }
  },

  /**
   * Sums are compensated since 3.x, and what they are turned into may be sensitive to their last
   * digits: the sum itself does not differ, or it would be the small expression.
   */
  LAST_DIGITS_MADE_LARGE {
    @Override
    boolean covers(Case c) {
      return List.of("sin", "cos", "tan", "%", "ceil", "floor", "round").contains(c.term.head())
          && c.term.any(term -> term.head().matches("(sum|avg|std).*|deriv|predict_linear"))
          && all(c, (there, here) -> true);
    }
  },

  /** Sums and means of negative zeros are zeros without a sign since 3.x. */
  SUMS_OF_NEGATIVE_ZEROS {
    @Override
    boolean covers(Case c) {
      return List.of("sum", "avg", "sum_over_time", "avg_over_time").contains(c.term.head())
          && all(c, (there, here) -> same(there, here) || (there == 0 && here == 0));
    }
  },

  /**
   * Sums are compensated since 3.x, and deviations depend on the order of series: what is left
   * where large addends cancel each other out.
   */
  SUMS_THAT_CANCEL_OUT {
    @Override
    boolean covers(Case c) {
      return List.of("sum", "avg", "stddev", "stdvar").contains(c.term.head())
          && all(
              c,
              (there, here) ->
                  same(there, here)
                      || Math.abs(there - here) < 1e-9 * Math.max(1, 1e3 * Math.abs(there)));
    }
  },

  /** Since 3.0 quantiles interpolate exponentially inside a bucket of a native histogram. */
  QUANTILES_OF_NATIVE_HISTOGRAMS {
    @Override
    boolean covers(Case c) {
      return List.of("histogram_quantile", "histogram_fraction").contains(c.term.head())
          && c.term.any(term -> term.kind() == Kind.HISTOGRAMS)
          && all(c, (there, here) -> true);
    }
  },

  /** Zeros of different sign are equal: which of them a sorted list has where is open. */
  QUANTILES_AMONG_ZEROS {
    @Override
    boolean covers(Case c) {
      return List.of("quantile", "quantile_over_time").contains(c.term.head())
          && all(c, (there, here) -> same(there, here) || (there == 0 && here == 0));
    }
  },

  /**
   * Prometheus forgets the offset of a selector with {@code @} as the argument of {@code
   * timestamp}, but reads samples by it; Varve does not forget it.
   */
  TIMESTAMPS_WITH_OFFSET_AND_PIN {
    @Override
    boolean covers(Case c) {
      return c.term.head().equals("timestamp")
          && c.term.any(term -> term.head().equals("@") && term.toString().contains("offset"));
    }
  },

  /**
   * What {@code @} pins is evaluated by Prometheus once also in a subquery that has no step at all:
   * only by that it notices what is an error there.
   */
  ERRORS_IN_EMPTY_SUBQUERIES {
    @Override
    boolean covers(Case c) {
      return c.term.has("<subquery>")
          && c.term.has("@")
          && isError(c.there, "invalid (smoothing|trend) factor|same labelset")
          && c.here.path("status").asText().equals("success");
    }
  };

  /** A difference that has been made small. */
  record Case(Term term, boolean isRange, JsonNode there, JsonNode here) {}

  private interface Pair {
    boolean test(double there, double here);
  }

  abstract boolean covers(Case difference);

  /** The one that covers a difference, null if none does. */
  static @Nullable AcceptedDifference of(Case difference) {
    for (AcceptedDifference accepted : values()) {
      if (accepted.covers(difference)) {
        return accepted;
      }
    }
    return null;
  }

  private static boolean isError(JsonNode answer, String pattern) {
    return answer.path("status").asText().equals("error")
        && answer.path("error").asText().matches("(?s).*(" + pattern + ").*");
  }

  private static boolean same(double there, double here) {
    return Double.compare(there, here) == 0 || Math.abs(there - here) <= 1e-9 * Math.abs(there);
  }

  /** True if both have the same series and times and the pair holds for all values. */
  private static boolean all(Case c, Pair pair) {
    Map<String, String> there = points(c.there);
    Map<String, String> here = points(c.here);
    if (there.isEmpty() || !there.keySet().equals(here.keySet())) {
      return false;
    }
    return there.entrySet().stream()
        .allMatch(
            e -> pair.test(number(e.getValue()), number(String.valueOf(here.get(e.getKey())))));
  }

  /** Values by labels and time, a histogram by its count. */
  private static Map<String, String> points(JsonNode answer) {
    Map<String, String> points = new TreeMap<>();
    for (JsonNode series : answer.at("/data/result")) {
      Map<String, String> labels = new TreeMap<>();
      series
          .path("metric")
          .properties()
          .forEach(l -> labels.put(l.getKey(), l.getValue().asText()));
      for (JsonNode point : pointsOf(series)) {
        JsonNode value = point.get(1);
        points.put(
            labels + "@" + point.get(0).asText(),
            value.isObject() ? value.path("count").asText() : value.asText());
      }
    }
    return points;
  }

  private static List<JsonNode> pointsOf(JsonNode series) {
    List<JsonNode> points = new ArrayList<>();
    for (String key : List.of("values", "histograms")) {
      series.path(key).forEach(points::add);
    }
    for (String key : List.of("value", "histogram")) {
      if (series.has(key)) {
        points.add(series.get(key));
      }
    }
    return points;
  }

  private static Map<String, List<String>> valuesByTime(JsonNode answer) {
    Map<String, List<String>> values = new TreeMap<>();
    for (JsonNode series : answer.at("/data/result")) {
      for (JsonNode point : pointsOf(series)) {
        values
            .computeIfAbsent(point.get(0).asText(), t -> new ArrayList<>())
            .add(point.get(1).asText());
      }
    }
    values.values().forEach(list -> list.sort(null));
    return values;
  }

  /** The values that were counted, without their last digits. */
  private static Set<String> countedValues(JsonNode answer) {
    Set<String> values = new TreeSet<>();
    for (JsonNode series : answer.at("/data/result")) {
      JsonNode labels = series.path("metric");
      String label = labels.has("value") ? "value" : labels.has("v") ? "v" : "job";
      String text = labels.path(label).asText();
      values.add(text.isEmpty() ? "" : String.format(Locale.ROOT, "%.9e", number(text)));
    }
    return values;
  }

  private static double number(String text) {
    return switch (text) {
      case "+Inf" -> Double.POSITIVE_INFINITY;
      case "-Inf" -> Double.NEGATIVE_INFINITY;
      case "NaN" -> Double.NaN;
      default -> Double.parseDouble(text);
    };
  }
}
