package io.varve.query.promql;

import io.varve.query.promql.Expr.Aggregate;
import io.varve.query.promql.Expr.Binary;
import io.varve.query.promql.Expr.Call;
import io.varve.query.promql.Expr.MatrixSelector;
import io.varve.query.promql.Expr.NumberLiteral;
import io.varve.query.promql.Expr.Paren;
import io.varve.query.promql.Expr.StepInvariant;
import io.varve.query.promql.Expr.StringLiteral;
import io.varve.query.promql.Expr.Subquery;
import io.varve.query.promql.Expr.Unary;
import io.varve.query.promql.Expr.VectorSelector;
import java.util.ArrayList;
import java.util.List;

/** Builds a tree anew, with other leaves; subclasses say which. */
abstract class Rewriter {
  /** What stands in place of a position. */
  abstract Position position(Position position);

  /** What stands in place of a selector; its position is not yet rewritten. */
  abstract VectorSelector selector(VectorSelector e);

  /** What stands in place of a range; its selector is rewritten, its position is not. */
  abstract MatrixSelector range(MatrixSelector e);

  /** What stands in place of a subquery; its inner expression is rewritten, the position is not. */
  abstract Subquery subquery(Subquery e);

  final Expr rewrite(Expr expr) {
    Position position = position(expr.position());
    return switch (expr) {
      case NumberLiteral e -> new NumberLiteral(e.value(), e.duration(), position);
      case StringLiteral e -> new StringLiteral(e.value(), position);
      case Paren e -> new Paren(rewrite(e.inner()), position);
      case Unary e -> new Unary(e.operator(), rewrite(e.inner()), position);
      case Binary e ->
          new Binary(
              e.operator(),
              rewrite(e.left()),
              rewrite(e.right()),
              e.matching(),
              e.returnBool(),
              position);
      case Call e -> {
        List<Expr> arguments = new ArrayList<>();
        for (Expr argument : e.arguments()) {
          arguments.add(rewrite(argument));
        }
        yield new Call(e.function(), arguments, position);
      }
      case Aggregate e -> {
        Expr parameter = e.parameter();
        yield new Aggregate(
            e.aggregation(),
            rewrite(e.inner()),
            parameter == null ? null : rewrite(parameter),
            e.grouping(),
            e.without(),
            position);
      }
      case VectorSelector e -> selector(e);
      case MatrixSelector e ->
          range(
              new MatrixSelector(
                  selector(e.selector()), e.rangeMillis(), e.rangeExpr(), e.position()));
      case Subquery e ->
          subquery(
              new Subquery(
                  rewrite(e.inner()),
                  e.rangeMillis(),
                  e.rangeExpr(),
                  e.stepMillis(),
                  e.stepExpr(),
                  e.offsetMillis(),
                  e.offsetExpr(),
                  e.at(),
                  e.position()));
      case StepInvariant e -> new StepInvariant(rewrite(e.inner()));
    };
  }
}
