package io.varve.query.promql;

import static io.varve.query.promql.Position.NONE;

import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.query.promql.Expr.MatrixSelector;
import io.varve.query.promql.Expr.Subquery;
import io.varve.query.promql.Expr.VectorSelector;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Takes out of a tree what does not change its meaning, so that trees can be compared. */
final class Canonical extends Rewriter {
  static final Canonical INSTANCE = new Canonical();

  private Canonical() {}

  @Override
  Position position(Position position) {
    return NONE;
  }

  @Override
  VectorSelector selector(VectorSelector e) {
    List<Matcher> matchers = new ArrayList<>(e.matchers());
    matchers.sort((a, b) -> Labels.compareUtf8(Printer.print(a), Printer.print(b)));
    return new VectorSelector(
        e.name(),
        matchers,
        e.offsetMillis(),
        optional(e.offsetExpr()),
        e.at(),
        e.anchored(),
        e.smoothed(),
        NONE);
  }

  @Override
  MatrixSelector range(MatrixSelector e) {
    return new MatrixSelector(e.selector(), e.rangeMillis(), optional(e.rangeExpr()), NONE);
  }

  @Override
  Subquery subquery(Subquery e) {
    return new Subquery(
        e.inner(),
        e.rangeMillis(),
        optional(e.rangeExpr()),
        e.stepMillis(),
        optional(e.stepExpr()),
        e.offsetMillis(),
        optional(e.offsetExpr()),
        e.at(),
        NONE);
  }

  private static @Nullable DurationExpr optional(@Nullable DurationExpr expr) {
    return expr == null ? null : erase(expr);
  }

  private static DurationExpr erase(DurationExpr expr) {
    return switch (expr) {
      case DurationExpr.Literal e -> new DurationExpr.Literal(e.seconds(), e.duration(), NONE);
      case DurationExpr.Step e -> new DurationExpr.Step(NONE);
      case DurationExpr.Range e -> new DurationExpr.Range(NONE);
      case DurationExpr.Choice e ->
          new DurationExpr.Choice(e.smaller(), erase(e.left()), erase(e.right()), NONE);
      case DurationExpr.Unary e -> new DurationExpr.Unary(e.operator(), erase(e.inner()), NONE);
      case DurationExpr.Binary e ->
          new DurationExpr.Binary(e.operator(), erase(e.left()), erase(e.right()), NONE);
      case DurationExpr.Paren e -> new DurationExpr.Paren(erase(e.inner()), NONE);
    };
  }
}
