package io.varve.http.api;

import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import java.io.IOException;

/** {@code /-/healthy}: the process is alive. */
public final class HealthyHandler implements Handler {
  /** Knows nothing else. */
  public HealthyHandler() {}

  @Override
  public void handle(Request request, Response response) throws IOException {
    response.text(200, "Varve is Healthy.\n");
  }
}
