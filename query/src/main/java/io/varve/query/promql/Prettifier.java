package io.varve.query.promql;

import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Writes expressions for human eyes: canonical text, but what is longer than 100 bytes is broken
 * into indented lines at aggregations, calls, parentheses and binary operators, as Prometheus'
 * {@code Expr.Pretty} does it.
 */
public final class Prettifier {
  private static final int MOST_BYTES = 100;
  private static final String INDENT = "  ";

  private final StringBuilder out = new StringBuilder();

  private Prettifier() {}

  /** The text, in one line or more, without a line end at its end. */
  public static String print(Expr expr) {
    Prettifier prettifier = new Prettifier();
    prettifier.lines(expr, 0);
    return prettifier.out.toString();
  }

  private void lines(Expr expr, int level) {
    String whole = Printer.print(expr);
    boolean fits = whole.getBytes(StandardCharsets.UTF_8).length <= MOST_BYTES;
    switch (expr) {
      case Expr.StepInvariant e -> lines(e.inner(), level);
      case Expr.Unary e -> {
        indent(level).append(e.operator().text());
        int begin = out.length();
        lines(e.inner(), level);
        out.delete(begin, begin + leadingSpaces(begin));
      }
      // A subquery that fits is not indented, wherever it stands: so does Prometheus.
      case Expr.Subquery e when fits -> out.append(whole);
      case Expr.Subquery e -> {
        lines(e.inner(), level);
        out.append(Printer.suffix(e));
      }
      case Expr.Aggregate e when !fits -> {
        indent(level).append(Printer.operator(e)).append("(\n");
        Expr parameter = e.parameter();
        arguments(parameter == null ? List.of(e.inner()) : List.of(parameter, e.inner()), level);
      }
      case Expr.Call e when !fits && !e.arguments().isEmpty() -> {
        indent(level).append(e.function().text()).append("(\n");
        arguments(e.arguments(), level);
      }
      case Expr.Paren e when !fits -> {
        indent(level).append("(\n");
        arguments(List.of(e.inner()), level);
      }
      case Expr.Binary e when !fits -> {
        lines(e.left(), level + 1);
        out.append('\n');
        indent(level).append(Printer.operator(e)).append('\n');
        lines(e.right(), level + 1);
      }
      case Expr.Aggregate e -> indent(level).append(whole);
      case Expr.Call e -> indent(level).append(whole);
      case Expr.Paren e -> indent(level).append(whole);
      case Expr.Binary e -> indent(level).append(whole);
      case Expr.NumberLiteral e -> indent(level).append(whole);
      case Expr.StringLiteral e -> indent(level).append(whole);
      case Expr.VectorSelector e -> indent(level).append(whole);
      case Expr.MatrixSelector e -> indent(level).append(whole);
    }
  }

  private void arguments(List<Expr> arguments, int level) {
    String separator = "";
    for (Expr argument : arguments) {
      out.append(separator);
      lines(argument, level + 1);
      separator = ",\n";
    }
    out.append('\n');
    indent(level).append(')');
  }

  private StringBuilder indent(int level) {
    return out.append(INDENT.repeat(level));
  }

  private int leadingSpaces(int from) {
    int spaces = 0;
    while (from + spaces < out.length() && out.charAt(from + spaces) == ' ') {
      spaces++;
    }
    return spaces;
  }
}
