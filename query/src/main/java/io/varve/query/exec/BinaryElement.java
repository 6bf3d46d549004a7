package io.varve.query.exec;

import io.varve.query.function.Absent;
import io.varve.query.function.BinaryOperators;
import io.varve.query.promql.Operator;
import io.varve.query.promql.Position;

/**
 * A binary operator between two floats of which at least one is an element of a vector: what it
 * yields, and whether the element stays.
 *
 * @param returnBool true if a comparison yields 0 or 1 in place of filtering
 * @param position of the binary expression
 */
record BinaryElement(QueryContext query, Operator operator, boolean returnBool, Position position) {

  /**
   * The result; absent if the element does not stay. A filter yields {@code kept}.
   *
   * @param kept the value that a comparison lets pass
   */
  double apply(double left, double right, double kept) {
    return switch (operator) {
      case ADD -> left + right;
      case SUB -> left - right;
      case MUL -> left * right;
      case DIV -> left / right;
      case MOD, POW, ATAN2 -> BinaryOperators.apply(operator, left, right);
      case EQ, NEQ, LT, LTE, GT, GTE -> {
        boolean holds = BinaryOperators.compare(operator, left, right);
        yield returnBool ? (holds ? 1 : 0) : holds ? kept : Absent.VALUE;
      }
      case TRIM_LOWER, TRIM_UPPER -> {
        query.annotations.incompatible(operator.text(), "float", "float", position);
        yield Absent.VALUE;
      }
      case OR, AND, UNLESS -> throw new IllegalStateException(operator.text());
    };
  }

  /** True if the result means something else than the operands, so that it has no name. */
  boolean dropsName() {
    return returnBool || changesMeaning();
  }

  /** True if the name goes from the operands before the result's labels are put together. */
  boolean dropsNow() {
    return changesMeaning() && !query.lateNames;
  }

  /** True for arithmetic. */
  boolean changesMeaning() {
    return switch (operator) {
      case ADD, SUB, MUL, DIV, MOD, POW, ATAN2 -> true;
      case EQ, NEQ, LT, LTE, GT, GTE, TRIM_LOWER, TRIM_UPPER, OR, AND, UNLESS -> false;
    };
  }

  /** Applies it to a column, in place, with a number per step on one side. */
  void withScalars(double[] column, int at, int steps, double[] scalars, boolean scalarLeft) {
    if (scalarLeft) {
      for (int s = 0; s < steps; s++) {
        double value = column[at + s];
        if (!Absent.is(value)) {
          column[at + s] = apply(scalars[s], value, value);
        }
      }
    } else {
      for (int s = 0; s < steps; s++) {
        double value = column[at + s];
        if (!Absent.is(value)) {
          column[at + s] = apply(value, scalars[s], value);
        }
      }
    }
  }
}
