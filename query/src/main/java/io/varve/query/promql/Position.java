package io.varve.query.promql;

import java.nio.charset.StandardCharsets;

/**
 * Where a piece of syntax stands in the text of its query.
 *
 * @param start index of its first char in the query's {@link String}
 * @param end index after its last char
 */
public record Position(int start, int end) {
  /** The place of syntax that was not parsed from a text, or whose place does not matter. */
  public static final Position NONE = new Position(-1, -1);

  /** From the beginning of one piece to the end of another. */
  public static Position span(Position first, Position last) {
    return new Position(first.start, last.end);
  }

  /**
   * The beginning as messages show it, {@code line:column}: both count from 1, and columns count
   * the bytes of the line's UTF-8 form, as Prometheus' messages do. {@code unknown position} in an
   * empty query, {@code invalid position} outside of it.
   */
  public String describe(String query) {
    if (query.isEmpty()) {
      return "unknown position";
    }
    if (start < 0 || start > query.length()) {
      return "invalid position";
    }
    int line = 1;
    int lineStart = 0;
    for (int i = query.indexOf('\n'); i >= 0 && i < start; i = query.indexOf('\n', i + 1)) {
      line++;
      lineStart = i + 1;
    }
    int column = query.substring(lineStart, start).getBytes(StandardCharsets.UTF_8).length + 1;
    return line + ":" + column;
  }
}
