package io.varve.query.exec;

import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.query.function.Quantiles;
import io.varve.query.plan.PlanNode;
import io.varve.query.plan.PlanNode.RangeNode;
import io.varve.query.plan.PlanNode.ScalarNode;
import io.varve.query.plan.PlanNode.VectorNode;
import io.varve.query.plan.Selection;
import io.varve.query.promql.FunctionSignature;
import io.varve.query.promql.Operator;
import org.jspecify.annotations.Nullable;

/**
 * Tells of which expressions annotations may come when they are computed. Prometheus computes both
 * sides of a binary operation in full, so their annotations are told also of series that find no
 * partner; here such series are computed only if they may have something to say.
 */
enum Remarks {
  /** Nothing is ever said. */
  NONE,
  /** Something may be said of histograms only. */
  OF_HISTOGRAMS,
  /** Something may be said of floats, too. */
  POSSIBLE;

  private Remarks or(Remarks other) {
    return compareTo(other) >= 0 ? this : other;
  }

  private static Remarks possibleIf(boolean possible) {
    return possible ? POSSIBLE : NONE;
  }

  /**
   * What computing the series of a vector may say.
   *
   * @param byType whether labels say of which type a metric is
   */
  static Remarks of(VectorNode node, boolean byType) {
    return switch (node) {
      case PlanNode.Select _,
          PlanNode.StartTimes _,
          PlanNode.Nothing _,
          PlanNode.VectorOf _,
          PlanNode.Absent _,
          PlanNode.AbsentOverTime _ ->
          NONE;
      case PlanNode.SmoothedSelect _, PlanNode.OverExtendedRange _ -> POSSIBLE;
      case PlanNode.OverRange n -> of(n, byType);
      case PlanNode.HistogramQuantile _, PlanNode.HistogramFraction _ -> POSSIBLE;
      case PlanNode.Aggregate n -> of(n).or(of(n.inner(), byType));
      case PlanNode.VectorBinary n ->
          of(n.operator()).or(of(n.left(), byType)).or(of(n.right(), byType));
      case PlanNode.ScalarWithVector n -> of(n.operator()).or(of(n.vector(), byType));
      case PlanNode.SetOperation n -> of(n.left(), byType).or(of(n.right(), byType));
      case PlanNode.WithInfo n -> of(n.inner(), byType);
      case PlanNode.MapElements n -> of(n.inner(), byType);
      case PlanNode.EvalTimes n -> of(n.inner(), byType);
      case PlanNode.Negate n -> of(n.inner(), byType);
      case PlanNode.LabelReplace n -> of(n.inner(), byType);
      case PlanNode.LabelJoin n -> of(n.inner(), byType);
      case PlanNode.Sort n -> of(n.inner(), byType);
      case PlanNode.OfHistograms n -> of(n.inner(), byType);
      case PlanNode.CountValues n -> of(n.inner(), byType);
      case PlanNode.PinnedVector n -> of(n.inner(), byType);
    };
  }

  private static Remarks of(PlanNode.Aggregate node) {
    return switch (node.aggregation()) {
      case COUNT, COUNT_VALUES, GROUP, LIMITK, LIMIT_RATIO -> NONE;
      case QUANTILE -> OF_HISTOGRAMS.or(possibleIf(!isQuantile(node.parameter())));
      case AVG, BOTTOMK, MAX, MIN, STDDEV, STDVAR, SUM, TOPK -> OF_HISTOGRAMS;
    };
  }

  private static Remarks of(PlanNode.OverRange node, boolean byType) {
    if (node.function() == FunctionSignature.QUANTILE_OVER_TIME
        && !isQuantile(node.parameters().getFirst())) {
      return POSSIBLE;
    }
    RangeNode range = node.range();
    return switch (range) {
      case PlanNode.SeriesRange n -> of(node.function(), !isCounter(n.selection(), byType));
      case PlanNode.ExtendedRange n -> of(node.function(), !isCounter(n.selection(), byType));
      case PlanNode.SubqueryRange n -> of(node.function(), true).or(of(n.inner(), byType));
    };
  }

  /** Of functions over ranges only those have nothing to say that take floats and histograms. */
  private static Remarks of(FunctionSignature function, boolean seemsNoCounter) {
    return switch (function) {
      case COUNT_OVER_TIME,
          LAST_OVER_TIME,
          FIRST_OVER_TIME,
          PRESENT_OVER_TIME,
          TS_OF_FIRST_OVER_TIME,
          TS_OF_LAST_OVER_TIME,
          CHANGES,
          RESETS ->
          NONE;
      case RATE, INCREASE -> OF_HISTOGRAMS.or(possibleIf(seemsNoCounter));
      default -> OF_HISTOGRAMS;
    };
  }

  /** True if all series that are selected have the name of a counter. */
  private static boolean isCounter(Selection selection, boolean byType) {
    if (byType) {
      return false;
    }
    for (Matcher matcher : selection.matchers()) {
      if (matcher.type() == Matcher.Type.EQ && matcher.name().equals(Labels.METRIC_NAME)) {
        return Annotations.noCounter(Labels.of(Labels.METRIC_NAME, matcher.value()), false) == null;
      }
    }
    return false;
  }

  private static boolean isQuantile(@Nullable ScalarNode parameter) {
    return parameter instanceof PlanNode.Constant constant
        && !Quantiles.isInvalid(constant.value());
  }

  /** Floats and histograms do not go together, and for trims there is nothing but histograms. */
  private static Remarks of(Operator operator) {
    return switch (operator) {
      case TRIM_LOWER, TRIM_UPPER -> POSSIBLE;
      case ADD, SUB, MUL, DIV, MOD, POW, ATAN2, EQ, NEQ, LT, LTE, GT, GTE -> OF_HISTOGRAMS;
      case OR, AND, UNLESS -> NONE;
    };
  }
}
