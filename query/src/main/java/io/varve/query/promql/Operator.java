package io.varve.query.promql;

/** The operators of PromQL, binary and unary. */
public enum Operator {
  /** Logical or: the left side, and what only the right side has. */
  OR("or", 1),
  /** The left side where the right side has a partner. */
  AND("and", 2),
  /** The left side where the right side has no partner. */
  UNLESS("unless", 2),
  /** Equal. */
  EQ("==", 3),
  /** Not equal. */
  NEQ("!=", 3),
  /** Less. */
  LT("<", 3),
  /** Less or equal. */
  LTE("<=", 3),
  /** Greater. */
  GT(">", 3),
  /** Greater or equal. */
  GTE(">=", 3),
  /** Sum, or unary plus. */
  ADD("+", 4),
  /** Difference, or unary minus. */
  SUB("-", 4),
  /** Product. */
  MUL("*", 5),
  /** Quotient. */
  DIV("/", 5),
  /** Remainder, with the sign of the dividend. */
  MOD("%", 5),
  /** Angle of the point (right, left). */
  ATAN2("atan2", 5),
  /** Power; the only one that associates to the right. */
  POW("^", 6),
  /** Keeps the observations of a histogram that lie below. */
  TRIM_UPPER("</", 3),
  /** Keeps the observations of a histogram that lie above. */
  TRIM_LOWER(">/", 3);

  private final String text;
  private final int precedence;

  Operator(String text, int precedence) {
    this.text = text;
    this.precedence = precedence;
  }

  /** As PromQL writes it. */
  public String text() {
    return text;
  }

  /** How tightly it binds: 1 ({@code or}) to 6 ({@code ^}). */
  public int precedence() {
    return precedence;
  }

  /** True for {@code and}, {@code or} and {@code unless}. */
  public boolean isSet() {
    return this == AND || this == OR || this == UNLESS;
  }

  /** True for the six that compare, which may carry {@code bool}. */
  public boolean isComparison() {
    return switch (this) {
      case EQ, NEQ, LT, LTE, GT, GTE -> true;
      case OR, AND, UNLESS, ADD, SUB, MUL, DIV, MOD, ATAN2, POW, TRIM_UPPER, TRIM_LOWER -> false;
    };
  }
}
