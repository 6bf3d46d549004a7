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
import io.varve.query.promql.VectorMatching.Cardinality;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Checks the types of a parsed tree and gives the binary operations in it their final matching:
 * none unless both sides are vectors, many-to-many for set operators. The messages are Prometheus'
 * ({@code promql/parser/parse.go}, checkAST), and so is the order of the checks.
 */
final class TypeChecker {
  private final String query;

  TypeChecker(String query) {
    this.query = query;
  }

  /** The tree with final matchings; its height is bounded. */
  Expr check(Expr root) {
    return checked(root);
  }

  private Expr checked(Expr expr) {
    return switch (expr) {
      case NumberLiteral e -> e;
      case StringLiteral e -> e;
      case Paren e -> new Paren(checked(e.inner()), e.position());
      case Unary e -> unary(e);
      case Binary e -> binary(e);
      case Call e -> call(e);
      case Aggregate e -> aggregate(e);
      case VectorSelector e -> {
        selector(e, false);
        yield e;
      }
      case MatrixSelector e -> {
        selector(e.selector(), false);
        yield e;
      }
      case Subquery e -> subquery(e);
      case StepInvariant e -> new StepInvariant(checked(e.inner()));
    };
  }

  private Expr unary(Unary e) {
    Expr inner = checked(e.inner());
    if (!isOperand(inner)) {
      throw error(
          e,
          "unary expression only allowed on expressions of type scalar or instant vector, got "
              + GoText.quote(inner.type().documented()));
    }
    return new Unary(e.operator(), inner, e.position());
  }

  private Expr subquery(Subquery e) {
    Expr inner = checked(e.inner());
    if (inner.type() != ValueType.VECTOR) {
      String type =
          switch (inner.type()) {
            case SCALAR -> "scalar";
            case VECTOR -> "vector";
            case MATRIX -> "matrix";
            case STRING -> "string";
          };
      throw error(e, "subquery is only allowed on instant vector, got " + type + " instead");
    }
    return new Subquery(
        inner,
        e.rangeMillis(),
        e.rangeExpr(),
        e.stepMillis(),
        e.stepExpr(),
        e.offsetMillis(),
        e.offsetExpr(),
        e.at(),
        e.position());
  }

  private Expr aggregate(Aggregate e) {
    Expr inner = expect(e.inner(), ValueType.VECTOR, "aggregation expression");
    ValueType wanted = e.aggregation().parameter();
    Expr parameter = e.parameter();
    if (wanted != null && parameter != null) {
      parameter = expect(parameter, wanted, "aggregation parameter");
    }
    return new Aggregate(
        e.aggregation(), inner, parameter, e.grouping(), e.without(), e.position());
  }

  private Expr expect(Expr expr, ValueType wanted, String where) {
    Expr checked = checked(expr);
    if (checked.type() != wanted) {
      throw mismatch(expr, wanted, where, checked.type());
    }
    return checked;
  }

  private ParseException mismatch(Expr at, ValueType wanted, String where, ValueType got) {
    return error(
        at, "expected type " + wanted.documented() + " in " + where + ", got " + got.documented());
  }

  private Expr call(Call e) {
    FunctionSignature function = e.function();
    String name = GoText.quote(function.text());
    int count = e.arguments().size();
    int fewest = function.fewestArguments();
    int most = function.mostArguments();
    if (count < fewest || count > most) {
      String bound = function.variadic() == 0 ? "" : count < fewest ? "at least " : "at most ";
      throw error(
          e,
          "expected "
              + bound
              + (count < fewest ? fewest : most)
              + " argument(s) in call to "
              + name
              + ", got "
              + count);
    }
    String where = "call to function " + name;
    List<Expr> arguments = new ArrayList<>(count);
    boolean info = function == FunctionSignature.INFO && count > 1;
    if (info) {
      // Checked ahead of all arguments.
      infoLabels(e, e.arguments().get(1), where);
    }
    for (int i = 0; i < count; i++) {
      Expr argument = e.arguments().get(i);
      if (info && i == 1 && argument instanceof VectorSelector selector) {
        selector(selector, true);
        arguments.add(selector);
      } else {
        arguments.add(expect(argument, function.argument(i), where));
      }
    }
    return new Call(function, arguments, e.position());
  }

  /** The second argument of {@code info} only names labels, in the shape of a selector. */
  private void infoLabels(Call call, Expr labels, String where) {
    if (labels.type() != ValueType.VECTOR) {
      throw mismatch(call, ValueType.VECTOR, where, labels.type());
    }
    if (!(labels instanceof VectorSelector selector)) {
      throw error(labels, "expected label selectors only");
    }
    if (!selector.name().isEmpty()) {
      throw error(labels, "expected label selectors only, got vector selector instead");
    }
  }

  private void selector(VectorSelector e, boolean mayBeEmpty) {
    if (!e.name().isEmpty()) {
      // The last matcher is the one for the name before the braces.
      for (Matcher m : e.matchers().subList(0, e.matchers().size() - 1)) {
        if (m.name().equals(Labels.METRIC_NAME)) {
          throw error(
              e,
              "metric name must not be set twice: "
                  + GoText.quote(e.name())
                  + " or "
                  + GoText.quote(m.value()));
        }
      }
      return;
    }
    if (mayBeEmpty) {
      return;
    }
    for (Matcher m : e.matchers()) {
      if (!m.matchesEmpty()) {
        return;
      }
    }
    throw error(e, "vector selector must contain at least one non-empty matcher");
  }

  private Expr binary(Binary e) {
    Expr left = checked(e.left());
    Expr right = checked(e.right());
    Operator operator = e.operator();
    VectorMatching matching = e.matching() == null ? VectorMatching.ONE_TO_ONE : e.matching();
    boolean vectors = left.type() == ValueType.VECTOR && right.type() == ValueType.VECTOR;
    boolean anyScalar = left.type() == ValueType.SCALAR || right.type() == ValueType.SCALAR;
    boolean scalars = left.type() == ValueType.SCALAR && right.type() == ValueType.SCALAR;

    if (e.returnBool() && !operator.isComparison()) {
      throw operatorError(e, "bool modifier can only be used on comparison operators");
    }
    if (operator.isComparison() && !e.returnBool() && scalars) {
      throw operatorError(e, "comparisons between scalars must use BOOL modifier");
    }
    if (matching.on()) {
      Set<String> include = new HashSet<>(matching.include());
      for (String label : matching.labels()) {
        if (include.contains(label)) {
          throw operatorError(
              e, "label " + GoText.quote(label) + " must not occur in ON and GROUP clause at once");
        }
      }
    }
    for (Expr side : List.of(left, right)) {
      if (!isOperand(side)) {
        throw error(side, "binary expression must contain only scalar and instant vector types");
      }
    }
    if (!vectors && !matching.labels().isEmpty()) {
      throw error(e, "vector matching only allowed between instant vectors");
    }
    boolean filled = matching.fillLeft() != null || matching.fillRight() != null;
    if (!vectors && filled) {
      throw error(e, "filling in missing series only allowed between instant vectors");
    }
    String quoted = GoText.quote(operator.text());
    if (operator.isSet()) {
      if (vectors && matching.cardinality() != Cardinality.ONE_TO_ONE) {
        throw error(e, "no grouping allowed for " + quoted + " operation");
      }
      if (vectors && filled) {
        throw error(e, "filling in missing series not allowed for set operators");
      }
      if (anyScalar) {
        throw error(e, "set operator " + quoted + " not allowed in binary scalar expression");
      }
    }
    return new Binary(
        operator,
        left,
        right,
        vectors ? finalMatching(operator, matching) : null,
        e.returnBool(),
        e.position());
  }

  private static VectorMatching finalMatching(Operator operator, VectorMatching m) {
    return operator.isSet()
        ? new VectorMatching(Cardinality.MANY_TO_MANY, m.on(), m.labels(), m.include(), null, null)
        : m;
  }

  private static boolean isOperand(Expr expr) {
    return expr.type() == ValueType.SCALAR || expr.type() == ValueType.VECTOR;
  }

  /** An error at the operator and its modifiers, which have no node of their own. */
  private ParseException operatorError(Binary e, String reason) {
    int start = e.left().position().end();
    while (Lexer.isSpace(query.charAt(start))) {
      start++;
    }
    return new ParseException(query, new Position(start, e.right().position().start()), reason);
  }

  private ParseException error(@Nullable Expr at, String reason) {
    return new ParseException(query, at == null ? Position.NONE : at.position(), reason);
  }
}
