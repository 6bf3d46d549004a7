package io.varve.query.plan;

import io.varve.engine.model.Labels;
import io.varve.query.function.LabelTemplate;
import io.varve.query.promql.Aggregation;
import io.varve.query.promql.FunctionSignature;
import io.varve.query.promql.Operator;
import io.varve.query.promql.Position;
import io.varve.query.promql.VectorMatching;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One step of a plan: an immutable tree of records that says what is computed from what, typed by
 * what it yields at every evaluation time. Positions are those that annotations name.
 */
public sealed interface PlanNode {

  /** Yields one number per step. */
  sealed interface ScalarNode extends PlanNode {}

  /** Yields a sample of every series per step. */
  sealed interface VectorNode extends PlanNode {}

  /** Yields the samples of a range of every series per step. */
  sealed interface RangeNode extends PlanNode {
    /** Width of the range. */
    long rangeMillis();
  }

  /** A text; only as the whole query. */
  record Text(String value) implements PlanNode {}

  // Scalars.

  /** The same number at every step. */
  record Constant(double value) implements ScalarNode {}

  /** The evaluation time in seconds. */
  record EvalTime() implements ScalarNode {}

  /** An operator between two numbers. */
  record ScalarBinary(Operator operator, ScalarNode left, ScalarNode right) implements ScalarNode {}

  /** The smaller or the greater of two numbers. */
  record ScalarChoice(boolean smaller, ScalarNode left, ScalarNode right) implements ScalarNode {}

  /** The value of the only series; NaN if there is none or more than one. */
  record ScalarOf(VectorNode inner) implements ScalarNode {}

  /** A number that is the same at every step, evaluated once. */
  record PinnedScalar(ScalarNode inner) implements ScalarNode {}

  // Ranges.

  /** Samples of stored series in {@code (reference − range, reference]}. */
  record SeriesRange(Selection selection, long rangeMillis) implements RangeNode {}

  /**
   * Values of an expression at the multiples of a step in a range.
   *
   * @param inner what is evaluated there
   * @param stepMillis distance of the inner steps
   * @param offsetMillis how far back the range ends
   * @param atMillis the pinned time; null = the evaluation time
   */
  record SubqueryRange(
      VectorNode inner,
      long rangeMillis,
      long stepMillis,
      long offsetMillis,
      @Nullable Long atMillis)
      implements RangeNode {}

  /**
   * A range that begins with the sample before it, or is smoothed at both ends.
   *
   * @param smoothed false if it is anchored
   */
  record ExtendedRange(Selection selection, long rangeMillis, boolean smoothed)
      implements RangeNode {}

  // Vectors.

  /**
   * The latest sample of each selected series.
   *
   * @param timestamps true if the samples' times in seconds are meant, not their values
   * @param lookbackLessMillis by how much it looks back less far than others do
   */
  record Select(Selection selection, boolean timestamps, long lookbackLessMillis)
      implements VectorNode {
    /** With the usual lookback. */
    public Select(Selection selection, boolean timestamps) {
      this(selection, timestamps, 0);
    }
  }

  /**
   * Each selected series between its samples before and after the step.
   *
   * @param position of the selector
   */
  record SmoothedSelect(Selection selection, Position position) implements VectorNode {}

  /** When the counters of the selected series began, in seconds. */
  record StartTimes(Selection selection) implements VectorNode {}

  /** No series. */
  record Nothing() implements VectorNode {}

  /** A range function over a range that is anchored or smoothed. */
  record OverExtendedRange(FunctionSignature function, ExtendedRange range, Position position)
      implements VectorNode {}

  /**
   * The series with labels of others that describe them.
   *
   * @param infos which those are and which of their labels are meant, and as of when
   */
  record WithInfo(VectorNode inner, Selection infos) implements VectorNode {}

  /**
   * A range function.
   *
   * @param parameters its scalar arguments in order
   * @param position of the function's first argument
   */
  record OverRange(
      FunctionSignature function, RangeNode range, List<ScalarNode> parameters, Position position)
      implements VectorNode {}

  /** 1 where no series has a sample in the range. */
  record AbsentOverTime(RangeNode range, Labels labels) implements VectorNode {}

  /** 1 where no series has a sample. */
  record Absent(VectorNode inner, Labels labels) implements VectorNode {}

  /** Element by element; {@code clamp*} and {@code round} with their arguments. */
  record MapElements(FunctionSignature function, VectorNode inner, List<ScalarNode> parameters)
      implements VectorNode {}

  /** The evaluation time where a series has a sample: timestamp() of anything but a selector. */
  record EvalTimes(VectorNode inner) implements VectorNode {}

  /** Unary minus. */
  record Negate(VectorNode inner) implements VectorNode {}

  /** A number as a series without labels. */
  record VectorOf(ScalarNode inner) implements VectorNode {}

  /** Sets a label from another one by a regular expression. */
  record LabelReplace(VectorNode inner, String target, LabelTemplate template, String source)
      implements VectorNode {}

  /** Sets a label from several joined by a separator. */
  record LabelJoin(VectorNode inner, String target, String separator, List<String> sources)
      implements VectorNode {
    /** Keeps the list. */
    public LabelJoin {
      sources = List.copyOf(sources);
    }
  }

  /**
   * Orders the series of an instant query.
   *
   * @param labels what to order by; null = by value
   * @param position of the call
   */
  record Sort(
      VectorNode inner, boolean descending, @Nullable List<String> labels, Position position)
      implements VectorNode {}

  /**
   * Quantiles of histograms.
   *
   * @param quantiles which
   * @param quantilePositions of the arguments
   * @param label that tells the quantiles apart in the result; null if there is only one and no
   *     label
   * @param position of the vector argument
   */
  record HistogramQuantile(
      List<ScalarNode> quantiles,
      List<Position> quantilePositions,
      VectorNode inner,
      @Nullable String label,
      Position position)
      implements VectorNode {}

  /** The share of observations between two values. */
  record HistogramFraction(ScalarNode lower, ScalarNode upper, VectorNode inner, Position position)
      implements VectorNode {}

  /** A number of each native histogram; nothing for floats. */
  record OfHistograms(FunctionSignature function, VectorNode inner) implements VectorNode {}

  /**
   * Combines the series of each group.
   *
   * @param parameter k or the quantile; null if the aggregation has none
   * @param parameterPosition where the parameter stands
   * @param position of what is aggregated
   */
  record Aggregate(
      Aggregation aggregation,
      VectorNode inner,
      @Nullable ScalarNode parameter,
      List<String> grouping,
      boolean without,
      Position parameterPosition,
      Position position)
      implements VectorNode {}

  /** Counts the series of each group by value. */
  record CountValues(VectorNode inner, String label, List<String> grouping, boolean without)
      implements VectorNode {}

  /**
   * An operator between the elements of a vector and a number.
   *
   * @param scalarLeft true if the number stands on the left
   * @param position of the whole
   */
  record ScalarWithVector(
      Operator operator,
      VectorNode vector,
      ScalarNode scalar,
      boolean scalarLeft,
      boolean returnBool,
      Position position)
      implements VectorNode {}

  /** An operator between matching elements of two vectors. */
  record VectorBinary(
      Operator operator,
      VectorNode left,
      VectorNode right,
      VectorMatching matching,
      boolean returnBool,
      Position position)
      implements VectorNode {}

  /** and, or, unless. */
  record SetOperation(Operator operator, VectorNode left, VectorNode right, VectorMatching matching)
      implements VectorNode {}

  /** A vector that is the same at every step, evaluated once. */
  record PinnedVector(VectorNode inner) implements VectorNode {}
}
