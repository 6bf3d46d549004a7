package io.varve.query.promqltest;

import io.varve.query.promql.AtModifier;
import io.varve.query.promql.Expr;
import io.varve.query.promql.FunctionSignature;
import java.util.EnumSet;
import java.util.Set;

/** Expressions with a pinned time: they must yield the same whenever they are evaluated. */
final class Pinning {
  /** Functions whose result depends on the evaluation time although the arguments do not. */
  private static final Set<FunctionSignature> TIME_DEPENDENT =
      EnumSet.of(
          FunctionSignature.DAYS_IN_MONTH,
          FunctionSignature.DAY_OF_MONTH,
          FunctionSignature.DAY_OF_WEEK,
          FunctionSignature.DAY_OF_YEAR,
          FunctionSignature.HOUR,
          FunctionSignature.MINUTE,
          FunctionSignature.MONTH,
          FunctionSignature.YEAR,
          FunctionSignature.PREDICT_LINEAR,
          FunctionSignature.TIME,
          FunctionSignature.TIMESTAMP,
          FunctionSignature.START,
          FunctionSignature.END,
          FunctionSignature.STEP,
          FunctionSignature.RANGE);

  private Pinning() {}

  /** True if the expression, pinned, yields the same at all times. */
  static boolean isPossible(Expr expr) {
    return !(expr instanceof Expr.Call call && TIME_DEPENDENT.contains(call.function()))
        && expr.children().stream().allMatch(Pinning::isPossible);
  }

  /** The expression with all selectors and subqueries pinned that are not. */
  static Expr pin(Expr expr, long time) {
    AtModifier at = AtModifier.timestamp(time);
    return switch (expr) {
      case Expr.NumberLiteral e -> e;
      case Expr.StringLiteral e -> e;
      case Expr.StepInvariant e -> e;
      case Expr.Paren e -> new Expr.Paren(pin(e.inner(), time), e.position());
      case Expr.Unary e -> new Expr.Unary(e.operator(), pin(e.inner(), time), e.position());
      case Expr.Binary e ->
          new Expr.Binary(
              e.operator(),
              pin(e.left(), time),
              pin(e.right(), time),
              e.matching(),
              e.returnBool(),
              e.position());
      case Expr.Call e ->
          new Expr.Call(
              e.function(), e.arguments().stream().map(a -> pin(a, time)).toList(), e.position());
      case Expr.Aggregate e -> {
        Expr parameter = e.parameter();
        yield new Expr.Aggregate(
            e.aggregation(),
            pin(e.inner(), time),
            parameter == null ? null : pin(parameter, time),
            e.grouping(),
            e.without(),
            e.position());
      }
      case Expr.VectorSelector e -> pinSelector(e, at);
      case Expr.MatrixSelector e ->
          new Expr.MatrixSelector(
              pinSelector(e.selector(), at), e.rangeMillis(), e.rangeExpr(), e.position());
      case Expr.Subquery e ->
          e.at() != null
              ? e
              : new Expr.Subquery(
                  e.inner(),
                  e.rangeMillis(),
                  e.rangeExpr(),
                  e.stepMillis(),
                  e.stepExpr(),
                  e.offsetMillis(),
                  e.offsetExpr(),
                  at,
                  e.position());
    };
  }

  private static Expr.VectorSelector pinSelector(Expr.VectorSelector e, AtModifier at) {
    return e.at() != null
        ? e
        : new Expr.VectorSelector(
            e.name(),
            e.matchers(),
            e.offsetMillis(),
            e.offsetExpr(),
            at,
            e.anchored(),
            e.smoothed(),
            e.position());
  }
}
