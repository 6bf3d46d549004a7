package io.varve.query.promql;

import static io.varve.query.promql.TokenType.COMMA;
import static io.varve.query.promql.TokenType.DURATION;
import static io.varve.query.promql.TokenType.LEFT_PAREN;
import static io.varve.query.promql.TokenType.MIN_OF;
import static io.varve.query.promql.TokenType.RIGHT_PAREN;
import static io.varve.query.promql.TokenType.STEP;
import static io.varve.query.promql.TokenType.SUB;

import io.varve.query.promql.TokenStream.Context;
import org.jspecify.annotations.Nullable;

/**
 * Parses what stands for a duration: a literal, or arithmetic over literals and the query's step.
 */
final class DurationParser {
  private static final String OPERAND = "number, duration, step(), or range()";
  private static final Context RANGE_CONTEXT = new Context("subquery or range selector", OPERAND);
  private static final Context STEP_CONTEXT =
      new Context("subquery selector", "number, duration, step(), range(), or \"]\"");
  private static final Context OFFSET_CONTEXT = new Context("offset", OPERAND);

  /** A sign binds like a product, so only a power goes first. */
  private static final int SIGNED = Operator.POW.precedence();

  private final TokenStream tokens;
  private final boolean mayCompute;

  DurationParser(TokenStream tokens, ParserOptions options) {
    this.tokens = tokens;
    this.mayCompute = options.durationExpressions();
  }

  /** The width of a range. */
  DurationExpr range() {
    return positive(RANGE_CONTEXT);
  }

  /** The step of a subquery. */
  DurationExpr step() {
    return positive(STEP_CONTEXT);
  }

  private DurationExpr positive(Context inner) {
    Context outer = tokens.enter(inner);
    DurationExpr duration = expression(1);
    tokens.leave(outer);
    if (duration instanceof DurationExpr.Literal literal && literal.seconds() <= 0) {
      throw tokens.error(duration.position(), "duration must be greater than 0");
    }
    return bounded(duration);
  }

  private DurationExpr bounded(DurationExpr duration) {
    return tokens.checkHeight(duration, DurationExpr::children, DurationExpr::position);
  }

  /**
   * An offset: without parentheses only the first operand belongs to it, so that {@code foo offset
   * 5m - 8} subtracts from a vector.
   */
  DurationExpr offset() {
    Context outer = tokens.enter(OFFSET_CONTEXT);
    Token sign = tokens.acceptSign();
    boolean single =
        switch (tokens.peek().type()) {
          case NUMBER, DURATION, STEP, RANGE, MAX_OF, MIN_OF -> true;
          case LEFT_PAREN -> sign != null;
          default -> false;
        };
    DurationExpr duration;
    if (single) {
      duration = signed(sign, operand());
    } else if (sign == null) {
      duration = expression(1);
    } else {
      duration = operators(signed(sign, expression(SIGNED)), 1);
    }
    tokens.leave(outer);
    return bounded(duration);
  }

  /** An expression of operators that bind at least as tightly as {@code precedence}. */
  private DurationExpr expression(int precedence) {
    tokens.down();
    Token sign = tokens.acceptSign();
    DurationExpr first = sign == null ? operand() : signed(sign, expression(SIGNED));
    DurationExpr whole = operators(first, precedence);
    tokens.up();
    return whole;
  }

  private DurationExpr operators(DurationExpr first, int precedence) {
    DurationExpr left = first;
    while (true) {
      Token token = tokens.peek();
      Operator operator = arithmetic(token);
      if (operator == null || operator.precedence() < precedence) {
        return left;
      }
      tokens.take();
      int tighter = operator == Operator.POW ? 0 : 1;
      DurationExpr right = expression(operator.precedence() + tighter);
      checkEnabled(left);
      if (right instanceof DurationExpr.Literal literal && literal.seconds() == 0) {
        if (operator == Operator.DIV) {
          throw tokens.error(token.position(), "division by zero");
        }
        if (operator == Operator.MOD) {
          throw tokens.error(token.position(), "modulo by zero");
        }
      }
      Position position = Position.span(left.position(), right.position());
      left = new DurationExpr.Binary(operator, left, right, position);
    }
  }

  private static @Nullable Operator arithmetic(Token token) {
    return switch (token.type()) {
      case ADD, SUB, MUL, DIV, MOD, POW -> token.type().operator();
      default -> null;
    };
  }

  private DurationExpr operand() {
    Token token = tokens.peek();
    return switch (token.type()) {
      case NUMBER, DURATION -> {
        tokens.take();
        double seconds = Numbers.value(token, tokens);
        if (Math.abs(seconds) > Durations.MOST_SECONDS) {
          throw tokens.error(token.position(), "duration out of range");
        }
        yield new DurationExpr.Literal(seconds, token.type() == DURATION, token.position());
      }
      case STEP, RANGE -> {
        tokens.take();
        tokens.take(LEFT_PAREN);
        tokens.take(RIGHT_PAREN);
        Position position = tokens.since(token.start());
        yield checkEnabled(
            token.type() == STEP
                ? new DurationExpr.Step(position)
                : new DurationExpr.Range(position));
      }
      case MAX_OF, MIN_OF -> {
        tokens.take();
        tokens.take(LEFT_PAREN);
        DurationExpr left = expression(1);
        tokens.take(COMMA);
        DurationExpr right = expression(1);
        tokens.take(RIGHT_PAREN);
        Position position = tokens.since(token.start());
        yield checkEnabled(new DurationExpr.Choice(token.type() == MIN_OF, left, right, position));
      }
      case LEFT_PAREN -> {
        tokens.take();
        DurationExpr inner = expression(1);
        tokens.take(RIGHT_PAREN);
        checkEnabled(inner);
        yield new DurationExpr.Paren(inner, tokens.since(token.start()));
      }
      default -> throw tokens.unexpected();
    };
  }

  private static DurationExpr signed(@Nullable Token sign, DurationExpr operand) {
    if (sign == null) {
      return operand;
    }
    boolean negative = sign.type() == SUB;
    Position position = new Position(sign.start(), operand.position().end());
    if (operand instanceof DurationExpr.Literal literal) {
      double seconds = negative ? -literal.seconds() : literal.seconds();
      return new DurationExpr.Literal(seconds, literal.duration(), position);
    }
    // A plus says nothing.
    return negative ? new DurationExpr.Unary(Operator.SUB, operand, position) : operand;
  }

  private DurationExpr checkEnabled(DurationExpr expr) {
    if (!mayCompute) {
      throw tokens.error(expr.position(), "experimental duration expression is not enabled");
    }
    return expr;
  }
}
