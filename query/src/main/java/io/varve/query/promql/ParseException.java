package io.varve.query.promql;

import java.io.Serial;

/**
 * A query that is not PromQL, that does not type-check, or that exceeds a limit. The message is the
 * one that Prometheus shows: {@code line:column: parse error: …}.
 */
public final class ParseException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1;

  private final transient Position position;
  private final String reason;

  ParseException(String query, Position position, String reason) {
    super(position.describe(query) + ": parse error: " + reason);
    this.position = position;
    this.reason = reason;
  }

  /** Where in the query. */
  public Position position() {
    return position;
  }

  /** What is wrong, without the place. */
  public String reason() {
    return reason;
  }
}
