package io.varve.http.api;

import io.varve.query.QueryException;

/** What kind of error an answer reports, and the HTTP status that goes with it. */
enum ErrorType {
  BAD_DATA("bad_data", 400),
  EXECUTION("execution", 422),
  CANCELED("canceled", 499),
  TIMEOUT("timeout", 503),
  INTERNAL("internal", 500),
  NOT_FOUND("not_found", 404),
  /** What was asked for is switched off. */
  UNAVAILABLE("unavailable", 500);

  private final String wireName;
  private final int status;

  ErrorType(String wireName, int status) {
    this.wireName = wireName;
    this.status = status;
  }

  String wireName() {
    return wireName;
  }

  int status() {
    return status;
  }

  static ErrorType of(QueryException.ErrorType type) {
    return switch (type) {
      case BAD_DATA -> BAD_DATA;
      case EXECUTION -> EXECUTION;
      case CANCELED -> CANCELED;
      case TIMEOUT -> TIMEOUT;
      case INTERNAL -> INTERNAL;
    };
  }
}
