package io.varve.http.api;

import io.varve.http.net.Gate;
import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import io.varve.ingest.IngestOutcome;
import io.varve.ingest.Ingestor;
import io.varve.ingest.Tenants;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** {@code /api/v1/write} and {@code /api/v1/otlp/v1/metrics}: what senders write. */
public final class WriteHandler implements Handler {
  /** What a body is, and who takes it. */
  @FunctionalInterface
  public interface Format {
    /** Remote write, 1.0 and 2.0. */
    Format REMOTE_WRITE = Ingestor::write;

    /** Metrics of OpenTelemetry. */
    Format OTLP = Ingestor::writeOtlp;

    /** Hands the body {@code [offset, offset + length)} and its headers to the ingestor. */
    IngestOutcome write(
        Ingestor ingestor,
        byte[] body,
        int offset,
        int length,
        @Nullable String contentType,
        @Nullable String contentEncoding,
        @Nullable String tenant);
  }

  private static final String WRITTEN = "X-Prometheus-Remote-Write-";

  /** How long late samples wait for a flush before they are sent back. */
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);

  private static final long FIRST_PAUSE_MILLIS = 25;
  private static final long LONGEST_PAUSE_MILLIS = 400;

  private final Supplier<Store> store;
  private final Gate gate;
  private final Format format;

  /** Writes to a store that is there by the time of the first request. */
  public WriteHandler(Supplier<Store> store, Gate gate, Format format) {
    this.store = store;
    this.format = format;
    this.gate = gate;
  }

  @Override
  public void handle(Request request, Response response) throws IOException {
    IngestOutcome outcome;
    try {
      outcome = write(request);
    } catch (Gate.CrowdedException e) {
      response
          .header("Retry-After", "1")
          .text(503, e.getMessage() + " (ingest.max_concurrent); try again\n");
      return;
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

  /**
   * Writes; if late samples have to wait for a flush, again and again. They wait outside of the
   * gate: a backfill over many connections must not take the turns of current samples.
   */
  private IngestOutcome write(Request request) {
    long end = System.nanoTime() + PATIENCE_NANOS;
    long pause = FIRST_PAUSE_MILLIS;
    while (true) {
      IngestOutcome outcome = writeOnce(request);
      if (!outcome.worthWaiting() || System.nanoTime() >= end) {
        return outcome;
      }
      try {
        Thread.sleep(pause);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return outcome;
      }
      pause = Math.min(LONGEST_PAUSE_MILLIS, 2 * pause);
    }
  }

  private IngestOutcome writeOnce(Request request) {
    gate.enter();
    try {
      return format.write(
          store.get().ingestor(),
          request.body(),
          0,
          request.bodyLength(),
          request.header("Content-Type"),
          request.header("Content-Encoding"),
          request.header(Tenants.HEADER));
    } finally {
      gate.leave();
    }
  }
}
