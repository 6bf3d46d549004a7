package io.varve.query.promql;

import io.varve.query.promql.Expr.MatrixSelector;
import io.varve.query.promql.Expr.Subquery;
import io.varve.query.promql.Expr.VectorSelector;
import org.jspecify.annotations.Nullable;

/**
 * Gives duration expressions their values, once step and range of a query are known (Prometheus
 * 3.14 {@code promql/durations.go}).
 */
public final class DurationResolver extends Rewriter {
  private final double stepSeconds;
  private final double rangeSeconds;

  private DurationResolver(double stepSeconds, double rangeSeconds) {
    this.stepSeconds = stepSeconds;
    this.rangeSeconds = rangeSeconds;
  }

  /**
   * The expression with a plain number of milliseconds in place of every duration expression; the
   * expression itself if there is none.
   *
   * @param stepMillis the query's step; 0 for an instant query
   * @param rangeMillis the query's end minus its start; 0 for an instant query
   * @throws IllegalArgumentException if a range or step is not positive, a duration too large, or
   *     something is divided by zero; the message is Prometheus'
   */
  public static Expr resolve(Expr expr, long stepMillis, long rangeMillis) {
    return isOpen(expr)
        ? new DurationResolver(stepMillis / 1000.0, rangeMillis / 1000.0).rewrite(expr)
        : expr;
  }

  private static boolean isOpen(Expr expr) {
    boolean open =
        switch (expr) {
          case VectorSelector e -> e.offsetExpr() != null;
          case MatrixSelector e -> e.rangeExpr() != null;
          case Subquery e ->
              e.rangeExpr() != null || e.stepExpr() != null || e.offsetExpr() != null;
          case Expr.NumberLiteral e -> false;
          case Expr.StringLiteral e -> false;
          case Expr.Paren e -> false;
          case Expr.Unary e -> false;
          case Expr.Binary e -> false;
          case Expr.Call e -> false;
          case Expr.Aggregate e -> false;
          case Expr.StepInvariant e -> false;
        };
    if (open) {
      return true;
    }
    for (Expr child : expr.children()) {
      if (isOpen(child)) {
        return true;
      }
    }
    return false;
  }

  @Override
  Position position(Position position) {
    return position;
  }

  @Override
  VectorSelector selector(VectorSelector e) {
    return new VectorSelector(
        e.name(),
        e.matchers(),
        any(e.offsetExpr(), e.offsetMillis()),
        null,
        e.at(),
        e.anchored(),
        e.smoothed(),
        e.position());
  }

  @Override
  MatrixSelector range(MatrixSelector e) {
    return new MatrixSelector(
        e.selector(), positive(e.rangeExpr(), e.rangeMillis()), null, e.position());
  }

  @Override
  Subquery subquery(Subquery e) {
    return new Subquery(
        e.inner(),
        positive(e.rangeExpr(), e.rangeMillis()),
        null,
        positive(e.stepExpr(), e.stepMillis()),
        null,
        any(e.offsetExpr(), e.offsetMillis()),
        null,
        e.at(),
        e.position());
  }

  private long positive(@Nullable DurationExpr expr, long otherwise) {
    return expr == null ? otherwise : millis(expr, false);
  }

  private long any(@Nullable DurationExpr expr, long otherwise) {
    return expr == null ? otherwise : millis(expr, true);
  }

  private long millis(DurationExpr expr, boolean mayBeNegative) {
    double seconds = seconds(expr);
    if (seconds <= 0 && !mayBeNegative) {
      throw new IllegalArgumentException("duration must be greater than 0");
    }
    if (!(Math.abs(seconds) <= Durations.MOST_SECONDS)) {
      throw new IllegalArgumentException("duration is out of range");
    }
    return (long) (seconds * 1000);
  }

  private double seconds(DurationExpr expr) {
    return switch (expr) {
      case DurationExpr.Literal e -> e.seconds();
      case DurationExpr.Step e -> stepSeconds;
      case DurationExpr.Range e -> rangeSeconds;
      case DurationExpr.Choice e -> {
        double left = seconds(e.left());
        double right = seconds(e.right());
        yield e.smaller() ? Math.min(left, right) : Math.max(left, right);
      }
      case DurationExpr.Paren e -> seconds(e.inner());
      case DurationExpr.Unary e ->
          e.operator() == Operator.SUB ? -seconds(e.inner()) : seconds(e.inner());
      case DurationExpr.Binary e -> binary(e.operator(), seconds(e.left()), seconds(e.right()));
    };
  }

  private static double binary(Operator operator, double left, double right) {
    return switch (operator) {
      case ADD -> left + right;
      case SUB -> left - right;
      case MUL -> left * right;
      case DIV -> {
        if (right == 0) {
          throw new IllegalArgumentException("division by zero");
        }
        yield left / right;
      }
      case MOD -> {
        if (right == 0) {
          throw new IllegalArgumentException("modulo by zero");
        }
        yield left % right;
      }
      case POW -> Math.pow(left, right);
      case OR, AND, UNLESS, EQ, NEQ, LT, LTE, GT, GTE, ATAN2, TRIM_UPPER, TRIM_LOWER ->
          throw new IllegalArgumentException(
              "unexpected duration expression operator \"" + operator.text() + "\"");
    };
  }
}
