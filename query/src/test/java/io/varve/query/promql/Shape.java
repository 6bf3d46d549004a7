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
import java.util.StringJoiner;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

/**
 * A tree as a bracketed text in which nothing is implied: every operand in its own parentheses,
 * every field that is not at its default named. The printer under test has no part in it.
 */
@NullMarked
final class Shape {
  private Shape() {}

  static String of(Expr expr) {
    return switch (expr) {
      case NumberLiteral e -> e.value() + (e.duration() ? "s" : "");
      case StringLiteral e -> '\'' + e.value() + '\'';
      case Paren e -> "(paren " + of(e.inner()) + ")";
      case Unary e -> "(unary" + e.operator().text() + " " + of(e.inner()) + ")";
      case Binary e -> {
        StringJoiner out = new StringJoiner(" ", "(", ")");
        out.add(e.operator().text());
        if (e.returnBool()) {
          out.add("bool");
        }
        VectorMatching m = e.matching();
        if (m != null) {
          out.add(matching(m));
        }
        yield out.add(of(e.left())).add(of(e.right())).toString();
      }
      case Call e -> {
        StringJoiner out = new StringJoiner(" ", "(", ")");
        out.add(e.function().text());
        e.arguments().forEach(a -> out.add(of(a)));
        yield out.toString();
      }
      case Aggregate e -> {
        StringJoiner out = new StringJoiner(" ", "(", ")");
        out.add(e.aggregation().text());
        if (e.without() || !e.grouping().isEmpty()) {
          out.add((e.without() ? "without" : "by") + e.grouping());
        }
        Expr parameter = e.parameter();
        if (parameter != null) {
          out.add(of(parameter));
        }
        yield out.add(of(e.inner())).toString();
      }
      case VectorSelector e -> selector(e);
      case MatrixSelector e ->
          selector(e.selector()) + "[" + duration(e.rangeMillis(), e.rangeExpr()) + "]";
      case Subquery e ->
          "(subquery "
              + of(e.inner())
              + " ["
              + duration(e.rangeMillis(), e.rangeExpr())
              + ":"
              + duration(e.stepMillis(), e.stepExpr())
              + "]"
              + at(e.at())
              + offset(e.offsetMillis(), e.offsetExpr())
              + ")";
      case StepInvariant e -> "(invariant " + of(e.inner()) + ")";
    };
  }

  private static String matching(VectorMatching m) {
    StringJoiner out = new StringJoiner(" ", "<", ">");
    out.add(
        switch (m.cardinality()) {
          case ONE_TO_ONE -> "1:1";
          case MANY_TO_ONE -> "n:1";
          case ONE_TO_MANY -> "1:n";
          case MANY_TO_MANY -> "n:n";
        });
    if (m.on() || !m.labels().isEmpty()) {
      out.add((m.on() ? "on" : "ignoring") + m.labels());
    }
    if (!m.include().isEmpty()) {
      out.add("include" + m.include());
    }
    if (m.fillLeft() != null) {
      out.add("left=" + m.fillLeft());
    }
    if (m.fillRight() != null) {
      out.add("right=" + m.fillRight());
    }
    return out.toString();
  }

  private static String selector(VectorSelector e) {
    StringBuilder out = new StringBuilder(e.name()).append('{');
    StringJoiner matchers = new StringJoiner(",");
    e.matchers().forEach(m -> matchers.add(m.name() + m.type().operator() + m.value()));
    out.append(matchers).append('}').append(at(e.at()));
    out.append(offset(e.offsetMillis(), e.offsetExpr()));
    return out.append(e.anchored() ? " anchored" : "")
        .append(e.smoothed() ? " smoothed" : "")
        .toString();
  }

  private static String at(@Nullable AtModifier at) {
    if (at == null) {
      return "";
    }
    return switch (at.anchor()) {
      case TIMESTAMP -> "@" + at.timestampMillis();
      case START -> "@start";
      case END -> "@end";
    };
  }

  private static String offset(long millis, @Nullable DurationExpr expr) {
    return millis == 0 && expr == null ? "" : " offset " + duration(millis, expr);
  }

  private static String duration(long millis, @Nullable DurationExpr expr) {
    return expr == null ? millis == 0 ? "" : millis + "ms" : of(expr);
  }

  static String of(DurationExpr expr) {
    return switch (expr) {
      case DurationExpr.Literal e -> e.seconds() + (e.duration() ? "s" : "");
      case DurationExpr.Step e -> "step";
      case DurationExpr.Range e -> "range";
      case DurationExpr.Choice e ->
          "(" + (e.smaller() ? "min " : "max ") + of(e.left()) + " " + of(e.right()) + ")";
      case DurationExpr.Unary e -> "(unary" + e.operator().text() + " " + of(e.inner()) + ")";
      case DurationExpr.Binary e ->
          "(" + e.operator().text() + " " + of(e.left()) + " " + of(e.right()) + ")";
      case DurationExpr.Paren e -> "(paren " + of(e.inner()) + ")";
    };
  }
}
