package io.varve.http.api;

import io.varve.engine.LimitExceededException;
import io.varve.http.net.Gate;
import io.varve.http.net.Handler;
import io.varve.http.net.RefusedException;
import io.varve.http.net.Request;
import io.varve.ingest.InvalidTenantException;
import io.varve.ingest.Tenants;
import org.jspecify.annotations.Nullable;

/** Endpoints outside of the JSON API: their errors are told in plain text. */
final class PlainText {
  private PlainText() {}

  /** The same handler with what it throws as a status and a text. */
  static Handler errors(Handler inner) {
    return (request, response) -> {
      try {
        inner.handle(request, response);
      } catch (ApiException e) {
        throw refused(e.type().status(), e);
      } catch (LimitExceededException e) {
        throw refused(ErrorType.EXECUTION.status(), e);
      } catch (Gate.CrowdedException e) {
        throw refused(503, e);
      }
    };
  }

  /** Whose data is asked for. */
  static String tenant(Request request) {
    @Nullable String header = request.header(Tenants.HEADER);
    try {
      return Tenants.parse(header);
    } catch (InvalidTenantException e) {
      throw refused(400, e);
    }
  }

  static RefusedException refused(int status, Exception cause) {
    return new RefusedException(status, cause.getMessage() + "\n");
  }
}
