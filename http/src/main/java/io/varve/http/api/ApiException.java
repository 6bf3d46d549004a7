package io.varve.http.api;

import java.io.Serial;

/** Ends a request of the JSON API with an error that the client is told. */
final class ApiException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1;

  private final ErrorType type;

  ApiException(ErrorType type, String message) {
    super(message, null, false, false);
    this.type = type;
  }

  static ApiException badData(String message) {
    return new ApiException(ErrorType.BAD_DATA, message);
  }

  /** A parameter that is missing or cannot be used. */
  static ApiException badParameter(String name, String problem) {
    return badData("invalid parameter \"" + name + "\": " + problem);
  }

  ErrorType type() {
    return type;
  }
}
