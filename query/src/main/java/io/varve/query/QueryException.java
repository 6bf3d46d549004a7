package io.varve.query;

import org.jspecify.annotations.Nullable;

/**
 * The one way in which a query fails. The message is what the user is shown (for a query that does
 * not parse with line and column); the type says whose fault it is and is what the HTTP API calls
 * {@code errorType}.
 */
public final class QueryException extends RuntimeException {
  /** Whose fault it is, in the words of Prometheus' HTTP API. */
  public enum ErrorType {
    /** The query does not parse or does not type-check, or a parameter is out of bounds. */
    BAD_DATA("bad_data"),
    /** The query is well-formed but cannot be evaluated over this data or within its limits. */
    EXECUTION("execution"),
    /** The query ran longer than it may. */
    TIMEOUT("timeout"),
    /** Whoever asked does not want the answer any more. */
    CANCELED("canceled"),
    /** The store, or a defect here. */
    INTERNAL("internal");

    private final String wireName;

    ErrorType(String wireName) {
      this.wireName = wireName;
    }

    /** As the HTTP API spells it. */
    public String wireName() {
      return wireName;
    }
  }

  private final ErrorType type;

  /** With a message for the user. */
  public QueryException(ErrorType type, String message) {
    this(type, message, null);
  }

  /** With a message for the user and what led to it. */
  public QueryException(ErrorType type, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.type = type;
  }

  /** Whose fault it is. */
  public ErrorType type() {
    return type;
  }

  /** The query is well-formed but this data cannot be treated so. */
  public static QueryException execution(String message) {
    return new QueryException(ErrorType.EXECUTION, message);
  }
}
