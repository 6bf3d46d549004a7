package io.varve.query.promql;

/**
 * Cuts a query into tokens, one at a time. White space and comments fall out.
 *
 * <p>What a character means depends on where it stands: in braces all words are identifiers;
 * between a bracket and the first number after it only arithmetic is expected; after that number
 * the rest of the bracket may also hold comments. The last two differ in nothing but the messages
 * of errors, which are Prometheus' ({@code promql/parser/lex.go}).
 */
final class Lexer {
  private static final int END = -1;
  private static final String DIGITS = "0123456789";
  private static final String HEX_DIGITS = "0123456789abcdefABCDEF";

  private final String query;
  private int at;

  /** Where the token under way begins. */
  private int start;

  private int openParens;
  private boolean inBraces;
  private boolean inBrackets;
  private boolean durationExpected;
  private boolean hadDuration;
  private boolean hadColon;

  Lexer(String query) {
    this.query = query;
  }

  /**
   * The next token; {@link TokenType#EOF} at the end and ever after.
   *
   * @throws ParseException at text that is no token
   */
  Token next() {
    skipSpace();
    if (inBraces) {
      return inBraces();
    }
    return inBrackets && durationExpected ? inDuration() : inStatement();
  }

  private void skipSpace() {
    while (true) {
      while (isSpace(peek())) {
        at++;
      }
      // Before the first number of a bracket a comment is an error.
      if (peek() != '#' || (inBrackets && durationExpected && !inBraces)) {
        start = at;
        return;
      }
      while (peek() != END && peek() != '\n' && peek() != '\r') {
        at++;
      }
    }
  }

  private Token inStatement() {
    int c = read();
    return switch (c) {
      case END -> {
        if (openParens != 0) {
          throw error("unclosed left parenthesis");
        }
        if (inBrackets) {
          throw error("unclosed left bracket");
        }
        yield token(TokenType.EOF);
      }
      case ',' -> token(TokenType.COMMA);
      case '*' -> token(TokenType.MUL);
      case '/' -> token(TokenType.DIV);
      case '%' -> token(TokenType.MOD);
      case '+' -> token(TokenType.ADD);
      case '-' -> token(TokenType.SUB);
      case '^' -> token(TokenType.POW);
      case '@' -> token(TokenType.AT);
      case '=' -> {
        if (peek() == '~') {
          throw error("unexpected character after '=': '~'");
        }
        yield token(accept('=') ? TokenType.EQ : TokenType.ASSIGN);
      }
      case '!' -> {
        int after = read();
        if (after != '=') {
          throw error("unexpected character after '!': " + GoText.quote(after));
        }
        yield token(TokenType.NEQ);
      }
      case '<' ->
          token(accept('=') ? TokenType.LTE : accept('/') ? TokenType.TRIM_UPPER : TokenType.LT);
      case '>' ->
          token(accept('=') ? TokenType.GTE : accept('/') ? TokenType.TRIM_LOWER : TokenType.GT);
      case '"', '\'', '`' -> string(c);
      case '(' -> openParen();
      case ')' -> closeParen();
      case '{' -> {
        inBraces = true;
        yield token(TokenType.LEFT_BRACE);
      }
      case '[' -> {
        if (inBrackets) {
          throw error("unexpected left bracket '['");
        }
        inBrackets = true;
        durationExpected = true;
        hadDuration = false;
        hadColon = false;
        yield token(TokenType.LEFT_BRACKET);
      }
      case ']' -> {
        if (!inBrackets) {
          throw error("unexpected right bracket ']'");
        }
        inBrackets = false;
        yield token(TokenType.RIGHT_BRACKET);
      }
      default -> {
        if (isDigit(c) || (c == '.' && isDigit(peek()))) {
          yield numberOrDuration();
        }
        if (!isAlpha(c) && c != ':') {
          throw error("unexpected character: " + GoText.quote(c));
        }
        yield inBrackets ? afterDuration(c) : word();
      }
    };
  }

  /** A letter or colon in brackets, behind the first number. */
  private Token afterDuration(int c) {
    if (c == ':') {
      if (hadColon) {
        throw error("unexpected colon ':'");
      }
      hadColon = true;
      return token(TokenType.COLON);
    }
    TokenType type = durationWord(c);
    if (type == TokenType.IDENTIFIER) {
      throw error("unexpected character: " + GoText.quote(c) + ", expected ':'");
    }
    return token(type);
  }

  /** In brackets, before the first number. */
  private Token inDuration() {
    int c = read();
    return switch (c) {
      case END -> throw error("unexpected end of input in duration expression");
      case ']' -> {
        inBrackets = false;
        yield token(TokenType.RIGHT_BRACKET);
      }
      case ':' -> {
        Token colon = token(TokenType.COLON);
        start = at;
        if (!hadDuration) {
          throw error("unexpected colon before duration in duration expression");
        }
        if (hadColon) {
          throw error("unexpected repeated colon in duration expression");
        }
        hadColon = true;
        yield colon;
      }
      case '(' -> openParen();
      case ')' -> closeParen();
      case '+' -> token(TokenType.ADD);
      case '-' -> token(TokenType.SUB);
      case '*' -> token(TokenType.MUL);
      case '/' -> token(TokenType.DIV);
      case '%' -> token(TokenType.MOD);
      case '^' -> token(TokenType.POW);
      case ',' -> token(TokenType.COMMA);
      default -> {
        if (isDigit(c) || (c == '.' && isDigit(peek()))) {
          durationExpected = false;
          hadDuration = true;
          yield numberOrDuration();
        }
        TokenType type = isAlpha(c) ? durationWord(c) : TokenType.IDENTIFIER;
        if (type == TokenType.IDENTIFIER) {
          throw error("unexpected character in duration expression: " + GoText.quote(c));
        }
        hadDuration = true;
        yield token(type);
      }
    };
  }

  /** {@code step}, {@code range}, {@code max_of} or {@code min_of}; else an identifier. */
  private TokenType durationWord(int first) {
    if (first == ':') {
      return TokenType.IDENTIFIER;
    }
    while (isAlpha(peek())) {
      at++;
    }
    TokenType type = TokenType.ofWord(query.substring(start, at));
    return type == TokenType.STEP
            || type == TokenType.RANGE
            || type == TokenType.MAX_OF
            || type == TokenType.MIN_OF
        ? type
        : TokenType.IDENTIFIER;
  }

  private Token inBraces() {
    int c = read();
    return switch (c) {
      case END -> throw error("unexpected end of input inside braces");
      case ',' -> token(TokenType.COMMA);
      case '"', '\'', '`' -> string(c);
      case '=' -> token(accept('~') ? TokenType.MATCH : TokenType.ASSIGN);
      case '!' -> {
        int after = read();
        if (after != '~' && after != '=') {
          throw error("unexpected character after '!' inside braces: " + GoText.quote(after));
        }
        yield token(after == '~' ? TokenType.MATCH_NOT : TokenType.NEQ);
      }
      case '{' -> throw error("unexpected left brace '{'");
      case '}' -> {
        inBraces = false;
        yield token(TokenType.RIGHT_BRACE);
      }
      default -> {
        if (!isAlpha(c)) {
          throw error("unexpected character inside braces: " + GoText.quote(c));
        }
        while (isAlphaNumeric(peek())) {
          at++;
        }
        yield token(TokenType.IDENTIFIER);
      }
    };
  }

  private Token openParen() {
    openParens++;
    return token(TokenType.LEFT_PAREN);
  }

  private Token closeParen() {
    if (--openParens < 0) {
      start = at;
      throw error("unexpected right parenthesis ')'");
    }
    return token(TokenType.RIGHT_PAREN);
  }

  private Token word() {
    boolean colon = query.charAt(start) == ':';
    while (isAlphaNumeric(peek()) || peek() == ':') {
      colon |= peek() == ':';
      at++;
    }
    TokenType type = TokenType.ofWord(query.substring(start, at));
    if (type == null) {
      return token(colon ? TokenType.METRIC_IDENTIFIER : TokenType.IDENTIFIER);
    }
    // Metrics may have been called so before these words meant something.
    boolean fill =
        type == TokenType.FILL || type == TokenType.FILL_LEFT || type == TokenType.FILL_RIGHT;
    return token(fill && !parenFollows() ? TokenType.IDENTIFIER : type);
  }

  private boolean parenFollows() {
    int i = at;
    while (i < query.length() && isSpace(query.charAt(i))) {
      i++;
    }
    return i < query.length() && query.charAt(i) == '(';
  }

  private Token string(int quote) {
    while (true) {
      int c = read();
      if (c == quote) {
        return token(TokenType.STRING);
      }
      if (c == END || (c == '\n' && quote != '`')) {
        throw error(quote == '`' ? "unterminated raw string" : "unterminated quoted string");
      }
      if (c == 0xFFFD || (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE)) {
        throw error("invalid UTF-8 rune");
      }
      if (c == '\\' && quote != '`') {
        escape(quote);
      }
    }
  }

  private void escape(int quote) {
    int c = read();
    switch (c) {
      case 'a', 'b', 'f', 'n', 'r', 't', 'v', '\\' -> {}
      case '0', '1', '2', '3', '4', '5', '6', '7' -> escapedNumber(c, 3, 8, 255);
      case 'x' -> escapedNumber(read(), 2, 16, 255);
      case 'u' -> escapedNumber(read(), 4, 16, Character.MAX_CODE_POINT);
      case 'U' -> escapedNumber(read(), 8, 16, Character.MAX_CODE_POINT);
      case END -> throw error("escape sequence not terminated");
      default -> {
        if (c != quote) {
          throw error("unknown escape sequence " + GoText.unicode(c));
        }
      }
    }
  }

  private void escapedNumber(int first, int digits, int base, int most) {
    long value = 0;
    int c = first;
    for (int left = digits; left > 0; left--) {
      int digit = c < 128 ? Character.digit(c, base) : -1;
      if (digit < 0) {
        throw error(
            c == END
                ? "escape sequence not terminated"
                : "illegal character " + GoText.unicode(c) + " in escape sequence");
      }
      value = value * base + digit;
      if (left > 1) {
        c = read();
      }
    }
    if (value > most || (value >= Character.MIN_SURROGATE && value <= Character.MAX_SURROGATE)) {
      throw error("escape sequence is an invalid Unicode code point");
    }
  }

  private Token numberOrDuration() {
    at = start;
    if (scanNumber()) {
      return token(TokenType.NUMBER);
    }
    if (scanUnits()) {
      return token(TokenType.DURATION);
    }
    throw error("bad number or duration syntax: " + GoText.quote(query.substring(start, at)));
  }

  /** The units of a duration whose first number is read. Their order is checked later. */
  private boolean scanUnits() {
    if (!acceptAny("smhdwy")) {
      return false;
    }
    accept('s');
    while (acceptAny(DIGITS)) {
      while (acceptAny(DIGITS)) {}
      if (!acceptAny("smhdw")) {
        return false;
      }
      accept('s');
    }
    if (isAlphaNumeric(peek())) {
      at++;
      return false;
    }
    return true;
  }

  /** What looks like a number; whether it is one is found when it is converted. */
  private boolean scanNumber() {
    String digits = DIGITS;
    if (accept('0') && acceptAny("xX")) {
      accept('_');
      digits = HEX_DIGITS;
    }
    accept('.');
    acceptAny(digits);
    boolean dot = false;
    boolean exponent = false;
    while (true) {
      int c = peek();
      if (c == '.') {
        at++;
        if (dot || acceptAny("_.") || digits.length() > DIGITS.length()) {
          return false;
        }
        dot = true;
      } else if (c == 'e' || c == 'E') {
        at++;
        if (exponent) {
          return false;
        }
        exponent = true;
        acceptAny("+-");
        if (acceptAny("._eE") || peek() == END) {
          return false;
        }
      } else if (c == '_') {
        at++;
        if (acceptAny("._eE") || peek() == END) {
          return false;
        }
      } else if (acceptAny(digits)) {
        while (acceptAny(digits)) {} // an e among hexadecimal digits is one of them only here
      } else {
        return !isAlphaNumeric(c);
      }
    }
  }

  private Token token(TokenType type) {
    return new Token(type, query.substring(start, at), start);
  }

  private ParseException error(String reason) {
    return new ParseException(query, new Position(start, query.length()), reason);
  }

  private int peek() {
    return at < query.length() ? query.charAt(at) : END;
  }

  /** Reads a code point. */
  private int read() {
    if (at == query.length()) {
      return END;
    }
    int c = query.codePointAt(at);
    at += Character.charCount(c);
    return c;
  }

  private boolean accept(char c) {
    if (peek() != c) {
      return false;
    }
    at++;
    return true;
  }

  private boolean acceptAny(String chars) {
    if (peek() == END || chars.indexOf(peek()) < 0) {
      return false;
    }
    at++;
    return true;
  }

  static boolean isSpace(int c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
  }

  private static boolean isDigit(int c) {
    return c >= '0' && c <= '9';
  }

  private static boolean isAlpha(int c) {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  }

  private static boolean isAlphaNumeric(int c) {
    return isAlpha(c) || isDigit(c);
  }
}
