package io.varve.query.promql;

import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
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
import org.jspecify.annotations.Nullable;

/**
 * Writes expressions as canonical text of one line: what Prometheus' {@code Expr.String()} returns.
 * It parses to the same tree again; two queries that differ in white space, comments, order of
 * matchers or place of modifiers have the same text.
 */
public final class Printer {
  private final StringBuilder out = new StringBuilder();

  private Printer() {}

  /** The canonical text. */
  public static String print(Expr expr) {
    Printer printer = new Printer();
    printer.expr(expr);
    return printer.out.toString();
  }

  /** The canonical text of a duration expression. */
  public static String print(DurationExpr expr) {
    Printer printer = new Printer();
    printer.duration(expr);
    return printer.out.toString();
  }

  /** The canonical text of a matcher, its name in quotes where it must be. */
  static String print(Matcher m) {
    return labelName(m.name()) + m.type().operator() + GoText.quote(m.value());
  }

  /** The canonical text of a selector of what these matchers accept. */
  public static String selector(List<Matcher> matchers) {
    Printer printer = new Printer();
    String name = "";
    for (Matcher m : matchers) {
      if (m.type() == Matcher.Type.EQ && m.name().equals(Labels.METRIC_NAME)) {
        name = m.value();
      }
    }
    boolean plain = isPlainLabelName(name.replace(':', '_'));
    printer.selector(
        new VectorSelector(
            plain ? name : "", matchers, 0, null, null, false, false, Position.NONE));
    return printer.out.toString();
  }

  /** An aggregation up to its arguments: {@code sum by (job) }. */
  static String operator(Aggregate e) {
    Printer printer = new Printer();
    printer.aggregation(e);
    return printer.out.toString();
  }

  /** What stands between a binary expression's sides, without the spaces around it. */
  static String operator(Binary e) {
    Printer printer = new Printer();
    printer.binaryOperator(e);
    return printer.out.toString();
  }

  /** A subquery behind its inner expression: {@code [5m:1m] offset 1h}. */
  static String suffix(Subquery e) {
    Printer printer = new Printer();
    printer.subquerySuffix(e);
    return printer.out.toString();
  }

  private void expr(Expr expr) {
    switch (expr) {
      case NumberLiteral e -> number(e.value(), e.duration());
      case StringLiteral e -> out.append(GoText.quote(e.value()));
      case Paren e -> {
        out.append('(');
        expr(e.inner());
        out.append(')');
      }
      case Unary e -> {
        out.append(e.operator().text());
        expr(e.inner());
      }
      case Binary e -> {
        expr(e.left());
        out.append(' ');
        binaryOperator(e);
        out.append(' ');
        expr(e.right());
      }
      case Call e -> {
        out.append(e.function().text()).append('(');
        String separator = "";
        for (Expr argument : e.arguments()) {
          out.append(separator);
          expr(argument);
          separator = ", ";
        }
        out.append(')');
      }
      case Aggregate e -> aggregate(e);
      case VectorSelector e -> {
        selector(e);
        at(e.at());
        extension(e);
        offset(e.offsetMillis(), e.offsetExpr());
      }
      case MatrixSelector e -> {
        selector(e.selector());
        out.append('[');
        duration(e.rangeMillis(), e.rangeExpr());
        out.append(']');
        extension(e.selector());
        at(e.selector().at());
        offset(e.selector().offsetMillis(), e.selector().offsetExpr());
      }
      case Subquery e -> {
        expr(e.inner());
        subquerySuffix(e);
      }
      case StepInvariant e -> expr(e.inner());
    }
  }

  private void binaryOperator(Binary e) {
    out.append(e.operator().text());
    if (e.returnBool()) {
      out.append(" bool");
    }
    VectorMatching matching = e.matching();
    if (matching != null) {
      matching(matching);
    }
  }

  private void subquerySuffix(Subquery e) {
    out.append('[');
    duration(e.rangeMillis(), e.rangeExpr());
    out.append(':');
    if (e.stepMillis() != 0 || e.stepExpr() != null) {
      duration(e.stepMillis(), e.stepExpr());
    }
    out.append(']');
    at(e.at());
    offset(e.offsetMillis(), e.offsetExpr());
  }

  private void aggregation(Aggregate e) {
    out.append(e.aggregation().text());
    if (e.without() || !e.grouping().isEmpty()) {
      out.append(e.without() ? " without " : " by ");
      labels(e.grouping());
      out.append(' ');
    }
  }

  private void aggregate(Aggregate e) {
    aggregation(e);
    out.append('(');
    Expr parameter = e.parameter();
    if (parameter != null) {
      expr(parameter);
      out.append(", ");
    }
    expr(e.inner());
    out.append(')');
  }

  private void matching(VectorMatching m) {
    boolean grouped =
        switch (m.cardinality()) {
          case MANY_TO_ONE, ONE_TO_MANY -> true;
          case ONE_TO_ONE, MANY_TO_MANY -> false;
        };
    if (m.on() || !m.labels().isEmpty() || grouped) {
      out.append(m.on() ? " on " : " ignoring ");
      labels(m.labels());
    }
    if (grouped) {
      out.append(
          m.cardinality() == VectorMatching.Cardinality.MANY_TO_ONE
              ? " group_left "
              : " group_right ");
      labels(m.include());
    }
    Double left = m.fillLeft();
    Double right = m.fillRight();
    if (left != null && left.equals(right)) {
      fill("", left);
      return;
    }
    if (left != null) {
      fill("_left", left);
    }
    if (right != null) {
      fill("_right", right);
    }
  }

  private void fill(String side, double value) {
    out.append(" fill").append(side).append(" (").append(GoText.general(value)).append(')');
  }

  /** Label names as {@code by} and {@code without} take them, in parentheses. */
  public static String labelNames(List<String> names) {
    Printer printer = new Printer();
    printer.labels(names);
    return printer.out.toString();
  }

  private void labels(List<String> names) {
    out.append('(');
    String separator = "";
    for (String name : names) {
      out.append(separator).append(labelName(name));
      separator = ", ";
    }
    out.append(')');
  }

  private void selector(VectorSelector e) {
    List<String> texts = new ArrayList<>();
    for (Matcher m : e.matchers()) {
      boolean saidByName =
          m.type() == Matcher.Type.EQ
              && m.name().equals(Labels.METRIC_NAME)
              && m.value().equals(e.name())
              && !m.value().isEmpty();
      if (!saidByName) {
        texts.add(print(m));
      }
    }
    out.append(e.name());
    if (!texts.isEmpty() || e.name().isEmpty()) {
      texts.sort(Labels::compareUtf8);
      out.append('{').append(String.join(",", texts)).append('}');
    }
  }

  private void at(@Nullable AtModifier at) {
    if (at != null) {
      switch (at.anchor()) {
        case TIMESTAMP ->
            out.append(" @ ")
                .append(java.math.BigDecimal.valueOf(at.timestampMillis(), 3).toPlainString());
        case START -> out.append(" @ start()");
        case END -> out.append(" @ end()");
      }
    }
  }

  private void extension(VectorSelector e) {
    if (e.anchored()) {
      out.append(" anchored");
    } else if (e.smoothed()) {
      out.append(" smoothed");
    }
  }

  private void offset(long millis, @Nullable DurationExpr expr) {
    if (millis == 0 && expr == null) {
      return;
    }
    out.append(" offset ");
    if (expr != null && endsInBinary(expr)) {
      // Only behind a parenthesis or two signs does arithmetic belong to an offset.
      String text = print(expr);
      int signs = text.startsWith("--") ? 2 : text.startsWith("-") ? 1 : 0;
      out.append("+".repeat(text.startsWith("(") ? 0 : 2 - signs));
    }
    duration(millis, expr);
  }

  private static boolean endsInBinary(DurationExpr expr) {
    return switch (expr) {
      case DurationExpr.Unary e -> endsInBinary(e.inner());
      case DurationExpr.Binary e -> true;
      case DurationExpr.Literal e -> false;
      case DurationExpr.Step e -> false;
      case DurationExpr.Range e -> false;
      case DurationExpr.Choice e -> false;
      case DurationExpr.Paren e -> false;
    };
  }

  private void duration(long millis, @Nullable DurationExpr expr) {
    if (expr != null) {
      duration(expr);
    } else {
      // A range under a millisecond is kept as 0, which could not be parsed again.
      out.append(millis == 0 ? "0.0001" : Durations.format(millis));
    }
  }

  private void duration(DurationExpr expr) {
    switch (expr) {
      case DurationExpr.Literal e -> number(e.seconds(), e.duration());
      case DurationExpr.Step e -> out.append("step()");
      case DurationExpr.Range e -> out.append("range()");
      case DurationExpr.Choice e -> {
        out.append(e.smaller() ? "min_of(" : "max_of(");
        duration(e.left());
        out.append(", ");
        duration(e.right());
        out.append(')');
      }
      case DurationExpr.Unary e -> {
        out.append(e.operator().text());
        duration(e.inner());
      }
      case DurationExpr.Binary e -> {
        duration(e.left());
        out.append(' ').append(e.operator().text()).append(' ');
        duration(e.right());
      }
      case DurationExpr.Paren e -> {
        out.append('(');
        duration(e.inner());
        out.append(')');
      }
    }
  }

  private void number(double value, boolean duration) {
    if (!duration) {
      out.append(GoText.plain(value));
      return;
    }
    boolean negative = value < 0 || 1 / value < 0; // also of -0s
    out.append(negative ? "-" : "").append(Durations.format(Math.round(Math.abs(value) * 1000)));
  }

  private static String labelName(String name) {
    return isPlainLabelName(name) ? name : GoText.quote(name);
  }

  /** True for a name that needs no quotes: {@code [a-zA-Z_][a-zA-Z0-9_]*}. */
  static boolean isPlainLabelName(String name) {
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      boolean letter = c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      if (!letter && (i == 0 || c < '0' || c > '9')) {
        return false;
      }
    }
    return !name.isEmpty();
  }
}
