package io.varve.query.promql;

import static io.varve.query.promql.TokenType.ADD;
import static io.varve.query.promql.TokenType.ASSIGN;
import static io.varve.query.promql.TokenType.COLON;
import static io.varve.query.promql.TokenType.COMMA;
import static io.varve.query.promql.TokenType.DURATION;
import static io.varve.query.promql.TokenType.EOF;
import static io.varve.query.promql.TokenType.LEFT_BRACE;
import static io.varve.query.promql.TokenType.LEFT_BRACKET;
import static io.varve.query.promql.TokenType.LEFT_PAREN;
import static io.varve.query.promql.TokenType.MATCH;
import static io.varve.query.promql.TokenType.MATCH_NOT;
import static io.varve.query.promql.TokenType.MAX_OF;
import static io.varve.query.promql.TokenType.MIN_OF;
import static io.varve.query.promql.TokenType.NEQ;
import static io.varve.query.promql.TokenType.NUMBER;
import static io.varve.query.promql.TokenType.RANGE;
import static io.varve.query.promql.TokenType.RIGHT_BRACE;
import static io.varve.query.promql.TokenType.RIGHT_BRACKET;
import static io.varve.query.promql.TokenType.RIGHT_PAREN;
import static io.varve.query.promql.TokenType.STEP;
import static io.varve.query.promql.TokenType.STRING;
import static io.varve.query.promql.TokenType.SUB;

import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.query.promql.Expr.Aggregate;
import io.varve.query.promql.Expr.Binary;
import io.varve.query.promql.Expr.Call;
import io.varve.query.promql.Expr.MatrixSelector;
import io.varve.query.promql.Expr.NumberLiteral;
import io.varve.query.promql.Expr.Paren;
import io.varve.query.promql.Expr.StringLiteral;
import io.varve.query.promql.Expr.Subquery;
import io.varve.query.promql.Expr.Unary;
import io.varve.query.promql.Expr.VectorSelector;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Turns the text of a query into a type-checked {@link Expr}: recursive descent, with precedence
 * climbing for binary operators. The language is that of Prometheus 3.14 ({@code
 * promql/parser/generated_parser.y}), and so are the messages of errors and their places.
 *
 * <p>The first error ends the parse. Which message a syntax error gets depends on the construct
 * around it: the innermost one that has a message of its own decides, see {@link #context}.
 */
public final class Parser {
  private static final String DURATION_EXPECTED = "number, duration, step(), or range()";
  private static final String STEP_EXPECTED = "number, duration, step(), range(), or \"]\"";
  private static final int UNARY_PRECEDENCE = Operator.MUL.precedence();

  private final String query;
  private final ParserOptions options;
  private final Lexer lexer;
  private final RegexBudget regexes = new RegexBudget();

  /** The token after the last one taken; null while nobody asked for it. */
  private @Nullable Token next;

  /** Where the last taken token ends. */
  private int end;

  /** How deep the construct under way is nested. */
  private int depth;

  /** What a syntax error says to have happened in; "" for nothing in particular. */
  private String context = "";

  /** What it says to have been expected; "" for nothing in particular. */
  private String expected = "";

  private Parser(String query, ParserOptions options) {
    this.query = query;
    this.options = options;
    this.lexer = new Lexer(query);
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
    parser.checkLength();
    if (parser.peek().type() == EOF) {
      throw parser.error(new Position(0, 0), "no expression found in input");
    }
    Expr expr = parser.expression(1);
    parser.expectEnd();
    return new TypeChecker(query, options).check(expr);
  }

  /**
   * Parses an instant vector selector without modifiers, such as the {@code match[]} of the HTTP
   * API, to its matchers. They may all match the empty string.
   *
   * @throws ParseException if it is none
   */
  public static List<Matcher> parseSelector(String text) {
    Parser parser = new Parser(text, ParserOptions.DEFAULT);
    parser.checkLength();
    Token token = parser.peek();
    if (token.type() != LEFT_BRACE && !token.type().namesMetric()) {
      throw parser.unexpected();
    }
    VectorSelector selector =
        token.type() == LEFT_BRACE ? parser.selector(null) : parser.selector(parser.take());
    parser.expectEnd();
    return selector.matchers();
  }

  private void checkLength() {
    long most = options.mostQueryBytes();
    // A char is at least one byte and at most three.
    if (query.length() > most
        || (query.length() * 3L > most && query.getBytes(StandardCharsets.UTF_8).length > most)) {
      throw error(new Position(0, 0), "query is longer than " + most + " bytes");
    }
  }

  private void expectEnd() {
    if (peek().type() != EOF) {
      throw unexpected();
    }
  }

  // Expressions

  /** An expression of operators that bind at least as tightly as {@code precedence}. */
  private Expr expression(int precedence) {
    enter();
    Expr left = operand();
    while (true) {
      Operator operator = peek().type().operator();
      if (operator == null || operator.precedence() < precedence) {
        leave();
        return left;
      }
      take();
      boolean returnBool = accept(TokenType.BOOL);
      VectorMatching matching = matching();
      Expr right =
          expression(operator == Operator.POW ? operator.precedence() : operator.precedence() + 1);
      Position position = Position.span(left.position(), right.position());
      if (!options.binopFillModifiers()
          && (matching.fillLeft() != null || matching.fillRight() != null)) {
        throw error(position, "binop fill modifiers are experimental and not enabled");
      }
      left = new Binary(operator, left, right, matching, returnBool, position);
    }
  }

  private Expr operand() {
    Token token = peek();
    if (token.type() != ADD && token.type() != SUB) {
      return modified(primary());
    }
    take();
    // A sign binds like a product, so only a power goes first.
    Expr inner = expression(UNARY_PRECEDENCE + 1);
    Position position = new Position(token.start(), inner.position().end());
    if (inner instanceof NumberLiteral number) {
      double value = token.type() == SUB ? -number.value() : number.value();
      return new NumberLiteral(value, number.duration(), position);
    }
    return new Unary(token.type() == SUB ? Operator.SUB : Operator.ADD, inner, position);
  }

  private Expr primary() {
    Token token = peek();
    switch (token.type()) {
      case LEFT_PAREN -> {
        take();
        Expr inner = expression(1);
        return new Paren(inner, from(token, take(RIGHT_PAREN)));
      }
      case STRING -> {
        take();
        return new StringLiteral(GoText.unquote(token.text()), token.position());
      }
      case NUMBER, DURATION -> {
        take();
        return new NumberLiteral(value(token), token.type() == DURATION, token.position());
      }
      case LEFT_BRACE -> {
        return selector(null);
      }
      default -> {
        if (!token.type().namesMetric()) {
          throw unexpected();
        }
      }
    }
    take();
    TokenType after = peek().type();
    Aggregation aggregation = token.type().aggregation();
    if (aggregation != null
        && (after == LEFT_PAREN || after == TokenType.BY || after == TokenType.WITHOUT)) {
      return aggregate(token, aggregation);
    }
    if (after == LEFT_PAREN && token.type().namesFunction()) {
      return call(token);
    }
    return selector(token);
  }

  private Expr call(Token name) {
    List<Expr> arguments = arguments();
    FunctionSignature function = FunctionSignature.of(name.text());
    if (function == null) {
      throw error(name.position(), "unknown function with name " + GoText.quote(name.text()));
    }
    if (function.experimental() && !options.experimentalFunctions()) {
      throw error(name.position(), "function " + GoText.quote(name.text()) + " is not enabled");
    }
    return new Call(function, arguments, new Position(name.start(), end));
  }

  private List<Expr> arguments() {
    take(LEFT_PAREN);
    List<Expr> arguments = new ArrayList<>();
    if (accept(RIGHT_PAREN)) {
      return arguments;
    }
    while (true) {
      arguments.add(expression(1));
      Token token = peek();
      if (accept(RIGHT_PAREN)) {
        return arguments;
      }
      take(COMMA);
      if (peek().type() == RIGHT_PAREN) {
        throw error(token.position(), "trailing commas not allowed in function call args");
      }
    }
  }

  private Expr aggregate(Token name, Aggregation aggregation) {
    String outerContext = context;
    String outerExpected = expected;
    context = "aggregation";
    expected = "";
    Token grouping = grouping();
    List<String> labels = grouping == null ? List.of() : labels();
    List<Expr> arguments = arguments();
    if (grouping == null) {
      grouping = grouping();
      labels = grouping == null ? List.of() : labels();
    }
    context = outerContext;
    expected = outerExpected;

    Position position = new Position(name.start(), end);
    if (arguments.isEmpty()) {
      throw error(position, "no arguments for aggregate expression provided");
    }
    if (aggregation.experimental() && !options.experimentalFunctions()) {
      throw error(
          position,
          aggregation.text()
              + "() is experimental and must be enabled with"
              + " --enable-feature=promql-experimental-functions");
    }
    int wanted = aggregation.parameter() == null ? 1 : 2;
    if (arguments.size() != wanted) {
      throw error(
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
        grouping != null && grouping.type() == TokenType.WITHOUT,
        position);
  }

  /** Takes {@code by} or {@code without}; null if neither is next. */
  private @Nullable Token grouping() {
    TokenType type = peek().type();
    return type == TokenType.BY || type == TokenType.WITHOUT ? take() : null;
  }

  // Modifiers of binary operators

  private VectorMatching matching() {
    boolean on = peek().type() == TokenType.ON;
    List<String> labels = List.of();
    List<String> include = List.of();
    VectorMatching.Cardinality cardinality = VectorMatching.Cardinality.ONE_TO_ONE;
    if (on || peek().type() == TokenType.IGNORING) {
      take();
      labels = labels();
      TokenType side = peek().type();
      if (side == TokenType.GROUP_LEFT || side == TokenType.GROUP_RIGHT) {
        take();
        cardinality =
            side == TokenType.GROUP_LEFT
                ? VectorMatching.Cardinality.MANY_TO_ONE
                : VectorMatching.Cardinality.ONE_TO_MANY;
        include = peek().type() == LEFT_PAREN ? labels() : List.of();
      }
    }
    Double left = null;
    Double right = null;
    if (accept(TokenType.FILL)) {
      left = fill();
      right = left;
    } else if (accept(TokenType.FILL_LEFT)) {
      left = fill();
      right = accept(TokenType.FILL_RIGHT) ? fill() : null;
    } else if (accept(TokenType.FILL_RIGHT)) {
      right = fill();
      left = accept(TokenType.FILL_LEFT) ? fill() : null;
    }
    return new VectorMatching(cardinality, on, labels, include, left, right);
  }

  private Double fill() {
    take(LEFT_PAREN);
    double value = signedNumber();
    take(RIGHT_PAREN);
    return value;
  }

  private List<String> labels() {
    if (peek().type() != LEFT_PAREN) {
      throw unexpected("grouping opts", "\"(\"");
    }
    take();
    List<String> labels = new ArrayList<>();
    while (true) {
      // A comma may stand before the end, but not alone.
      if (accept(RIGHT_PAREN)) {
        return labels;
      }
      Token token = peek();
      if (token.type() != STRING && !token.type().namesLabel()) {
        throw unexpected("grouping opts", "label");
      }
      take();
      String label = token.type() == STRING ? GoText.unquote(token.text()) : token.text();
      if (label.isEmpty()) {
        throw error(token.position(), "invalid label name for grouping: " + GoText.quote(label));
      }
      labels.add(label);
      if (!accept(COMMA) && peek().type() != RIGHT_PAREN) {
        throw unexpected("grouping opts", "\",\" or \")\"");
      }
    }
  }

  // Selectors

  private VectorSelector selector(@Nullable Token name) {
    List<Matcher> matchers = new ArrayList<>();
    Token first = name == null ? peek() : name;
    if (peek().type() == LEFT_BRACE) {
      take();
      while (!accept(RIGHT_BRACE)) {
        matchers.add(matcher());
        if (!accept(COMMA) && peek().type() != RIGHT_BRACE) {
          throw unexpected("label matching", "\",\" or \"}\"");
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
        new Position(first.start(), end));
  }

  private Matcher matcher() {
    Token name = peek();
    if (name.type() != TokenType.IDENTIFIER && name.type() != STRING) {
      throw unexpected("label matching", "identifier or \"}\"");
    }
    take();
    String label = name.type() == STRING ? GoText.unquote(name.text()) : name.text();
    TokenType operator = peek().type();
    Matcher.Type type =
        operator == ASSIGN
            ? Matcher.Type.EQ
            : operator == NEQ
                ? Matcher.Type.NEQ
                : operator == MATCH
                    ? Matcher.Type.RE
                    : operator == MATCH_NOT ? Matcher.Type.NRE : null;
    if (type == null) {
      if (name.type() == STRING) {
        return Matcher.equal(Labels.METRIC_NAME, label);
      }
      throw unexpected("label matching", "label matching operator");
    }
    take();
    Token value = peek();
    if (value.type() != STRING) {
      throw unexpected("label matching", "string");
    }
    take();
    String text = GoText.unquote(value.text());
    try {
      if (type == Matcher.Type.RE || type == Matcher.Type.NRE) {
        regexes.add(text);
      }
      return new Matcher(type, label, text);
    } catch (IllegalArgumentException e) {
      throw error(from(name, value), String.valueOf(e.getMessage()));
    }
  }

  /** The expression with all ranges, offsets and the like that follow it. */
  private Expr modified(Expr primary) {
    Expr expr = primary;
    while (true) {
      Token token = peek();
      switch (token.type()) {
        case LEFT_BRACKET -> {
          take();
          expr = bracket(expr, token);
        }
        case OFFSET -> {
          take();
          expr = offset(expr);
        }
        case AT -> {
          take();
          expr = at(expr);
        }
        case ANCHORED, SMOOTHED -> {
          take();
          expr = extended(expr, token);
        }
        default -> {
          return expr;
        }
      }
    }
  }

  private Expr bracket(Expr expr, Token bracket) {
    DurationExpr range = positive(inContext("subquery or range selector", DURATION_EXPECTED));
    if (accept(COLON)) {
      DurationExpr step = null;
      if (!accept(RIGHT_BRACKET)) {
        step = positive(inContext("subquery selector", STEP_EXPECTED));
        if (peek().type() != RIGHT_BRACKET) {
          throw unexpected("subquery selector", "\"]\"");
        }
        take();
      }
      return new Subquery(
          expr,
          literalMillis(range),
          notLiteral(range),
          step == null ? 0 : literalMillis(step),
          step == null ? null : notLiteral(step),
          0,
          null,
          null,
          new Position(expr.position().start(), end));
    }
    if (peek().type() != RIGHT_BRACKET) {
      throw unexpected("subquery or range", "\":\" or \"]\"");
    }
    Position position = from(bracket, take());
    if (!(expr instanceof VectorSelector selector)) {
      throw error(position, "ranges only allowed for vector selectors");
    }
    if (selector.offsetMillis() != 0 || selector.offsetExpr() != null) {
      throw error(position, "no offset modifiers allowed before range");
    }
    if (selector.at() != null) {
      throw error(position, "no @ modifiers allowed before range");
    }
    return new MatrixSelector(
        selector,
        literalMillis(range),
        notLiteral(range),
        new Position(expr.position().start(), end));
  }

  private Expr offset(Expr expr) {
    String outerContext = context;
    String outerExpected = expected;
    context = "offset";
    expected = DURATION_EXPECTED;
    DurationExpr offset = offsetDuration();
    context = outerContext;
    expected = outerExpected;
    long millis = literalMillis(offset);
    DurationExpr open = notLiteral(offset);
    Position position = new Position(expr.position().start(), end);
    switch (expr) {
      case VectorSelector e -> {
        checkNoOffset(e, e.offsetMillis(), e.offsetExpr());
        return withOffset(e, millis, open, position);
      }
      case MatrixSelector e -> {
        VectorSelector s = e.selector();
        checkNoOffset(e, s.offsetMillis(), s.offsetExpr());
        return new MatrixSelector(
            withOffset(s, millis, open, s.position()), e.rangeMillis(), e.rangeExpr(), position);
      }
      case Subquery e -> {
        checkNoOffset(e, e.offsetMillis(), e.offsetExpr());
        return new Subquery(
            e.inner(),
            e.rangeMillis(),
            e.rangeExpr(),
            e.stepMillis(),
            e.stepExpr(),
            millis,
            open,
            e.at(),
            position);
      }
      default ->
          throw error(
              expr.position(),
              "offset modifier must be preceded by an instant vector selector or range vector"
                  + " selector or a subquery");
    }
  }

  private void checkNoOffset(Expr expr, long millis, @Nullable DurationExpr open) {
    if (millis != 0 || open != null) {
      throw error(expr.position(), "offset may not be set multiple times");
    }
  }

  private static VectorSelector withOffset(
      VectorSelector e, long millis, @Nullable DurationExpr open, Position position) {
    return new VectorSelector(
        e.name(), e.matchers(), millis, open, e.at(), e.anchored(), e.smoothed(), position);
  }

  private Expr at(Expr expr) {
    String outerContext = context;
    String outerExpected = expected;
    context = "@";
    expected = "timestamp";
    AtModifier at;
    TokenType type = peek().type();
    if (type == TokenType.START || type == TokenType.END) {
      take();
      take(LEFT_PAREN);
      take(RIGHT_PAREN);
      at = type == TokenType.START ? AtModifier.START : AtModifier.END;
    } else {
      double seconds = signedNumber();
      if (!(Math.abs(seconds) < 0x1p63)) {
        throw error(
            expr.position(),
            "timestamp out of bounds for @ modifier: " + GoText.sixDecimals(seconds));
      }
      double millis = Math.floor(Math.abs(seconds) * 1000 + 0.5);
      at = AtModifier.timestamp((long) (seconds < 0 ? -millis : millis));
    }
    context = outerContext;
    expected = outerExpected;
    Position position = new Position(expr.position().start(), end);
    switch (expr) {
      case VectorSelector e -> {
        checkNoAt(e, e.at());
        return withAt(e, at, position);
      }
      case MatrixSelector e -> {
        VectorSelector s = e.selector();
        checkNoAt(e, s.at());
        return new MatrixSelector(
            withAt(s, at, s.position()), e.rangeMillis(), e.rangeExpr(), position);
      }
      case Subquery e -> {
        checkNoAt(e, e.at());
        return new Subquery(
            e.inner(),
            e.rangeMillis(),
            e.rangeExpr(),
            e.stepMillis(),
            e.stepExpr(),
            e.offsetMillis(),
            e.offsetExpr(),
            at,
            position);
      }
      default ->
          throw error(
              expr.position(),
              "@ modifier must be preceded by an instant vector selector or range vector selector"
                  + " or a subquery");
    }
  }

  private void checkNoAt(Expr expr, @Nullable AtModifier at) {
    if (at != null) {
      throw error(expr.position(), "@ <timestamp> may not be set multiple times");
    }
  }

  private static VectorSelector withAt(VectorSelector e, AtModifier at, Position position) {
    return new VectorSelector(
        e.name(),
        e.matchers(),
        e.offsetMillis(),
        e.offsetExpr(),
        at,
        e.anchored(),
        e.smoothed(),
        position);
  }

  /** {@code anchored} or {@code smoothed}; the expression keeps its place. */
  private Expr extended(Expr expr, Token modifier) {
    boolean anchored = modifier.type() == TokenType.ANCHORED;
    String word = anchored ? "anchored" : "smoothed";
    if (!options.extendedRangeSelectors()) {
      throw error(expr.position(), word + " modifier is experimental and not enabled");
    }
    return switch (expr) {
      case VectorSelector e -> extendedSelector(e, e, anchored);
      case MatrixSelector e ->
          new MatrixSelector(
              extendedSelector(e.selector(), e, anchored),
              e.rangeMillis(),
              e.rangeExpr(),
              e.position());
      case Subquery e ->
          throw error(e.position(), word + " modifier is not supported for subqueries");
      default -> throw error(expr.position(), word + " modifier not implemented");
    };
  }

  private VectorSelector extendedSelector(VectorSelector e, Expr whole, boolean anchored) {
    if (anchored ? e.smoothed() : e.anchored()) {
      throw error(whole.position(), "anchored and smoothed modifiers cannot be used together");
    }
    return new VectorSelector(
        e.name(),
        e.matchers(),
        e.offsetMillis(),
        e.offsetExpr(),
        e.at(),
        anchored,
        !anchored,
        e.position());
  }

  // Durations

  private DurationExpr inContext(String context, String expected) {
    String outerContext = this.context;
    String outerExpected = this.expected;
    this.context = context;
    this.expected = expected;
    DurationExpr duration = duration(1);
    this.context = outerContext;
    this.expected = outerExpected;
    return duration;
  }

  private DurationExpr positive(DurationExpr duration) {
    if (duration instanceof DurationExpr.Literal literal && literal.seconds() <= 0) {
      throw error(duration.position(), "duration must be greater than 0");
    }
    return duration;
  }

  /**
   * A duration after {@code offset}: without parentheses only the first operand belongs to it, so
   * that {@code foo offset 5m - 8} subtracts from a vector.
   */
  private DurationExpr offsetDuration() {
    Token sign = peek().type() == ADD || peek().type() == SUB ? take() : null;
    TokenType type = peek().type();
    boolean single =
        switch (type) {
          case NUMBER, DURATION, STEP, RANGE, MAX_OF, MIN_OF -> true;
          case LEFT_PAREN -> sign != null;
          default -> false;
        };
    if (single) {
      DurationExpr operand = durationOperand();
      return sign == null ? operand : signed(sign, operand);
    }
    if (sign == null) {
      return duration(1);
    }
    DurationExpr inner = duration(UNARY_PRECEDENCE + 1);
    return durationOperators(signed(sign, inner), 1);
  }

  private DurationExpr duration(int precedence) {
    enter();
    Token token = peek();
    DurationExpr left;
    if (token.type() == ADD || token.type() == SUB) {
      take();
      left = signed(token, duration(UNARY_PRECEDENCE + 1));
    } else {
      left = durationOperand();
    }
    left = durationOperators(left, precedence);
    leave();
    return left;
  }

  private DurationExpr durationOperators(DurationExpr first, int precedence) {
    DurationExpr left = first;
    int height = depth;
    while (true) {
      Token token = peek();
      Operator operator = token.type().operator();
      if (operator == null || !isArithmetic(operator) || operator.precedence() < precedence) {
        return left;
      }
      if (++height > options.mostDepth()) {
        throw tooDeep(token.position());
      }
      take();
      DurationExpr right =
          duration(operator == Operator.POW ? operator.precedence() : operator.precedence() + 1);
      checkEnabled(left);
      if (right instanceof DurationExpr.Literal literal && literal.seconds() == 0) {
        if (operator == Operator.DIV) {
          throw error(token.position(), "division by zero");
        }
        if (operator == Operator.MOD) {
          throw error(token.position(), "modulo by zero");
        }
      }
      left =
          new DurationExpr.Binary(
              operator, left, right, Position.span(left.position(), right.position()));
    }
  }

  private static boolean isArithmetic(Operator operator) {
    return switch (operator) {
      case ADD, SUB, MUL, DIV, MOD, POW -> true;
      case OR, AND, UNLESS, EQ, NEQ, LT, LTE, GT, GTE, ATAN2, TRIM_UPPER, TRIM_LOWER -> false;
    };
  }

  private DurationExpr durationOperand() {
    Token token = peek();
    switch (token.type()) {
      case NUMBER, DURATION -> {
        take();
        double seconds = value(token);
        checkRange(seconds, token);
        return new DurationExpr.Literal(seconds, token.type() == DURATION, token.position());
      }
      case STEP, RANGE -> {
        take();
        take(LEFT_PAREN);
        Position position = from(token, take(RIGHT_PAREN));
        return checkEnabled(
            token.type() == STEP
                ? new DurationExpr.Step(position)
                : new DurationExpr.Range(position));
      }
      case MAX_OF, MIN_OF -> {
        take();
        take(LEFT_PAREN);
        DurationExpr left = duration(1);
        take(COMMA);
        DurationExpr right = duration(1);
        Position position = from(token, take(RIGHT_PAREN));
        return checkEnabled(new DurationExpr.Choice(token.type() == MIN_OF, left, right, position));
      }
      case LEFT_PAREN -> {
        take();
        DurationExpr inner = duration(1);
        Position position = from(token, take(RIGHT_PAREN));
        checkEnabled(inner);
        return new DurationExpr.Paren(inner, position);
      }
      default -> throw unexpected();
    }
  }

  private DurationExpr signed(Token sign, DurationExpr operand) {
    Position position = new Position(sign.start(), operand.position().end());
    if (operand instanceof DurationExpr.Literal literal) {
      double seconds = sign.type() == SUB ? -literal.seconds() : literal.seconds();
      return new DurationExpr.Literal(seconds, literal.duration(), position);
    }
    return sign.type() == SUB
        ? new DurationExpr.Unary(Operator.SUB, operand, position)
        : operand; // a plus says nothing
  }

  private DurationExpr checkEnabled(DurationExpr expr) {
    if (!options.durationExpressions()) {
      throw error(expr.position(), "experimental duration expression is not enabled");
    }
    return expr;
  }

  private void checkRange(double seconds, Token token) {
    if (Math.abs(seconds) > Durations.MOST_SECONDS) {
      throw error(token.position(), "duration out of range");
    }
  }

  private static long literalMillis(DurationExpr duration) {
    return duration instanceof DurationExpr.Literal literal
        ? Durations.millis(literal.seconds())
        : 0;
  }

  private static @Nullable DurationExpr notLiteral(DurationExpr duration) {
    return duration instanceof DurationExpr.Literal ? null : duration;
  }

  // Numbers

  private double signedNumber() {
    Token sign = peek().type() == ADD || peek().type() == SUB ? take() : null;
    if (peek().type() != NUMBER && peek().type() != DURATION) {
      throw unexpected();
    }
    double value = value(take());
    return sign != null && sign.type() == SUB ? -value : value;
  }

  /** The value of a number, or the seconds of a duration. */
  private double value(Token token) {
    try {
      return token.type() == NUMBER
          ? Numbers.parse(token.text())
          : Durations.seconds(Durations.parse(token.text()));
    } catch (IllegalArgumentException e) {
      throw error(token.position(), String.valueOf(e.getMessage()));
    }
  }

  // Tokens

  private Token peek() {
    if (next == null) {
      next = lexer.next();
    }
    return next;
  }

  private Token take() {
    Token token = peek();
    next = null;
    end = token.end();
    return token;
  }

  private Token take(TokenType type) {
    if (peek().type() != type) {
      throw unexpected();
    }
    return take();
  }

  private boolean accept(TokenType type) {
    if (peek().type() != type) {
      return false;
    }
    take();
    return true;
  }

  private static Position from(Token first, Token last) {
    return new Position(first.start(), last.end());
  }

  // Limits and errors

  private void enter() {
    if (++depth > options.mostDepth()) {
      throw tooDeep(peek().position());
    }
  }

  private void leave() {
    depth--;
  }

  private ParseException tooDeep(Position position) {
    return error(position, "expression is nested deeper than " + options.mostDepth() + " levels");
  }

  /** The next token does not fit, as the construct around it says. */
  private ParseException unexpected() {
    return unexpected(context, expected);
  }

  private ParseException unexpected(String context, String expected) {
    Token token = peek();
    return error(
        token.position(),
        "unexpected "
            + token.describe()
            + (context.isEmpty() ? "" : " in " + context)
            + (expected.isEmpty() ? "" : ", expected " + expected));
  }

  private ParseException error(Position position, String reason) {
    return new ParseException(query, position, reason);
  }
}
