package io.varve.http.api;

import io.varve.http.net.Gate;
import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import io.varve.ingest.IngestOutcome;
import io.varve.ingest.Tenants;
import java.io.IOException;
import java.util.function.Supplier;

/** {@code /api/v1/write}: remote write. */
public final class WriteHandler implements Handler {
  private static final String WRITTEN = "X-Prometheus-Remote-Write-";

  private final Supplier<Store> store;
  private final Gate gate;

  /** Writes to a store that is there by the time of the first request. */
  public WriteHandler(Supplier<Store> store, Gate gate) {
    this.store = store;
    this.gate = gate;
  }

  @Override
  public void handle(Request request, Response response) throws IOException {
    IngestOutcome outcome;
    try {
      gate.enter();
    } catch (Gate.CrowdedException e) {
      response
          .header("Retry-After", "1")
          .text(503, e.getMessage() + " (ingest.max_concurrent); try again\n");
      return;
    }
    try {
      outcome =
          store
              .get()
              .ingestor()
              .write(
                  request.body(),
                  0,
                  request.bodyLength(),
                  request.header("Content-Type"),
                  request.header("Content-Encoding"),
                  request.header(Tenants.HEADER));
    } finally {
      gate.leave();
    }
    if (outcome.retryAfterSeconds() > 0) {
      response.header("Retry-After", Integer.toString(outcome.retryAfterSeconds()));
    }
    if (outcome.writtenHeaders()) {
      response
          .header(WRITTEN + "Samples-Written", Integer.toString(outcome.samples()))
          .header(WRITTEN + "Histograms-Written", Integer.toString(outcome.histograms()))
          .header(WRITTEN + "Exemplars-Written", Integer.toString(outcome.exemplars()));
    }
    if (outcome.ok()) {
      response.empty(outcome.status());
    } else {
      response.text(outcome.status(), outcome.message() + "\n");
    }
  }
}
