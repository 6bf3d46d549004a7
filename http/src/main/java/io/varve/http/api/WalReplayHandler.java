package io.varve.http.api;

import io.varve.engine.RecoveryProgress;
import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import java.io.IOException;

/**
 * {@code /api/v1/status/walreplay}: how far recovery has come, in bytes of the saved head and of
 * the log behind it (Prometheus counts segments). All are 0 before it begins; current is max when
 * it is over.
 */
public final class WalReplayHandler implements Handler {
  private final RecoveryProgress progress;

  /** Watches a recovery. */
  public WalReplayHandler(RecoveryProgress progress) {
    this.progress = progress;
  }

  @Override
  public void handle(Request request, Response response) throws IOException {
    long current = progress.readBytes();
    Answers.success(
        response,
        json ->
            json.beginObject()
                .key("min")
                .number(0)
                .key("max")
                .number(progress.totalBytes())
                .key("current")
                .number(current)
                .endObject());
  }
}
