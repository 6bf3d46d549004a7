package io.varve.query.function;

import io.varve.query.promql.Operator;

/**
 * The binary operators over two floats (Prometheus 3.14 {@code promql/engine.go}, scalarBinop and
 * vectorElemBinop). Set operators and the histogram trims are not among them.
 */
public final class BinaryOperators {
  private BinaryOperators() {}

  /**
   * The value of an arithmetic operator; of a comparison 1 or 0.
   *
   * @throws IllegalArgumentException if the operator is not defined for two numbers
   */
  public static double apply(Operator operator, double left, double right) {
    return switch (operator) {
      case ADD -> left + right;
      case SUB -> left - right;
      case MUL -> left * right;
      case DIV -> left / right;
      case MOD -> left % right;
      case POW -> Numbers.pow(left, right);
      case ATAN2 -> Math.atan2(left, right);
      case EQ, NEQ, LT, LTE, GT, GTE -> compare(operator, left, right) ? 1 : 0;
      case OR, AND, UNLESS, TRIM_UPPER, TRIM_LOWER -> throw undefined(operator);
    };
  }

  /**
   * Whether a comparison holds; NaN equals nothing.
   *
   * @throws IllegalArgumentException if the operator is no comparison
   */
  public static boolean compare(Operator operator, double left, double right) {
    return switch (operator) {
      case EQ -> left == right;
      case NEQ -> left != right;
      case LT -> left < right;
      case LTE -> left <= right;
      case GT -> left > right;
      case GTE -> left >= right;
      case ADD, SUB, MUL, DIV, MOD, POW, ATAN2, OR, AND, UNLESS, TRIM_UPPER, TRIM_LOWER ->
          throw undefined(operator);
    };
  }

  private static IllegalArgumentException undefined(Operator operator) {
    return new IllegalArgumentException(
        "operator \"" + operator.text() + "\" not allowed for Scalar operations");
  }
}
