package io.varve.bench.fuzz;

import com.fasterxml.jackson.databind.JsonNode;
import io.varve.bench.fuzz.Case.Addends;
import io.varve.bench.fuzz.Part.Word;
import io.varve.bench.fuzz.Points.Place;
import io.varve.bench.fuzz.Term.Kind;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where Varve may answer otherwise than Prometheus 2.42, each with the reason: Varve answers as
 * Prometheus 3.14 does. They are looked at once a difference has been made as small as it gets, so
 * each speaks of a small expression; and each covers only what its reason explains, for which some
 * ask both servers further questions.
 */
enum AcceptedDifference {
  /**
   * Since 2.47 {@code atan2} drops the metric name as all arithmetic does (prometheus/prometheus
   * #12595).
   */
  ATAN2_DROPS_THE_NAME {
    @Override
    boolean covers(Case c) {
      return c.isHead("atan2")
          && c.there.toString().contains("__name__")
          && (c.those.distinct
              ? c.all((there, here) -> false)
              : isError(c.here, "same labelset|grouping labels must ensure unique matches"));
    }
  },

  /**
   * Since 2.52 a counter is extrapolated to the left by half a spacing at most before it is asked
   * where it was zero (#13725), and since 3.x that is asked of native histograms, too; so the
   * result may only be smaller than it was, by no more than 1.1 spacings at either end of a range
   * that has one spacing at least.
   */
  COUNTERS_REACH_LESS_FAR_BACK {
    @Override
    boolean covers(Case c) {
      return c.isHead("rate", "increase")
          && c.all((there, here) -> here >= 0 && here < there && here * 3.21 >= there);
    }
  },

  /**
   * Since 2.50 a range that {@code @} pins stays where it is in a range query also if another
   * argument changes with the time (#13559): at every step as in an instant query. The same goes
   * for the steps of a subquery.
   */
  PINNED_RANGES_STAY {
    @Override
    boolean covers(Case c) throws IOException, InterruptedException {
      if (!c.term.has("@")) {
        return false;
      }
      List<String> heads = List.of("predict_linear", "quantile_over_time", "holt_winters");
      if (!c.span.isRange() || !heads.contains(c.term.head())) {
        return c.differsBySteps(inner -> heads.contains(inner.head()));
      }
      for (Place place : c.differences()) {
        long time = new BigDecimal(place.time()).movePointRight(3).longValue();
        Double there = null;
        for (Map.Entry<Place, Double> e : c.thereAt(time).numbers().entrySet()) {
          if (e.getKey().labels().equals(place.labels())) {
            there = e.getValue();
          }
        }
        Double here = c.these.at(place);
        boolean agrees =
            (there == null || here == null) ? Objects.equals(there, here) : Case.same(there, here);
        if (!agrees) {
          return false;
        }
      }
      return true;
    }
  },

  /**
   * Since 3.x a match group may have one element on the side of one also where the comparison would
   * filter the others away: it is the error that it always was with {@code bool}.
   */
  FILTERED_PAIRS_COUNT_AS_MATCHES {
    @Override
    boolean covers(Case c) throws IOException, InterruptedException {
      if (!c.isHead("==", "!=", ">", "<", ">=", "<=")
          || !c.there.path("status").asText().equals("success")
          || !isError(c.here, "multiple matches for labels")) {
        return false;
      }
      List<Part> parts = c.term.parts();
      for (int i = 0; i + 1 < parts.size(); i++) {
        if (parts.get(i) instanceof Word word && word.varve().equals(" " + c.term.head() + " ")) {
          Term withBool = c.term.with(i + 1, new Word("bool ", "bool "));
          return isError(c.askThere(withBool.prometheus()), "multiple matches for labels");
        }
      }
      return false;
    }
  },

  /**
   * Which of equal elements is among the best depends on the order in which a store has series, and
   * in Prometheus on chance where a function made them.
   */
  TIES {
    @Override
    boolean covers(Case c) throws IOException, InterruptedException {
      if (c.isHead("topk", "bottomk")) {
        return sameLists(byTime(c.those, null), byTime(c.these, null));
      }
      for (Term best : c.term.below(t -> t.head().equals("topk") || t.head().equals("bottomk"))) {
        Case inner = c.of(best);
        for (Term from : inner.arguments(Kind.VECTOR)) {
          if (hasTies(new Points(c.askThere(from.prometheus())))
              && sameLists(byTime(inner.those, null), byTime(inner.these, null))) {
            return true;
          }
        }
      }
      return false;
    }

    private boolean hasTies(Points points) {
      for (List<Double> values : byTime(points, null).values()) {
        for (int i = 1; i < values.size(); i++) {
          if (Case.same(values.get(i - 1), values.get(i))
              || (values.get(i - 1) == 0 && values.get(i) == 0)) {
            return true;
          }
        }
      }
      return false;
    }
  },

  /** Sums are compensated since 3.x: the last digits of what is turned into a label differ. */
  COUNTED_VALUES_IN_THEIR_LAST_DIGITS {
    @Override
    boolean covers(Case c) {
      Matcher label = COUNTED.matcher(c.term.varve());
      return c.isHead("count_values")
          && label.find()
          && sameLists(byTime(c.those, label.group(1)), byTime(c.these, label.group(1)));
    }
  },

  /** Since 3.x the deviation of a group whose first value is NaN or infinite is NaN, not 0. */
  DEVIATION_FROM_NO_NUMBER {
    @Override
    boolean covers(Case c) {
      return c.isHead("stddev", "stdvar")
          && c.all((there, here) -> there == 0 && Double.isNaN(here));
    }
  },

  /**
   * Sums are compensated since 3.x, and powers, exponentials and arc tangents are the JDK's, not
   * Go's: their last digits differ, and what they are turned into here may be sensitive to these.
   */
  LAST_DIGITS_MADE_LARGE {
    @Override
    boolean covers(Case c) throws IOException, InterruptedException {
      return SENSITIVE.contains(c.term.head()) && c.isMadeOfLastDigits();
    }
  },

  /** Sums and means of negative zeros are zeros without a sign since 3.x. */
  SUMS_OF_NEGATIVE_ZEROS {
    @Override
    boolean covers(Case c) {
      return c.isHead("sum", "avg", "sum_over_time", "avg_over_time")
          && c.all((there, here) -> there == 0 && here == 0);
    }
  },

  /**
   * Sums are compensated since 3.x, and deviations depend on the order of series: what is left
   * where large addends cancel each other out is within what rounding these may do.
   */
  SUMS_THAT_CANCEL_OUT {
    @Override
    boolean covers(Case c) throws IOException, InterruptedException {
      boolean mean = c.isHead("avg", "avg_over_time");
      boolean squares = c.isHead("stddev", "stddev_over_time");
      if (!mean && !squares && !c.isHead("sum", "sum_over_time", "stdvar", "stdvar_over_time")) {
        return false;
      }
      boolean variance = squares || c.isHead("stdvar", "stdvar_over_time");
      Map<Place, Addends> addends = c.addends();
      return c.all(
          (place, there, here) -> {
            Addends a = addends.get(place);
            if (a == null) {
              return false;
            }
            double most = variance ? a.largest() * a.largest() : a.largest();
            double count = mean || variance ? a.count() : a.count() * a.count();
            double difference =
                squares ? Math.abs(there * there - here * here) : Math.abs(there - here);
            return difference <= 4 * Math.ulp(1.0) * count * most;
          });
    }
  },

  /**
   * Since 3.x the compensation of a sum is forgotten where the sum is infinite; before it made a
   * NaN of it.
   */
  INFINITE_SUMS {
    @Override
    boolean covers(Case c) throws IOException, InterruptedException {
      if (!c.isHead(
          "sum_over_time",
          "avg_over_time",
          "stddev_over_time",
          "stdvar_over_time",
          "predict_linear",
          "deriv")) {
        return false;
      }
      Map<Place, Addends> addends = c.addends();
      return c.all(
          (place, there, here) -> {
            Addends a = addends.get(place);
            return Double.isNaN(there)
                && Double.isInfinite(here)
                && a != null
                && a.largest() > 1e150;
          });
    }
  },

  /**
   * Since 3.0 quantiles interpolate exponentially inside a bucket of a native histogram; buckets of
   * the data are at most twice as wide as they begin. And empty buckets are passed over, of which
   * the quantile 0 was 0/0, and higher quantiles are searched from above, which finds another
   * bucket where those of a delta have negative counts.
   */
  QUANTILES_OF_NATIVE_HISTOGRAMS {
    @Override
    boolean covers(Case c) {
      return c.term.any(term -> term.kind() == Kind.HISTOGRAMS)
          && (c.isHead("histogram_quantile")
              ? c.all(
                  (there, here) ->
                      (there / here > 0.49 && there / here < 2.01)
                          || c.term.has("delta")
                          || (Double.isNaN(there) && c.term.varve().contains("quantile(0,")))
              : c.isHead("histogram_fraction")
                  && c.all((there, here) -> there >= 0 && there <= 1 && here >= 0 && here <= 1));
    }
  },

  /** Go's exponential for amd64 is infinite from 2 to the 1023.5 on, the JDK's from 1024 on. */
  EXPONENTIALS_NEAR_INFINITY {
    @Override
    boolean covers(Case c) {
      return c.isHead("exp", "sinh", "cosh")
          && c.all((there, here) -> Double.isInfinite(there) && Math.abs(here) > 6e307);
    }
  },

  /**
   * Go's logarithm for amd64 does not know subnormal numbers; that for arm64 does, as the JDK's.
   */
  LOGARITHMS_OF_SUBNORMALS {
    @Override
    boolean covers(Case c) throws IOException, InterruptedException {
      if (!c.isHead("ln")) {
        return false;
      }
      Map<Place, Addends> of = c.addends();
      return c.all(
          (place, there, here) -> {
            Addends a = of.get(place);
            return a != null && a.least() < Double.MIN_NORMAL && here < there;
          });
    }
  },

  /** Zeros of different sign are equal: which of them a sorted list has where is open. */
  QUANTILES_AMONG_ZEROS {
    @Override
    boolean covers(Case c) {
      return c.isHead("quantile", "quantile_over_time")
          && c.all((there, here) -> there == 0 && here == 0);
    }
  },

  /**
   * Since 3.4 a parameter of an aggregation may change, and is an error where it is NaN (#16404).
   */
  PARAMETERS_THAT_ARE_NO_NUMBER {
    @Override
    boolean covers(Case c) throws IOException, InterruptedException {
      if (!c.isHead("topk", "bottomk") || !isError(c.here, "Parameter value is NaN")) {
        return false;
      }
      for (Term parameter : c.arguments(Kind.SCALAR)) {
        if (new Points(c.askThere(parameter.prometheus())).texts.containsValue("NaN")) {
          return true;
        }
      }
      return false;
    }
  },

  /**
   * Since 3.4 nothing is evaluated of a subquery that has no step at all (#16352); before, what
   * {@code @} pins was evaluated once, and could be found to be an error.
   */
  ERRORS_IN_EMPTY_SUBQUERIES {
    @Override
    boolean covers(Case c) throws IOException, InterruptedException {
      if (!c.term.has("@")
          || !isError(c.there, "invalid (smoothing|trend) factor|same labelset|match")
          || !c.here.path("status").asText().equals("success")) {
        return false;
      }
      for (Term subquery : c.term.below(term -> term.head().equals("<subquery>"))) {
        for (int i = 0; i < subquery.parts().size(); i++) {
          if (subquery.parts().get(i) instanceof Term inner && inner.kind() == Kind.VECTOR) {
            Term steps = subquery.with(i, Term.of(Kind.VECTOR, "vector", "vector(1)"));
            JsonNode count = c.askThere("count_over_time(" + steps.prometheus() + ")");
            if (count.at("/data/result").isEmpty()) {
              return true;
            }
          }
        }
      }
      return false;
    }
  };

  private static final Pattern COUNTED = Pattern.compile("count_values[^\"]*\"(\\w+)\"");

  /** What may make much of little. */
  private static final List<String> SENSITIVE =
      List.of(
          "sin",
          "cos",
          "tan",
          "%",
          "ceil",
          "floor",
          "round",
          "-",
          "+",
          "==",
          "!=",
          ">",
          "<",
          ">=",
          "<=",
          "rate",
          "increase",
          "irate",
          "delta",
          "idelta",
          "deriv",
          "predict_linear",
          "resets",
          "changes",
          "stddev",
          "stdvar",
          "stddev_over_time",
          "stdvar_over_time",
          "topk",
          "bottomk",
          "hour",
          "minute",
          "day_of_month",
          "sgn",
          "acosh",
          "atanh",
          "holt_winters");

  abstract boolean covers(Case difference) throws IOException, InterruptedException;

  /** The one that covers a difference, null if none does. */
  static @Nullable AcceptedDifference of(Case difference) throws IOException, InterruptedException {
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

  /**
   * The numbers of each time, sorted; of a label in place of the value by the other labels, too,
   * each as often as it is counted.
   */
  private static Map<String, List<Double>> byTime(Points points, @Nullable String label) {
    Map<String, List<Double>> lists = new TreeMap<>();
    points.texts.forEach(
        (place, text) -> {
          String key = place.time();
          double value = Points.number(text);
          int times = 1;
          if (label != null) {
            Map<String, String> others = new TreeMap<>(place.labels());
            others.remove(label);
            key += others;
            times = (int) value;
            value = Points.number(place.labels().getOrDefault(label, "NaN"));
          }
          lists
              .computeIfAbsent(key, k -> new ArrayList<>())
              .addAll(Collections.nCopies(times, value));
        });
    lists.values().forEach(list -> list.sort(null));
    return lists;
  }

  private static boolean sameLists(
      Map<String, List<Double>> there, Map<String, List<Double>> here) {
    if (there.isEmpty() || !there.keySet().equals(here.keySet())) {
      return false;
    }
    for (Map.Entry<String, List<Double>> e : there.entrySet()) {
      List<Double> a = e.getValue();
      List<Double> b = here.getOrDefault(e.getKey(), List.of());
      if (a.size() != b.size()) {
        return false;
      }
      for (int i = 0; i < a.size(); i++) {
        if (!Case.same(a.get(i), b.get(i)) && !(a.get(i) == 0 && b.get(i) == 0)) {
          return false;
        }
      }
    }
    return true;
  }
}
