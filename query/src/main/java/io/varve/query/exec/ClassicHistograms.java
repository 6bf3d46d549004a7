package io.varve.query.exec;

import io.varve.engine.model.Labels;
import io.varve.query.function.Absent;
import io.varve.query.function.Buckets;
import io.varve.query.function.GoText;
import io.varve.query.function.Quantiles;
import io.varve.query.promql.Position;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * histogram_quantile, histogram_quantiles and histogram_fraction over classic histograms: series
 * that differ only in their label {@code le} are the buckets of one histogram. A histogram is
 * evaluated from its own series, whichever worker does it.
 */
final class ClassicHistograms extends SeriesOperator {
  /** What is asked of each histogram. */
  sealed interface Question {}

  /**
   * A quantile.
   *
   * @param q a column of steps
   * @param position of the argument
   */
  record Quantile(double[] q, Position position) implements Question {}

  /** The share between two values, columns of steps. */
  record Fraction(double[] lower, double[] upper) implements Question {}

  private final SeriesOperator inner;
  private final List<? extends Question> questions;
  private final @Nullable String quantileLabel;
  private final Position position;
  private final Buckets[] buckets;
  private final List<int[]> members = new ArrayList<>();
  private final List<Labels> names = new ArrayList<>();
  private double[] bounds = new double[0];
  private int[] histogramOf = new int[0];
  private int[] questionOf = new int[0];

  /** Values of the label, per output series; null without label. */
  private double @Nullable [] labelledQuantile;

  /**
   * @param questions quantiles, or one fraction
   * @param quantileLabel the label that names the quantile in the result; null if none
   * @param position of the vector argument
   */
  ClassicHistograms(
      SeriesOperator inner,
      List<? extends Question> questions,
      @Nullable String quantileLabel,
      Position position) {
    super(inner.query, inner.grid);
    this.inner = inner;
    this.questions = questions;
    this.quantileLabel = quantileLabel;
    this.position = position;
    this.buckets = new Buckets[query.workers()];
  }

  @Override
  Labels[] prepare() {
    for (Question question : questions) {
      if (question instanceof Quantile quantile) {
        for (double q : quantile.q) {
          if (Quantiles.isInvalid(q)) {
            query.annotations.invalidQuantile(q, quantile.position);
          }
        }
      }
    }
    Labels[] series = inner.prepare();
    bounds = new double[series.length];
    Map<Labels, List<Integer>> byName = new LinkedHashMap<>();
    List<Integer> malformed = new ArrayList<>();
    for (int i = 0; i < series.length; i++) {
      try {
        bounds[i] = GoText.parseFloat(series[i].get("le"));
      } catch (NumberFormatException e) {
        malformed.add(i);
        continue;
      }
      byName.computeIfAbsent(series[i].without("le"), key -> new ArrayList<>()).add(i);
    }
    warnOf(malformed, series);
    byName.forEach(
        (name, rows) -> {
          names.add(query.lateNames ? name : Rows.withoutMetadata(name));
          rows.sort((a, b) -> Double.compare(bounds[a], bounds[b])); // stable
          members.add(rows.stream().mapToInt(Integer::intValue).toArray());
        });
    return outputs();
  }

  /** A series without a bound is warned of only if it has a sample. */
  private void warnOf(List<Integer> malformed, Labels[] series) {
    Set<String> told = new HashSet<>();
    double[] column = new double[grid.count()];
    for (int row : malformed) {
      String le = series[row].get("le");
      String name = query.lateNames ? series[row].get(Labels.METRIC_NAME) : "";
      if (!told.contains(name + '\0' + le)) {
        query.parallel(1, 1, (from, to, worker) -> inner.evaluate(row, column, 0, worker));
        if (Absent.countPresent(column, 0, column.length) > 0) {
          told.add(name + '\0' + le);
          query.annotations.badBucket(le, name, position);
        }
      }
    }
  }

  /**
   * One output series per histogram and question; with a label, one per histogram and value that
   * the label takes at any step.
   */
  private Labels[] outputs() {
    List<Labels> labels = new ArrayList<>();
    List<Integer> histograms = new ArrayList<>();
    List<Integer> asked = new ArrayList<>();
    List<Double> values = new ArrayList<>();
    String label = quantileLabel;
    for (int question = 0; question < questions.size(); question++) {
      double[] distinct =
          label != null && questions.get(question) instanceof Quantile quantile
              ? Arrays.stream(quantile.q).distinct().toArray()
              : new double[] {0};
      for (double value : distinct) {
        for (int h = 0; h < names.size(); h++) {
          labels.add(
              label == null
                  ? names.get(h)
                  : new Labels.Builder(names.get(h)).set(label, openMetrics(value)).build());
          histograms.add(h);
          asked.add(question);
          values.add(value);
        }
      }
    }
    histogramOf = histograms.stream().mapToInt(Integer::intValue).toArray();
    questionOf = asked.stream().mapToInt(Integer::intValue).toArray();
    if (label != null) {
      labelledQuantile = values.stream().mapToDouble(Double::doubleValue).toArray();
    }
    return labels.toArray(new Labels[0]);
  }

  /** As OpenMetrics writes a number: with a point even if it is whole. */
  private static String openMetrics(double value) {
    String text = GoText.general(value);
    boolean whole = text.chars().allMatch(c -> (c >= '0' && c <= '9') || c == '-');
    return whole ? text + ".0" : text;
  }

  @Override
  @Nullable BitSet loseNames() {
    return query.lateNames ? LateNames.all(histogramOf.length) : null;
  }

  @Override
  void evaluate(int series, double[] out, int at, Worker worker) {
    int[] rows = members.get(histogramOf[series]);
    int steps = grid.count();
    query.checkSteps((long) rows.length * steps);
    double[] counts = scratch(worker, rows.length * steps);
    for (int r = 0; r < rows.length; r++) {
      inner.evaluate(rows[r], counts, r * steps, worker);
    }
    Buckets b = buckets[worker.slot()];
    if (b == null) {
      b = new Buckets();
      buckets[worker.slot()] = b;
    }
    Question question = questions.get(questionOf[series]);
    for (int s = 0; s < steps; s++) {
      b.clear();
      for (int r = 0; r < rows.length; r++) {
        double count = counts[r * steps + s];
        if (!Absent.is(count)) {
          b.add(bounds[rows[r]], count);
        }
      }
      out[at + s] = b.size() == 0 ? Absent.VALUE : answer(question, b, series, s);
    }
  }

  private double answer(Question question, Buckets b, int series, int step) {
    return switch (question) {
      case Fraction f -> b.fraction(f.lower[step], f.upper[step]);
      case Quantile quantile -> {
        double q = quantile.q[step];
        double[] labelled = labelledQuantile;
        if (labelled != null
            && Double.doubleToLongBits(labelled[series]) != Double.doubleToLongBits(q)) {
          yield Absent.VALUE;
        }
        double value = b.quantile(q);
        if (b.forcedMonotonic) {
          query.annotations.forcedMonotonic(
              query.lateNames ? names.get(histogramOf[series]).get(Labels.METRIC_NAME) : "",
              position,
              grid.time(step),
              b.minForcedBound,
              b.maxForcedBound,
              b.maxForcedDifference);
        }
        yield value;
      }
    };
  }
}
