package io.varve.query.promql;

import io.varve.engine.model.Matcher;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A parsed and type-checked PromQL expression: an immutable tree of records, each with its place in
 * the query. Two trees are equal only if the places are equal too; compare what {@link #canonical}
 * returns where they do not matter. {@code toString} of every node is its canonical text ({@link
 * Printer}), which parses to the same canonical tree again.
 */
public sealed interface Expr {
  /** Where it stands in the query. */
  Position position();

  /** What it evaluates to. */
  ValueType type();

  /** The expressions directly below it, in the order in which they are written. */
  List<Expr> children();

  /**
   * The same tree with {@link Position#NONE} everywhere and the matchers of each selector in the
   * order in which they are printed. Expressions mean the same if these trees are equal.
   */
  default Expr canonical() {
    return Canonical.INSTANCE.rewrite(this);
  }

  /**
   * A number.
   *
   * @param value the value; a duration in seconds
   * @param duration true if written as a duration, {@code 5m}
   */
  record NumberLiteral(double value, boolean duration, Position position) implements Expr {
    @Override
    public ValueType type() {
      return ValueType.SCALAR;
    }

    @Override
    public List<Expr> children() {
      return List.of();
    }

    @Override
    public String toString() {
      return Printer.print(this);
    }
  }

  /**
   * A string.
   *
   * @param value the text between the quotes, escapes replaced; a byte that is not UTF-8 stands as
   *     the lone surrogate U+DC00 + byte
   */
  record StringLiteral(String value, Position position) implements Expr {
    @Override
    public ValueType type() {
      return ValueType.STRING;
    }

    @Override
    public List<Expr> children() {
      return List.of();
    }

    @Override
    public String toString() {
      return Printer.print(this);
    }
  }

  /** An expression in parentheses. */
  record Paren(Expr inner, Position position) implements Expr {
    @Override
    public ValueType type() {
      return inner.type();
    }

    @Override
    public List<Expr> children() {
      return List.of(inner);
    }

    @Override
    public String toString() {
      return Printer.print(this);
    }
  }

  /**
   * A sign before a scalar or an instant vector.
   *
   * @param operator {@link Operator#ADD} or {@link Operator#SUB}
   */
  record Unary(Operator operator, Expr inner, Position position) implements Expr {
    @Override
    public ValueType type() {
      return inner.type();
    }

    @Override
    public List<Expr> children() {
      return List.of(inner);
    }

    @Override
    public String toString() {
      return Printer.print(this);
    }
  }

  /**
   * An operator between two expressions, each a scalar or an instant vector.
   *
   * @param matching how elements are matched; null unless both sides are vectors
   * @param returnBool true with {@code bool}: a comparison answers 0 or 1 in place of filtering
   */
  record Binary(
      Operator operator,
      Expr left,
      Expr right,
      @Nullable VectorMatching matching,
      boolean returnBool,
      Position position)
      implements Expr {
    @Override
    public ValueType type() {
      return left.type() == ValueType.SCALAR && right.type() == ValueType.SCALAR
          ? ValueType.SCALAR
          : ValueType.VECTOR;
    }

    @Override
    public List<Expr> children() {
      return List.of(left, right);
    }

    @Override
    public String toString() {
      return Printer.print(this);
    }
  }

  /** A function call; number and types of the arguments fit the function. */
  record Call(FunctionSignature function, List<Expr> arguments, Position position) implements Expr {
    /** Copies the arguments. */
    public Call {
      arguments = List.copyOf(arguments);
    }

    @Override
    public ValueType type() {
      return function.returns();
    }

    @Override
    public List<Expr> children() {
      return arguments;
    }

    @Override
    public String toString() {
      return Printer.print(this);
    }
  }

  /**
   * An aggregation of an instant vector.
   *
   * @param inner the vector
   * @param parameter the argument before the vector; null if the aggregation has none
   * @param grouping the labels of {@code by(…)} or {@code without(…)}
   * @param without true if the labels are dropped, false if only they are kept
   */
  record Aggregate(
      Aggregation aggregation,
      Expr inner,
      @Nullable Expr parameter,
      List<String> grouping,
      boolean without,
      Position position)
      implements Expr {
    /** Copies the grouping labels. */
    public Aggregate {
      grouping = List.copyOf(grouping);
    }

    @Override
    public ValueType type() {
      return ValueType.VECTOR;
    }

    @Override
    public List<Expr> children() {
      return parameter == null ? List.of(inner) : List.of(parameter, inner);
    }

    @Override
    public String toString() {
      return Printer.print(this);
    }
  }

  /**
   * A selector of an instant vector.
   *
   * @param name the metric's name if it was written before the braces (a quoted name in them is a
   *     mere matcher), else ""
   * @param matchers all matchers, that for the name included (as the last)
   * @param offsetMillis how far back; 0 while {@code offsetExpr} is not resolved
   * @param offsetExpr an offset that depends on the query's step or range; null if it does not
   * @param at the pinned time; null if none
   * @param anchored true with {@code anchored}
   * @param smoothed true with {@code smoothed}
   */
  record VectorSelector(
      String name,
      List<Matcher> matchers,
      long offsetMillis,
      @Nullable DurationExpr offsetExpr,
      @Nullable AtModifier at,
      boolean anchored,
      boolean smoothed,
      Position position)
      implements Expr {
    /** Copies the matchers. */
    public VectorSelector {
      matchers = List.copyOf(matchers);
    }

    @Override
    public ValueType type() {
      return ValueType.VECTOR;
    }

    @Override
    public List<Expr> children() {
      return List.of();
    }

    @Override
    public String toString() {
      return Printer.print(this);
    }
  }

  /**
   * A selector of a range vector.
   *
   * @param selector what is selected; {@code offset}, {@code @}, {@code anchored} and {@code
   *     smoothed} of the range stand here
   * @param rangeMillis the range's width; 0 while {@code rangeExpr} is not resolved
   * @param rangeExpr a width that depends on the query's step or range; null if it does not
   */
  record MatrixSelector(
      VectorSelector selector,
      long rangeMillis,
      @Nullable DurationExpr rangeExpr,
      Position position)
      implements Expr {
    @Override
    public ValueType type() {
      return ValueType.MATRIX;
    }

    @Override
    public List<Expr> children() {
      return List.of(selector);
    }

    @Override
    public String toString() {
      return Printer.print(this);
    }
  }

  /**
   * A range vector made by evaluating an expression at every step of a range.
   *
   * @param rangeMillis the range's width; 0 while {@code rangeExpr} is not resolved
   * @param rangeExpr a width that depends on the query's step or range; null if it does not
   * @param stepMillis the step; 0 for the default, or while {@code stepExpr} is not resolved
   * @param stepExpr a step that depends on the query's step or range; null if it does not
   * @param offsetMillis how far back; 0 while {@code offsetExpr} is not resolved
   * @param offsetExpr an offset that depends on the query's step or range; null if it does not
   * @param at the pinned time; null if none
   */
  record Subquery(
      Expr inner,
      long rangeMillis,
      @Nullable DurationExpr rangeExpr,
      long stepMillis,
      @Nullable DurationExpr stepExpr,
      long offsetMillis,
      @Nullable DurationExpr offsetExpr,
      @Nullable AtModifier at,
      Position position)
      implements Expr {
    @Override
    public ValueType type() {
      return ValueType.MATRIX;
    }

    @Override
    public List<Expr> children() {
      return List.of(inner);
    }

    @Override
    public String toString() {
      return Printer.print(this);
    }
  }

  /**
   * Marks an expression whose value is the same at every step. The parser never makes it; a planner
   * may wrap what it found to be pinned.
   */
  record StepInvariant(Expr inner) implements Expr {
    @Override
    public Position position() {
      return inner.position();
    }

    @Override
    public ValueType type() {
      return inner.type();
    }

    @Override
    public List<Expr> children() {
      return List.of(inner);
    }

    @Override
    public String toString() {
      return Printer.print(this);
    }
  }
}
