package io.varve.http.api;

import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import java.io.IOException;

/**
 * {@code /-/reload} and {@code /-/quit}: closed, as they are in Prometheus by default. Settings are
 * read once, and a signal ends the server.
 */
public final class LifecycleHandler implements Handler {
  /** Keeps nothing. */
  public LifecycleHandler() {}

  @Override
  public void handle(Request request, Response response) throws IOException {
    switch (request.method()) {
      case "POST", "PUT" -> response.text(403, "Lifecycle API is not enabled.\n");
      default -> response.text(405, "Only POST or PUT requests allowed\n");
    }
  }
}
