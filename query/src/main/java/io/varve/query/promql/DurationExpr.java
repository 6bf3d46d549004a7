package io.varve.query.promql;

import java.util.List;

/**
 * Arithmetic over durations in place of a range, a step or an offset, such as {@code [step() * 2]}.
 * Its value is a number of seconds that depends on the query's step and range, so it can be
 * resolved only when these are known: {@link DurationResolver}.
 */
public sealed interface DurationExpr {
  /** Where it stands. */
  Position position();

  /** The expressions directly below it, in the order in which they are written. */
  default List<DurationExpr> children() {
    return switch (this) {
      case Literal e -> List.of();
      case Step e -> List.of();
      case Range e -> List.of();
      case Choice e -> List.of(e.left, e.right);
      case Unary e -> List.of(e.inner);
      case Binary e -> List.of(e.left, e.right);
      case Paren e -> List.of(e.inner);
    };
  }

  /**
   * A literal.
   *
   * @param seconds the value
   * @param duration true if written with units, as in {@code 5m}
   */
  record Literal(double seconds, boolean duration, Position position) implements DurationExpr {}

  /** {@code step()}: the query's step, 0 in an instant query. */
  record Step(Position position) implements DurationExpr {}

  /** {@code range()}: the query's end minus its start. */
  record Range(Position position) implements DurationExpr {}

  /** The smaller or the greater of two, {@code min_of(a, b)} and {@code max_of(a, b)}. */
  record Choice(boolean smaller, DurationExpr left, DurationExpr right, Position position)
      implements DurationExpr {}

  /** {@code +} or {@code -} before an expression. */
  record Unary(Operator operator, DurationExpr inner, Position position) implements DurationExpr {}

  /** One of {@code + - * / % ^} between two. */
  record Binary(Operator operator, DurationExpr left, DurationExpr right, Position position)
      implements DurationExpr {}

  /** Parentheses. */
  record Paren(DurationExpr inner, Position position) implements DurationExpr {}
}
