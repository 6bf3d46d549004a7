package io.varve.query.promql;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The tokens of a query with a look ahead of one, and all that a parser says about them: where it
 * stands, how deep, and what is wrong.
 *
 * <p>The token ahead is cut only when somebody asks for it, so that of two errors the one that
 * stands first is found first.
 */
final class TokenStream {
  /**
   * What a syntax error says about the construct that it happens in. A construct without a message
   * of its own leaves that of the construct around it in place.
   *
   * @param where the construct; "" for none
   * @param expected what would have fitted; "" to say nothing
   */
  record Context(String where, String expected) {
    static final Context NONE = new Context("", "");
  }

  private final String query;
  private final ParserOptions options;
  private final Lexer lexer;
  private @Nullable Token next;
  private int end;
  private int depth;
  private Context context = Context.NONE;

  /**
   * @throws ParseException if the query is longer than allowed
   */
  TokenStream(String query, ParserOptions options) {
    this.query = query;
    this.options = options;
    this.lexer = new Lexer(query);
    long most = options.mostQueryBytes();
    // A char takes one to three bytes.
    if (query.length() > most
        || (query.length() * 3L > most && query.getBytes(StandardCharsets.UTF_8).length > most)) {
      throw error(new Position(0, 0), "query is longer than " + most + " bytes");
    }
  }

  /** The next token, which stays the next one. */
  Token peek() {
    if (next == null) {
      next = lexer.next();
    }
    return next;
  }

  /** True if the next token is of a type. */
  boolean at(TokenType type) {
    return peek().type() == type;
  }

  /** Takes the next token. */
  Token take() {
    Token token = peek();
    next = null;
    end = token.end();
    return token;
  }

  /** Takes the next token, which must be of a type. */
  Token take(TokenType type) {
    if (!at(type)) {
      throw unexpected();
    }
    return take();
  }

  /** Takes the next token if it is of a type. */
  boolean accept(TokenType type) {
    if (!at(type)) {
      return false;
    }
    take();
    return true;
  }

  /** Takes {@code +} or {@code -}; null if neither is next. */
  @Nullable Token acceptSign() {
    return at(TokenType.ADD) || at(TokenType.SUB) ? take() : null;
  }

  /** From a start to the end of the last taken token. */
  Position since(int start) {
    return new Position(start, end);
  }

  /** Says what syntax errors happen in from now on; returns what they happened in before. */
  Context enter(Context inner) {
    Context outer = context;
    context = inner;
    return outer;
  }

  /** Back to what syntax errors happened in before {@link #enter}. */
  void leave(Context outer) {
    context = outer;
  }

  /** One level deeper. */
  void down() {
    if (++depth > options.mostDepth()) {
      throw tooDeep(peek().position(), options.mostDepth());
    }
  }

  /** One level up. */
  void up() {
    depth--;
  }

  /**
   * Bounds the height of a tree. A long chain of operators is a high tree though its text is not
   * nested, and whatever walks trees recurses; this walk does not.
   */
  <T> T checkHeight(T root, Function<T, List<T>> children, Function<T, Position> position) {
    int most = 2 * options.mostDepth();
    ArrayDeque<T> level = new ArrayDeque<>();
    level.add(root);
    for (int height = 1; !level.isEmpty(); height++) {
      if (height > most) {
        throw tooDeep(position.apply(level.getFirst()), most);
      }
      for (int left = level.size(); left > 0; left--) {
        level.addAll(children.apply(level.removeFirst()));
      }
    }
    return root;
  }

  private ParseException tooDeep(Position position, int most) {
    return error(position, "expression is nested deeper than " + most + " levels");
  }

  /** The next token does not fit. */
  ParseException unexpected() {
    return unexpected(context);
  }

  /** The next token does not fit, as a construct says. */
  ParseException unexpected(Context context) {
    Token token = peek();
    return error(
        token.position(),
        "unexpected "
            + token.describe()
            + (context.where().isEmpty() ? "" : " in " + context.where())
            + (context.expected().isEmpty() ? "" : ", expected " + context.expected()));
  }

  /** An error at a place. */
  ParseException error(Position position, String reason) {
    return new ParseException(query, position, reason);
  }
}
