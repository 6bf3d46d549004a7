package io.varve.http.api;

import io.varve.http.net.Availability;
import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import java.io.IOException;
import java.util.function.Supplier;

/** {@code /-/ready}: all acknowledged data is recovered and can be asked for. */
public final class ReadyHandler implements Handler {
  private final Supplier<Availability> availability;

  /** Asks {@code availability}. */
  public ReadyHandler(Supplier<Availability> availability) {
    this.availability = availability;
  }

  @Override
  public void handle(Request request, Response response) throws IOException {
    Availability now = availability.get();
    if (now == Availability.READY) {
      response.text(200, "Varve is Ready.\n");
    } else {
      response
          .header("X-Prometheus-Stopping", String.valueOf(now == Availability.STOPPING))
          .text(503, "Service Unavailable");
    }
  }
}
