package io.varve.http.api;

import io.varve.http.net.Availability;
import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import java.io.IOException;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * {@code /-/ready}: all acknowledged data is recovered and can be asked for; in a cluster, here or,
 * by way of here, at another node.
 */
public final class ReadyHandler implements Handler {
  private final Supplier<Availability> availability;
  private final BooleanSupplier ready;

  /**
   * Tells what it is told.
   *
   * @param ready whether requests are answered
   */
  public ReadyHandler(Supplier<Availability> availability, BooleanSupplier ready) {
    this.availability = availability;
    this.ready = ready;
  }

  @Override
  public void handle(Request request, Response response) throws IOException {
    if (ready.getAsBoolean()) {
      response.text(200, "Varve is Ready.\n");
    } else {
      Availability now = availability.get();
      response
          .header("X-Prometheus-Stopping", String.valueOf(now == Availability.STOPPING))
          .text(503, "Service Unavailable");
    }
  }
}
