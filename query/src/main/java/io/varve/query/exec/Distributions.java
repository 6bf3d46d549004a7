package io.varve.query.exec;

import io.varve.engine.model.Labels;
import io.varve.query.function.Absent;
import io.varve.query.function.Buckets;
import io.varve.query.function.GoText;
import io.varve.query.function.Quantiles;
import io.varve.query.histogram.FloatHistogram;
import io.varve.query.histogram.HistogramQuantiles;
import io.varve.query.histogram.HistogramQuantiles.NanEffect;
import io.varve.query.histogram.HistogramTable;
import io.varve.query.promql.Position;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * histogram_quantile, histogram_quantiles and histogram_fraction. Series that differ only in their
 * label {@code le} are the buckets of one classic histogram; the values of a series without such a
 * label may be native histograms. Where there is both at a step, there is no result. Native
 * histograms in a series of buckets are a result of their own, with all its labels. A histogram is
 * evaluated from its own series, whichever worker does it.
 */
final class Distributions extends SeriesOperator {
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

  /**
   * The series of one histogram.
   *
   * @param classic those of its buckets, ascending by bound
   * @param plain the one of which native histograms are taken; −1 if there is none
   */
  private record Members(int[] classic, int plain) {}

  private static final int[] NO_BUCKETS = {};

  private final SeriesOperator inner;
  private final List<? extends Question> questions;
  private final @Nullable String quantileLabel;
  private final Position position;
  private final Buckets[] buckets;
  private final List<Members> members = new ArrayList<>();
  private final List<Labels> names = new ArrayList<>();
  private Labels[] series = new Labels[0];
  private double[] bounds = new double[0];

  /** Per series whether its label le is a bound. */
  private boolean[] isBucket = new boolean[0];

  private int[] histogramOf = new int[0];
  private int[] questionOf = new int[0];

  /** Values of the label, per output series; null without label. */
  private double @Nullable [] labelledQuantile;

  /**
   * @param questions quantiles, or one fraction
   * @param quantileLabel the label that names the quantile in the result; null if none
   * @param position of the vector argument
   */
  Distributions(
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
        for (int s = 0; s < grid.count(); s++) {
          if (Quantiles.isInvalid(quantile.q[s])) {
            query.annotations.invalidQuantile(quantile.q[s], quantile.position, grid, s);
          }
        }
      }
    }
    series = inner.prepare();
    bounds = new double[series.length];
    isBucket = new boolean[series.length];
    Map<Labels, List<Integer>> byName = new LinkedHashMap<>();
    Map<Labels, Integer> plain = new HashMap<>();
    for (int i = 0; i < series.length; i++) {
      Labels name = series[i];
      try {
        bounds[i] = GoText.parseFloat(name.get("le"));
      } catch (NumberFormatException e) {
        byName.putIfAbsent(name, new ArrayList<>());
        plain.put(name, i);
        continue;
      }
      isBucket[i] = true;
      byName.computeIfAbsent(name.without("le"), key -> new ArrayList<>()).add(i);
    }
    byName.forEach(
        (name, rows) -> {
          names.add(query.lateNames ? name : Rows.withoutMetadata(name));
          rows.sort((a, b) -> Double.compare(bounds[a], bounds[b])); // stable
          members.add(
              new Members(
                  rows.stream().mapToInt(Integer::intValue).toArray(),
                  plain.getOrDefault(name, -1)));
        });
    for (int i = 0; i < series.length && query.expectsNativeBuckets(); i++) {
      if (isBucket[i]) {
        names.add(query.lateNames ? series[i] : Rows.withoutMetadata(series[i]));
        members.add(new Members(NO_BUCKETS, i));
      }
    }
    return outputs();
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
  void evaluate(int output, double[] out, int at, Worker worker) {
    Members histogram = members.get(histogramOf[output]);
    int[] rows = histogram.classic;
    int steps = grid.count();
    query.checkSteps((rows.length + 1L) * steps);
    double[] counts = scratch(worker, (rows.length + 1) * steps);
    for (int r = 0; r < rows.length; r++) {
      inner.evaluate(rows[r], counts, r * steps, worker);
    }
    int plain = rows.length * steps;
    if (histogram.plain >= 0) {
      inner.evaluate(histogram.plain, counts, plain, worker);
    } else {
      Absent.fill(counts, plain, steps);
    }
    Buckets b = buckets[worker.slot()];
    if (b == null) {
      b = new Buckets();
      buckets[worker.slot()] = b;
    }
    Question question = questions.get(questionOf[output]);
    boolean anyNative = query.histograms.isUsed();
    for (int s = 0; s < steps; s++) {
      b.clear();
      for (int r = 0; r < rows.length; r++) {
        double count = counts[r * steps + s];
        if (anyNative && HistogramTable.isHistogram(count)) {
          if (!query.expectsNativeBuckets()) {
            throw new NativeBucketsException();
          }
        } else if (!Absent.is(count)) {
          b.add(bounds[rows[r]], count);
        }
      }
      FloatHistogram h = anyNative ? query.histograms.get(counts[plain + s]) : null;
      if (h == null && !Absent.is(counts[plain + s]) && !isBucket(histogram)) {
        query.annotations.badBucket(
            series[histogram.plain].get("le"), name(output), position, grid, s);
      }
      if (h != null && b.size() > 0) {
        query.annotations.mixedClassicAndNative(name(output), position, grid, s);
        out[at + s] = Absent.VALUE;
      } else if (h != null) {
        out[at + s] = answer(question, h, output, s);
      } else {
        out[at + s] = b.size() == 0 ? Absent.VALUE : answer(question, b, output, s);
      }
    }
  }

  /** True if it is what a series of buckets has of native histograms. */
  private boolean isBucket(Members histogram) {
    return histogram.classic.length == 0 && isBucket[histogram.plain];
  }

  /** The metric's name, if messages may tell it: it is still there. */
  private String name(int output) {
    return query.lateNames ? names.get(histogramOf[output]).get(Labels.METRIC_NAME) : "";
  }

  /** True at a step at which an output series is not about the question's quantile. */
  private boolean isOther(int output, double q) {
    double[] labelled = labelledQuantile;
    return labelled != null
        && Double.doubleToLongBits(labelled[output]) != Double.doubleToLongBits(q);
  }

  private double answer(Question question, FloatHistogram h, int output, int step) {
    return switch (question) {
      case Fraction f -> {
        HistogramQuantiles.Answer answer =
            HistogramQuantiles.fraction(f.lower[step], f.upper[step], h);
        if (answer.nan() != NanEffect.NONE) {
          query.annotations.nanFraction(name(output), position, grid, step);
        }
        yield answer.value();
      }
      case Quantile quantile -> {
        double q = quantile.q[step];
        if (isOther(output, q)) {
          yield Absent.VALUE;
        }
        HistogramQuantiles.Answer answer = HistogramQuantiles.quantile(q, h);
        if (answer.nan() != NanEffect.NONE) {
          query.annotations.nanQuantile(
              answer.nan() == NanEffect.RESULT, name(output), position, grid, step);
        }
        yield answer.value();
      }
    };
  }

  private double answer(Question question, Buckets b, int output, int step) {
    return switch (question) {
      case Fraction f -> b.fraction(f.lower[step], f.upper[step]);
      case Quantile quantile -> {
        double q = quantile.q[step];
        if (isOther(output, q)) {
          yield Absent.VALUE;
        }
        double value = b.quantile(q);
        if (b.forcedMonotonic) {
          query.annotations.forcedMonotonic(
              name(output),
              position,
              grid,
              step,
              b.minForcedBound,
              b.maxForcedBound,
              b.maxForcedDifference);
        }
        yield value;
      }
    };
  }
}
