package io.varve.query.promql;

import io.varve.query.promql.Expr.MatrixSelector;
import io.varve.query.promql.Expr.Subquery;
import io.varve.query.promql.Expr.VectorSelector;
import org.jspecify.annotations.Nullable;

/**
 * Hangs to an expression what may follow a selector: ranges, subqueries, {@code offset}, {@code @},
 * {@code anchored} and {@code smoothed}. The modifiers of a range stand in the selector within.
 */
final class Modifiers {
  private final TokenStream tokens;

  Modifiers(TokenStream tokens) {
    this.tokens = tokens;
  }

  /** {@code expr[range]}. */
  Expr range(Expr expr, DurationExpr range, Position brackets) {
    if (!(expr instanceof VectorSelector selector)) {
      throw tokens.error(brackets, "ranges only allowed for vector selectors");
    }
    if (selector.offsetMillis() != 0 || selector.offsetExpr() != null) {
      throw tokens.error(brackets, "no offset modifiers allowed before range");
    }
    if (selector.at() != null) {
      throw tokens.error(brackets, "no @ modifiers allowed before range");
    }
    return new MatrixSelector(selector, millis(range), open(range), since(expr));
  }

  /** {@code expr[range:step]}. */
  Expr subquery(Expr expr, DurationExpr range, @Nullable DurationExpr step) {
    return new Subquery(
        expr,
        millis(range),
        open(range),
        step == null ? 0 : millis(step),
        step == null ? null : open(step),
        0,
        null,
        null,
        since(expr));
  }

  /** {@code expr offset duration}. */
  Expr offset(Expr expr, DurationExpr offset) {
    return switch (expr) {
      case VectorSelector e -> {
        checkNoOffset(e, e.offsetMillis(), e.offsetExpr());
        yield withOffset(e, offset, since(e));
      }
      case MatrixSelector e -> {
        VectorSelector s = e.selector();
        checkNoOffset(e, s.offsetMillis(), s.offsetExpr());
        VectorSelector selector = withOffset(s, offset, s.position());
        yield new MatrixSelector(selector, e.rangeMillis(), e.rangeExpr(), since(e));
      }
      case Subquery e -> {
        checkNoOffset(e, e.offsetMillis(), e.offsetExpr());
        yield new Subquery(
            e.inner(),
            e.rangeMillis(),
            e.rangeExpr(),
            e.stepMillis(),
            e.stepExpr(),
            millis(offset),
            open(offset),
            e.at(),
            since(e));
      }
      default ->
          throw tokens.error(
              expr.position(),
              "offset modifier must be preceded by an instant vector selector or range vector"
                  + " selector or a subquery");
    };
  }

  private void checkNoOffset(Expr expr, long millis, @Nullable DurationExpr open) {
    if (millis != 0 || open != null) {
      throw tokens.error(expr.position(), "offset may not be set multiple times");
    }
  }

  private static VectorSelector withOffset(
      VectorSelector e, DurationExpr offset, Position position) {
    return new VectorSelector(
        e.name(),
        e.matchers(),
        millis(offset),
        open(offset),
        e.at(),
        e.anchored(),
        e.smoothed(),
        position);
  }

  /** {@code expr @ time}. */
  Expr at(Expr expr, AtModifier at) {
    return switch (expr) {
      case VectorSelector e -> {
        checkNoAt(e, e.at());
        yield withAt(e, at, since(e));
      }
      case MatrixSelector e -> {
        VectorSelector s = e.selector();
        checkNoAt(e, s.at());
        VectorSelector selector = withAt(s, at, s.position());
        yield new MatrixSelector(selector, e.rangeMillis(), e.rangeExpr(), since(e));
      }
      case Subquery e -> {
        checkNoAt(e, e.at());
        yield new Subquery(
            e.inner(),
            e.rangeMillis(),
            e.rangeExpr(),
            e.stepMillis(),
            e.stepExpr(),
            e.offsetMillis(),
            e.offsetExpr(),
            at,
            since(e));
      }
      default ->
          throw tokens.error(
              expr.position(),
              "@ modifier must be preceded by an instant vector selector or range vector selector"
                  + " or a subquery");
    };
  }

  private void checkNoAt(Expr expr, @Nullable AtModifier at) {
    if (at != null) {
      throw tokens.error(expr.position(), "@ <timestamp> may not be set multiple times");
    }
  }

  private static VectorSelector withAt(VectorSelector e, AtModifier at, Position position) {
    return new VectorSelector(
        e.name(),
        e.matchers(),
        e.offsetMillis(),
        e.offsetExpr(),
        at,
        e.anchored(),
        e.smoothed(),
        position);
  }

  /** {@code expr anchored} or {@code expr smoothed}; the expression keeps its place. */
  Expr extended(Expr expr, boolean anchored) {
    String word = anchored ? "anchored" : "smoothed";
    return switch (expr) {
      case VectorSelector e -> withExtension(e, e, anchored);
      case MatrixSelector e -> {
        VectorSelector selector = withExtension(e.selector(), e, anchored);
        yield new MatrixSelector(selector, e.rangeMillis(), e.rangeExpr(), e.position());
      }
      case Subquery e ->
          throw tokens.error(e.position(), word + " modifier is not supported for subqueries");
      default -> throw tokens.error(expr.position(), word + " modifier not implemented");
    };
  }

  private VectorSelector withExtension(VectorSelector e, Expr whole, boolean anchored) {
    if (anchored ? e.smoothed() : e.anchored()) {
      throw tokens.error(
          whole.position(), "anchored and smoothed modifiers cannot be used together");
    }
    return new VectorSelector(
        e.name(),
        e.matchers(),
        e.offsetMillis(),
        e.offsetExpr(),
        e.at(),
        anchored,
        !anchored,
        e.position());
  }

  private Position since(Expr expr) {
    return tokens.since(expr.position().start());
  }

  /** The value of a literal; 0 for what is still to be computed. */
  private static long millis(DurationExpr duration) {
    return duration instanceof DurationExpr.Literal literal
        ? Durations.millis(literal.seconds())
        : 0;
  }

  /** What is still to be computed; null for a literal. */
  private static @Nullable DurationExpr open(DurationExpr duration) {
    return duration instanceof DurationExpr.Literal ? null : duration;
  }
}
