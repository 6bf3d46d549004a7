package io.varve.http.replay;

import io.varve.engine.format.ByteWriter;
import io.varve.engine.model.Labels;
import io.varve.engine.model.SampleColumns;
import io.varve.http.remoteread.TimeSeriesMessage;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.xerial.snappy.Snappy;

/** Writes to a server by remote write 1.0; what it cannot take at the moment is sent again. */
public final class ServerTarget implements Target {
  private static final int REQUEST_BYTES = 1 << 20;
  private static final int ROWS_AT_ONCE = 1 << 14;
  private static final int MOST_ATTEMPTS = 12;
  private static final long FIRST_WAIT_MILLIS = 50;
  private static final long LONGEST_WAIT_MILLIS = 5_000;

  private final ServerConnection server;
  private final TimeSeriesMessage message = new TimeSeriesMessage();
  private final ByteWriter request = new ByteWriter(REQUEST_BYTES);

  /** To a server; the connection stays the caller's. */
  public ServerTarget(ServerConnection server) {
    this.server = server;
  }

  @Override
  public long write(Map<Labels, SampleColumns> series) throws IOException {
    for (Map.Entry<Labels, SampleColumns> one : series.entrySet()) {
      SampleColumns rows = one.getValue();
      for (int from = 0; from < rows.size; from += ROWS_AT_ONCE) {
        int to = Math.min(rows.size, from + ROWS_AT_ONCE);
        message.append(one.getKey(), rows, from, to, request);
        if (request.size() >= REQUEST_BYTES) {
          send();
        }
      }
    }
    if (request.size() > 0) {
      send();
    }
    return 0;
  }

  private void send() throws IOException {
    byte[] body = Snappy.rawCompress(request.array(), request.size());
    request.reset();
    long wait = FIRST_WAIT_MILLIS;
    for (int attempt = 1; ; attempt++) {
      HttpResponse<byte[]> response =
          server.post("/api/v1/write", body, "X-Prometheus-Remote-Write-Version");
      int status = response.statusCode();
      if (status / 100 == 2) {
        return;
      }
      if ((status != 429 && status < 500) || attempt == MOST_ATTEMPTS) {
        throw new IOException(
            "the server does not take what is written ("
                + status
                + "): "
                + new String(response.body(), StandardCharsets.UTF_8).strip());
      }
      try {
        Thread.sleep(wait);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted", e);
      }
      wait = Math.min(2 * wait, LONGEST_WAIT_MILLIS);
    }
  }
}
