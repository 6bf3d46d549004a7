package io.varve.query.promql;

/**
 * A piece of the query.
 *
 * @param text as written
 * @param start index of its first char
 */
record Token(TokenType type, String text, int start) {
  int end() {
    return start + text.length();
  }

  Position position() {
    return new Position(start, end());
  }

  /** As messages call it: {@code identifier "foo"}, {@code <by>}, {@code end of input}. */
  String describe() {
    return type.describe(text);
  }
}
