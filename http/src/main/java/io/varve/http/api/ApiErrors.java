package io.varve.http.api;

import io.varve.engine.LimitExceededException;
import io.varve.engine.StorageStoppedException;
import io.varve.engine.format.CorruptDataException;
import io.varve.http.json.Envelope;
import io.varve.http.net.ErrorAnswer;
import io.varve.http.net.Gate;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import io.varve.query.QueryException;
import java.io.IOException;

/** Turns exceptions into the errors of the JSON API. */
public final class ApiErrors implements ErrorAnswer {
  private static final System.Logger LOG = System.getLogger(ApiErrors.class.getName());

  /** Keeps nothing. */
  public ApiErrors() {}

  @Override
  public void answer(Throwable failure, Request request, Response response) throws IOException {
    ErrorType type;
    String message = String.valueOf(failure.getMessage());
    switch (failure) {
      case ApiException e -> type = e.type();
      case QueryException e -> type = ErrorType.of(e.type());
      case Gate.CrowdedException e -> {
        type = ErrorType.TIMEOUT;
        message = "query timed out in query queue: " + message + " (query.max_concurrent)";
      }
      case LimitExceededException e -> type = ErrorType.EXECUTION;
      case StorageStoppedException e -> type = ErrorType.TIMEOUT; // 503: it comes back
      case CorruptDataException e -> {
        type = ErrorType.INTERNAL;
        LOG.log(System.Logger.Level.ERROR, "damaged data was met by " + request.path(), e);
      }
      default -> {
        type = ErrorType.INTERNAL;
        message = "internal error: " + failure;
      }
    }
    if (type == ErrorType.INTERNAL) {
      LOG.log(System.Logger.Level.ERROR, () -> request.path() + ": " + failure, failure);
    }
    String text = message;
    ErrorType shown = type;
    response.body(
        type.status(), "application/json", out -> Envelope.error(out, shown.wireName(), text));
  }
}
