package io.varve.http.api;

import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import java.io.IOException;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;

/** {@code /metrics}: what the server tells about itself. */
public final class MetricsHandler implements Handler {
  /** Writes metrics in the format that a client accepts. */
  public interface Exposition {
    /** The content type of that format. */
    String contentType(@Nullable String accept);

    /** Writes them. */
    void write(@Nullable String accept, OutputStream out) throws IOException;
  }

  private final Exposition exposition;

  /** Shows {@code exposition}. */
  public MetricsHandler(Exposition exposition) {
    this.exposition = exposition;
  }

  @Override
  public void handle(Request request, Response response) throws IOException {
    String accept = request.header("Accept");
    response.body(200, exposition.contentType(accept), out -> exposition.write(accept, out));
  }
}
