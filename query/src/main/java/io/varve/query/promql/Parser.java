package io.varve.query.promql;

import static io.varve.query.promql.TokenType.BY;
import static io.varve.query.promql.TokenType.COMMA;
import static io.varve.query.promql.TokenType.DURATION;
import static io.varve.query.promql.TokenType.EOF;
import static io.varve.query.promql.TokenType.LEFT_BRACE;
import static io.varve.query.promql.TokenType.LEFT_PAREN;
import static io.varve.query.promql.TokenType.NUMBER;
import static io.varve.query.promql.TokenType.RIGHT_BRACE;
import static io.varve.query.promql.TokenType.RIGHT_BRACKET;
import static io.varve.query.promql.TokenType.RIGHT_PAREN;
import static io.varve.query.promql.TokenType.STRING;
import static io.varve.query.promql.TokenType.SUB;
import static io.varve.query.promql.TokenType.WITHOUT;

import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.query.promql.Expr.Aggregate;
import io.varve.query.promql.Expr.Binary;
import io.varve.query.promql.Expr.Call;
import io.varve.query.promql.Expr.NumberLiteral;
import io.varve.query.promql.Expr.Paren;
import io.varve.query.promql.Expr.StringLiteral;
import io.varve.query.promql.Expr.Unary;
import io.varve.query.promql.Expr.VectorSelector;
import io.varve.query.promql.TokenStream.Context;
import io.varve.query.promql.VectorMatching.Cardinality;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Turns the text of a query into a type-checked {@link Expr}: recursive descent, with precedence
 * climbing for binary operators. The language is that of Prometheus 3.14 ({@code
 * promql/parser/generated_parser.y}), and so are the messages of errors and their places. The first
 * error ends the parse.
 */
public final class Parser {
  private static final Context AGGREGATION = new Context("aggregation", "");
  private static final Context TIMESTAMP = new Context("@", "timestamp");
  private static final Context SUBQUERY_END = new Context("subquery selector", "\"]\"");
  private static final Context RANGE_END = new Context("subquery or range", "\":\" or \"]\"");
  private static final Context LABELS = new Context("grouping opts", "\"(\"");
  private static final Context LABEL = new Context("grouping opts", "label");
  private static final Context LABEL_END = new Context("grouping opts", "\",\" or \")\"");
  private static final Context MATCHER = new Context("label matching", "identifier or \"}\"");
  private static final Context MATCHER_OPERATOR =
      new Context("label matching", "label matching operator");
  private static final Context MATCHER_VALUE = new Context("label matching", "string");
  private static final Context MATCHER_END = new Context("label matching", "\",\" or \"}\"");

  private final ParserOptions options;
  private final TokenStream tokens;
  private final DurationParser durations;
  private final Modifiers modifiers;
  private final RegexBudget regexes;

  private Parser(String query, ParserOptions options) {
    this(query, options, new RegexBudget());
  }

  private Parser(String query, ParserOptions options, RegexBudget regexes) {
    this.options = options;
    this.regexes = regexes;
    this.tokens = new TokenStream(query, options);
    this.durations = new DurationParser(tokens, options);
    this.modifiers = new Modifiers(tokens);
  }

  /**
   * Parses and checks an expression, with the {@linkplain ParserOptions#DEFAULT default options}.
   *
   * @throws ParseException if it is none
   */
  public static Expr parse(String query) {
    return parse(query, ParserOptions.DEFAULT);
  }

  /**
   * Parses and checks an expression.
   *
   * @throws ParseException if it is none, or exceeds a limit
   */
  public static Expr parse(String query, ParserOptions options) {
    Parser parser = new Parser(query, options);
    if (parser.tokens.at(EOF)) {
      throw parser.tokens.error(new Position(0, 0), "no expression found in input");
    }
    Expr expr = parser.expression(1);
    parser.tokens.take(EOF);
    parser.tokens.checkHeight(expr, Expr::children, Expr::position);
    return new TypeChecker(query).check(expr);
  }

  /**
   * Parses an instant vector selector without modifiers, such as the {@code match[]} of the HTTP
   * API, to its matchers. They may all match the empty string.
   *
   * @throws ParseException if it is none
   */
  public static List<Matcher> parseSelector(String text) {
    return parseSelector(text, new RegexBudget());
  }

  /**
   * Parses the selectors of one request, whose regular expressions share a budget.
   *
   * @throws ParseException if one is none
   */
  public static List<List<Matcher>> parseSelectors(List<String> texts) {
    RegexBudget regexes = new RegexBudget();
    List<List<Matcher>> selectors = new ArrayList<>();
    for (String text : texts) {
      selectors.add(parseSelector(text, regexes));
    }
    return selectors;
  }

  private static List<Matcher> parseSelector(String text, RegexBudget regexes) {
    Parser parser = new Parser(text, ParserOptions.DEFAULT, regexes);
    Token first = parser.tokens.peek();
    VectorSelector selector;
    if (first.type() == LEFT_BRACE) {
      selector = parser.selector(null);
    } else if (first.type().namesMetric()) {
      selector = parser.selector(parser.tokens.take());
    } else {
      throw parser.tokens.unexpected();
    }
    parser.tokens.take(EOF);
    return selector.matchers();
  }

  // Expressions

  /** An expression of operators that bind at least as tightly as {@code precedence}. */
  private Expr expression(int precedence) {
    tokens.down();
    Expr left = operand();
    while (true) {
      Operator operator = tokens.peek().type().operator();
      if (operator == null || operator.precedence() < precedence) {
        tokens.up();
        return left;
      }
      tokens.take();
      left = binary(left, operator);
    }
  }

  /** What follows an operator. */
  private Expr binary(Expr left, Operator operator) {
    boolean returnBool = tokens.accept(TokenType.BOOL);
    VectorMatching matching = matching();
    int tighter = operator == Operator.POW ? 0 : 1;
    Expr right = expression(operator.precedence() + tighter);
    Position position = Position.span(left.position(), right.position());
    boolean fills = matching.fillLeft() != null || matching.fillRight() != null;
    if (fills && !options.binopFillModifiers()) {
      throw tokens.error(position, "binop fill modifiers are experimental and not enabled");
    }
    return new Binary(operator, left, right, matching, returnBool, position);
  }

  private Expr operand() {
    Token sign = tokens.acceptSign();
    if (sign == null) {
      return modified(primary());
    }
    // A sign binds like a product, so only a power goes first.
    Expr inner = expression(Operator.POW.precedence());
    boolean negative = sign.type() == SUB;
    Position position = new Position(sign.start(), inner.position().end());
    if (inner instanceof NumberLiteral number) {
      double value = negative ? -number.value() : number.value();
      return new NumberLiteral(value, number.duration(), position);
    }
    return new Unary(negative ? Operator.SUB : Operator.ADD, inner, position);
  }

  private Expr primary() {
    Token token = tokens.peek();
    return switch (token.type()) {
      case LEFT_PAREN -> {
        tokens.take();
        Expr inner = expression(1);
        tokens.take(RIGHT_PAREN);
        yield new Paren(inner, tokens.since(token.start()));
      }
      case STRING -> {
        tokens.take();
        yield new StringLiteral(GoText.unquote(token.text()), token.position());
      }
      case NUMBER, DURATION -> {
        tokens.take();
        double value = Numbers.value(token, tokens);
        yield new NumberLiteral(value, token.type() == DURATION, token.position());
      }
      case LEFT_BRACE -> selector(null);
      default -> named();
    };
  }

  /** What begins with a name: a selector, a call or an aggregation. */
  private Expr named() {
    Token name = tokens.peek();
    if (!name.type().namesMetric()) {
      throw tokens.unexpected();
    }
    tokens.take();
    Aggregation aggregation = name.type().aggregation();
    if (aggregation != null && (tokens.at(LEFT_PAREN) || tokens.at(BY) || tokens.at(WITHOUT))) {
      return aggregate(name, aggregation);
    }
    return tokens.at(LEFT_PAREN) && name.type().namesFunction() ? call(name) : selector(name);
  }

  private Expr call(Token name) {
    List<Expr> arguments = arguments();
    FunctionSignature function = FunctionSignature.of(name.text());
    if (function == null) {
      throw tokens.error(
          name.position(), "unknown function with name " + GoText.quote(name.text()));
    }
    if (function.experimental() && !options.experimentalFunctions()) {
      throw tokens.error(
          name.position(), "function " + GoText.quote(name.text()) + " is not enabled");
    }
    if (function == FunctionSignature.LABEL_REPLACE && !arguments.isEmpty()) {
      weighRegex(arguments.getLast());
    }
    return new Call(function, arguments, tokens.since(name.start()));
  }

  /** Counts an expression that is compiled only when the query runs. */
  private void weighRegex(Expr argument) {
    Expr inner = argument;
    while (inner instanceof Paren paren) {
      inner = paren.inner();
    }
    if (inner instanceof StringLiteral literal) {
      try {
        regexes.add(literal.value());
      } catch (IllegalArgumentException e) {
        throw tokens.error(literal.position(), String.valueOf(e.getMessage()));
      }
    }
  }

  private List<Expr> arguments() {
    tokens.take(LEFT_PAREN);
    List<Expr> arguments = new ArrayList<>();
    if (tokens.accept(RIGHT_PAREN)) {
      return arguments;
    }
    while (true) {
      arguments.add(expression(1));
      if (tokens.accept(RIGHT_PAREN)) {
        return arguments;
      }
      Token comma = tokens.take(COMMA);
      if (tokens.at(RIGHT_PAREN)) {
        throw tokens.error(comma.position(), "trailing commas not allowed in function call args");
      }
    }
  }

  private Expr aggregate(Token name, Aggregation aggregation) {
    Context outer = tokens.enter(AGGREGATION);
    Token grouping = acceptGrouping();
    List<String> labels = grouping == null ? List.of() : labels();
    List<Expr> arguments = arguments();
    if (grouping == null) {
      grouping = acceptGrouping();
      labels = grouping == null ? List.of() : labels();
    }
    tokens.leave(outer);

    Position position = tokens.since(name.start());
    if (arguments.isEmpty()) {
      throw tokens.error(position, "no arguments for aggregate expression provided");
    }
    if (aggregation.experimental() && !options.experimentalFunctions()) {
      throw tokens.error(
          position,
          aggregation.text()
              + "() is experimental and must be enabled with"
              + " --enable-feature=promql-experimental-functions");
    }
    int wanted = aggregation.parameter() == null ? 1 : 2;
    if (arguments.size() != wanted) {
      throw tokens.error(
          position,
          "wrong number of arguments for aggregate expression provided, expected "
              + wanted
              + ", got "
              + arguments.size());
    }
    return new Aggregate(
        aggregation,
        arguments.getLast(),
        wanted == 1 ? null : arguments.getFirst(),
        labels,
        grouping != null && grouping.type() == WITHOUT,
        position);
  }

  private @Nullable Token acceptGrouping() {
    return tokens.at(BY) || tokens.at(WITHOUT) ? tokens.take() : null;
  }

  // Modifiers of binary operators

  private VectorMatching matching() {
    boolean on = tokens.at(TokenType.ON);
    List<String> labels = List.of();
    List<String> include = List.of();
    Cardinality cardinality = Cardinality.ONE_TO_ONE;
    if (on || tokens.at(TokenType.IGNORING)) {
      tokens.take();
      labels = labels();
      if (tokens.accept(TokenType.GROUP_LEFT)) {
        cardinality = Cardinality.MANY_TO_ONE;
      } else if (tokens.accept(TokenType.GROUP_RIGHT)) {
        cardinality = Cardinality.ONE_TO_MANY;
      }
      if (cardinality != Cardinality.ONE_TO_ONE && tokens.at(LEFT_PAREN)) {
        include = labels();
      }
    }
    Double left = null;
    Double right = null;
    if (tokens.accept(TokenType.FILL)) {
      left = fill();
      right = left;
    } else if (tokens.accept(TokenType.FILL_LEFT)) {
      left = fill();
      right = tokens.accept(TokenType.FILL_RIGHT) ? fill() : null;
    } else if (tokens.accept(TokenType.FILL_RIGHT)) {
      right = fill();
      left = tokens.accept(TokenType.FILL_LEFT) ? fill() : null;
    }
    return new VectorMatching(cardinality, on, labels, include, left, right);
  }

  private Double fill() {
    tokens.take(LEFT_PAREN);
    double value = signedNumber();
    tokens.take(RIGHT_PAREN);
    return value;
  }

  private double signedNumber() {
    Token sign = tokens.acceptSign();
    if (!tokens.at(NUMBER) && !tokens.at(DURATION)) {
      throw tokens.unexpected();
    }
    double value = Numbers.value(tokens.take(), tokens);
    return sign != null && sign.type() == SUB ? -value : value;
  }

  /** Labels in parentheses; a comma may stand behind the last. */
  private List<String> labels() {
    if (!tokens.accept(LEFT_PAREN)) {
      throw tokens.unexpected(LABELS);
    }
    List<String> labels = new ArrayList<>();
    while (!tokens.accept(RIGHT_PAREN)) {
      Token token = tokens.peek();
      if (token.type() != STRING && !token.type().namesLabel()) {
        throw tokens.unexpected(LABEL);
      }
      tokens.take();
      String label = token.type() == STRING ? GoText.unquote(token.text()) : token.text();
      if (label.isEmpty() || !GoText.isUtf8(label)) {
        throw tokens.error(
            token.position(), "invalid label name for grouping: " + GoText.quote(label));
      }
      labels.add(label);
      if (!tokens.accept(COMMA) && !tokens.at(RIGHT_PAREN)) {
        throw tokens.unexpected(LABEL_END);
      }
    }
    return labels;
  }

  // Selectors

  /** A selector, whose name, if it has one before the braces, was just taken. */
  private VectorSelector selector(@Nullable Token name) {
    int start = name == null ? tokens.peek().start() : name.start();
    List<Matcher> matchers = new ArrayList<>();
    if (tokens.accept(LEFT_BRACE)) {
      while (!tokens.accept(RIGHT_BRACE)) {
        matchers.add(matcher());
        if (!tokens.accept(COMMA) && !tokens.at(RIGHT_BRACE)) {
          throw tokens.unexpected(MATCHER_END);
        }
      }
    }
    if (name != null) {
      matchers.add(Matcher.equal(Labels.METRIC_NAME, name.text()));
    }
    return new VectorSelector(
        name == null ? "" : name.text(),
        matchers,
        0,
        null,
        null,
        false,
        false,
        tokens.since(start));
  }

  private Matcher matcher() {
    Token name = tokens.peek();
    boolean quoted = name.type() == STRING;
    if (!quoted && name.type() != TokenType.IDENTIFIER) {
      throw tokens.unexpected(MATCHER);
    }
    tokens.take();
    String label = quoted ? GoText.unquote(name.text()) : name.text();
    Matcher.Type type =
        switch (tokens.peek().type()) {
          case ASSIGN -> Matcher.Type.EQ;
          case NEQ -> Matcher.Type.NEQ;
          case MATCH -> Matcher.Type.RE;
          case MATCH_NOT -> Matcher.Type.NRE;
          default -> null;
        };
    if (type == null) {
      if (quoted) {
        return Matcher.equal(Labels.METRIC_NAME, label);
      }
      throw tokens.unexpected(MATCHER_OPERATOR);
    }
    tokens.take();
    if (!tokens.at(STRING)) {
      throw tokens.unexpected(MATCHER_VALUE);
    }
    String value = GoText.unquote(tokens.take().text());
    try {
      if (type == Matcher.Type.RE || type == Matcher.Type.NRE) {
        regexes.add(value);
      }
      return new Matcher(type, label, value);
    } catch (IllegalArgumentException e) {
      throw tokens.error(tokens.since(name.start()), String.valueOf(e.getMessage()));
    }
  }

  /** The expression with all ranges, offsets and the like that follow it. */
  private Expr modified(Expr primary) {
    Expr expr = primary;
    while (true) {
      Token token = tokens.peek();
      switch (token.type()) {
        case LEFT_BRACKET -> {
          tokens.take();
          expr = bracket(expr, token);
        }
        case OFFSET -> {
          tokens.take();
          expr = modifiers.offset(expr, durations.offset());
        }
        case AT -> {
          tokens.take();
          expr = modifiers.at(expr, at(expr));
        }
        case ANCHORED, SMOOTHED -> {
          tokens.take();
          expr = extended(expr, token);
        }
        default -> {
          return expr;
        }
      }
    }
  }

  private Expr bracket(Expr expr, Token bracket) {
    DurationExpr range = durations.range();
    if (tokens.accept(TokenType.COLON)) {
      DurationExpr step = tokens.at(RIGHT_BRACKET) ? null : durations.step();
      if (!tokens.accept(RIGHT_BRACKET)) {
        throw tokens.unexpected(SUBQUERY_END);
      }
      return modifiers.subquery(expr, range, step);
    }
    if (!tokens.accept(RIGHT_BRACKET)) {
      throw tokens.unexpected(RANGE_END);
    }
    return modifiers.range(expr, range, tokens.since(bracket.start()));
  }

  private AtModifier at(Expr expr) {
    Context outer = tokens.enter(TIMESTAMP);
    AtModifier at;
    if (tokens.at(TokenType.START) || tokens.at(TokenType.END)) {
      at = tokens.take().type() == TokenType.START ? AtModifier.START : AtModifier.END;
      tokens.take(LEFT_PAREN);
      tokens.take(RIGHT_PAREN);
    } else {
      double seconds = signedNumber();
      if (!(Math.abs(seconds) < 0x1p63)) {
        throw tokens.error(
            expr.position(),
            "timestamp out of bounds for @ modifier: " + GoText.sixDecimals(seconds));
      }
      double millis = Math.floor(Math.abs(seconds) * 1000 + 0.5);
      at = AtModifier.timestamp((long) (seconds < 0 ? -millis : millis));
    }
    tokens.leave(outer);
    return at;
  }

  private Expr extended(Expr expr, Token modifier) {
    boolean anchored = modifier.type() == TokenType.ANCHORED;
    if (!options.extendedRangeSelectors()) {
      throw tokens.error(
          expr.position(),
          (anchored ? "anchored" : "smoothed") + " modifier is experimental and not enabled");
    }
    return modifiers.extended(expr, anchored);
  }
}
