package io.varve.retention.rules.template;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;

/** Splits a template into text and the words of its actions. */
final class Lexer {
  enum Kind {
    TEXT,
    OPEN,
    CLOSE,
    STRING,
    NUMBER,
    CHARACTER,
    IDENTIFIER,
    VARIABLE,
    FIELD,
    DOT,
    SYMBOL,
    SPACE
  }

  /**
   * A piece.
   *
   * @param text for strings without quotes and escapes, for fields and variables with dot or dollar
   */
  record Token(Kind kind, String text) {
    boolean is(String symbol) {
      return (kind == Kind.SYMBOL || kind == Kind.IDENTIFIER) && text.equals(symbol);
    }
  }

  private final String source;
  private final List<Token> tokens = new ArrayList<>();
  private int at;

  private Lexer(String source) {
    this.source = source;
  }

  static List<Token> read(String source) {
    Lexer lexer = new Lexer(source);
    lexer.all();
    return lexer.tokens;
  }

  private void all() {
    boolean trim = false;
    while (at < source.length()) {
      int open = source.indexOf("{{", at);
      int end = open < 0 ? source.length() : open;
      String text = source.substring(at, end);
      boolean trimRight = open >= 0 && isTrim(open + 2, true);
      text = trim ? text.stripLeading() : text;
      text = trimRight ? text.stripTrailing() : text;
      if (!text.isEmpty()) {
        tokens.add(new Token(Kind.TEXT, text));
      }
      if (open < 0) {
        return;
      }
      at = open + (trimRight ? 3 : 2);
      trim = action();
    }
  }

  /** A minus sign with a space on its inner side. */
  private boolean isTrim(int place, boolean left) {
    int space = left ? place + 1 : place - 1;
    return place < source.length()
        && source.charAt(place) == '-'
        && space < source.length()
        && Character.isWhitespace(source.charAt(space));
  }

  /** Reads up to the end of an action; true if the text behind it is to be trimmed. */
  private boolean action() {
    int start = skipSpace(at);
    if (source.startsWith("/*", start)) {
      int end = source.indexOf("*/", start + 2);
      if (end < 0) {
        throw new TemplateException("unclosed comment");
      }
      at = end + 2;
      boolean trim = close();
      return trim;
    }
    tokens.add(new Token(Kind.OPEN, "{{"));
    while (true) {
      if (at >= source.length()) {
        throw new TemplateException("unclosed action");
      }
      int space = skipSpace(at);
      boolean trims = space > at && isTrim(space, false) && source.startsWith("}}", space + 1);
      if (trims || source.startsWith("}}", at)) {
        at = trims ? space : at;
        tokens.add(new Token(Kind.CLOSE, "}}"));
        return close();
      }
      if (space > at) {
        tokens.add(new Token(Kind.SPACE, " "));
        at = space;
        continue;
      }
      word();
    }
  }

  private int skipSpace(int from) {
    int i = from;
    while (i < source.length() && Character.isWhitespace(source.charAt(i))) {
      i++;
    }
    return i;
  }

  private boolean close() {
    int space = skipSpace(at);
    boolean trim = source.startsWith("-}}", space);
    if (trim) {
      at = space + 3;
    } else if (source.startsWith("}}", at)) {
      at += 2;
    } else {
      throw new TemplateException("comment ends before closing delimiter");
    }
    return trim;
  }

  private void word() {
    char c = source.charAt(at);
    if (c == '"' || c == '`' || c == '\'') {
      quoted(c);
    } else if (Character.isDigit(c)
        || ((c == '+' || c == '-' || c == '.')
            && at + 1 < source.length()
            && Character.isDigit(source.charAt(at + 1)))) {
      take(Kind.NUMBER, i -> isWord(i) || source.charAt(i) == '.' || isExponentSign(i));
    } else if (c == '$') {
      take(Kind.VARIABLE, this::isWord);
    } else if (c == '.') {
      take(Kind.FIELD, this::isWord);
      if (tokens.getLast().text.length() == 1) {
        tokens.set(tokens.size() - 1, new Token(Kind.DOT, "."));
      }
    } else if (isWord(at)) {
      take(Kind.IDENTIFIER, this::isWord);
    } else if (source.startsWith(":=", at)) {
      tokens.add(new Token(Kind.SYMBOL, ":="));
      at += 2;
    } else if ("()|,=".indexOf(c) >= 0) {
      tokens.add(new Token(Kind.SYMBOL, String.valueOf(c)));
      at++;
    } else {
      throw new TemplateException("unrecognized character in action: " + c);
    }
  }

  private boolean isExponentSign(int i) {
    char before = source.charAt(i - 1);
    return (source.charAt(i) == '-' || source.charAt(i) == '+') && (before == 'e' || before == 'E');
  }

  private boolean isWord(int i) {
    char c = source.charAt(i);
    return Character.isLetterOrDigit(c) || c == '_';
  }

  private void take(Kind kind, IntPredicate more) {
    int start = at++;
    while (at < source.length() && more.test(at)) {
      at++;
    }
    tokens.add(new Token(kind, source.substring(start, at)));
  }

  private void quoted(char quote) {
    StringBuilder text = new StringBuilder();
    int i = at + 1;
    for (; i < source.length() && source.charAt(i) != quote; i++) {
      char c = source.charAt(i);
      if (c == '\n' && quote != '`') {
        throw new TemplateException("unterminated quoted string");
      }
      if (c != '\\' || quote == '`') {
        text.append(c);
        continue;
      }
      i = escape(i + 1, text);
    }
    if (i >= source.length()) {
      throw new TemplateException("unterminated quoted string");
    }
    at = i + 1;
    tokens.add(new Token(quote == '\'' ? Kind.CHARACTER : Kind.STRING, text.toString()));
  }

  /** Reads an escape; returns where its last character stands. */
  private int escape(int i, StringBuilder text) {
    if (i >= source.length()) {
      throw new TemplateException("unterminated quoted string");
    }
    char c = source.charAt(i);
    int digits =
        switch (c) {
          case 'x' -> 2;
          case 'u' -> 4;
          case 'U' -> 8;
          default -> 0;
        };
    if (digits > 0 && i + digits < source.length()) {
      try {
        text.appendCodePoint(Integer.parseInt(source, i + 1, i + 1 + digits, 16));
      } catch (IllegalArgumentException e) {
        throw new TemplateException("invalid escape in a string");
      }
      return i + digits;
    }
    text.append(
        switch (c) {
          case 'n' -> '\n';
          case 't' -> '\t';
          case 'r' -> '\r';
          case 'a' -> '\u0007';
          case 'b' -> '\b';
          case 'f' -> '\f';
          case 'v' -> '\u000b';
          case '\\', '"', '\'' -> c;
          default -> throw new TemplateException("invalid escape in a string: \\" + c);
        });
    return i;
  }
}
