package io.varve.query.exec;

import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.query.function.Quantiles;
import io.varve.query.plan.PlanNode;
import io.varve.query.plan.PlanNode.RangeNode;
import io.varve.query.plan.PlanNode.ScalarNode;
import io.varve.query.plan.PlanNode.VectorNode;
import io.varve.query.plan.Selection;
import io.varve.query.promql.Aggregation;
import io.varve.query.promql.FunctionSignature;
import io.varve.query.promql.Operator;
import org.jspecify.annotations.Nullable;

/**
 * Tells of which expressions annotations may come when they are computed over floats. Prometheus
 * computes both sides of a binary operation in full, so their annotations are told also of series
 * that find no partner; here such series are computed only if they may have something to say.
 */
final class Remarks {
  private Remarks() {}

  /**
   * True if computing the series of a vector may make a remark.
   *
   * @param byType whether labels say of which type a metric is
   */
  static boolean possible(VectorNode node, boolean byType) {
    return switch (node) {
      case PlanNode.Select _,
          PlanNode.SmoothedSelect _,
          PlanNode.StartTimes _,
          PlanNode.Nothing _,
          PlanNode.VectorOf _,
          PlanNode.Absent _,
          PlanNode.AbsentOverTime _ ->
          false;
      case PlanNode.OverExtendedRange n ->
          asksForCounter(n.function()) && !isCounter(n.range().selection(), byType);
      case PlanNode.OverRange n -> possible(n, byType);
      case PlanNode.HistogramQuantile _, PlanNode.HistogramFraction _ -> true;
      case PlanNode.Aggregate n ->
          (n.aggregation() == Aggregation.QUANTILE && !isQuantile(n.parameter()))
              || possible(n.inner(), byType);
      case PlanNode.VectorBinary n ->
          isTrim(n.operator()) || possible(n.left(), byType) || possible(n.right(), byType);
      case PlanNode.ScalarWithVector n -> isTrim(n.operator()) || possible(n.vector(), byType);
      case PlanNode.SetOperation n -> possible(n.left(), byType) || possible(n.right(), byType);
      case PlanNode.WithInfo n -> possible(n.inner(), byType);
      case PlanNode.MapElements n -> possible(n.inner(), byType);
      case PlanNode.EvalTimes n -> possible(n.inner(), byType);
      case PlanNode.Negate n -> possible(n.inner(), byType);
      case PlanNode.LabelReplace n -> possible(n.inner(), byType);
      case PlanNode.LabelJoin n -> possible(n.inner(), byType);
      case PlanNode.Sort n -> possible(n.inner(), byType);
      case PlanNode.OfHistograms n -> possible(n.inner(), byType);
      case PlanNode.CountValues n -> possible(n.inner(), byType);
      case PlanNode.PinnedVector n -> possible(n.inner(), byType);
    };
  }

  private static boolean possible(PlanNode.OverRange node, boolean byType) {
    if (node.function() == FunctionSignature.QUANTILE_OVER_TIME
        && !isQuantile(node.parameters().getFirst())) {
      return true;
    }
    RangeNode range = node.range();
    return switch (range) {
      case PlanNode.SeriesRange n ->
          asksForCounter(node.function()) && !isCounter(n.selection(), byType);
      case PlanNode.ExtendedRange n ->
          asksForCounter(node.function()) && !isCounter(n.selection(), byType);
      case PlanNode.SubqueryRange n ->
          asksForCounter(node.function()) || possible(n.inner(), byType);
    };
  }

  private static boolean asksForCounter(FunctionSignature function) {
    return function == FunctionSignature.RATE || function == FunctionSignature.INCREASE;
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

  private static boolean isTrim(Operator operator) {
    return switch (operator) {
      case TRIM_LOWER, TRIM_UPPER -> true;
      case ADD, SUB, MUL, DIV, MOD, POW, ATAN2, EQ, NEQ, LT, LTE, GT, GTE, OR, AND, UNLESS -> false;
    };
  }
}
