package io.varve.bench.cluster;

import io.varve.bench.workload.Protocol;
import java.io.IOException;
import java.math.BigDecimal;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The nodes of a cluster as their clients see them: a port each on the loopback address. Any
 * thread.
 */
final class Nodes implements AutoCloseable {
  /** Tells in the answer to a write how far the log is, and in a read how far it must be. */
  static final String POSITION_HEADER = "Varve-Position";

  /** Tells in an answer whether something may be missing. */
  static final String COMPLETE_HEADER = "Varve-Complete";

  /** The parameter of a query that names the level. */
  static final String LEVEL_PARAMETER = "consistency";

  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(1))
          .build();
  private final List<Integer> ports;

  Nodes(List<Integer> ports) {
    this.ports = List.copyOf(ports);
  }

  int count() {
    return ports.size();
  }

  /**
   * Sends a remote write body.
   *
   * @throws IOException if there is no answer in time
   */
  HttpResponse<String> write(int node, byte[] body, Duration patience)
      throws IOException, InterruptedException {
    return http.send(
        request(node, "/api/v1/write", patience)
            .headers(Protocol.V1.headers().toArray(new String[0]))
            .POST(HttpRequest.BodyPublishers.ofByteArray(body))
            .build(),
        BodyHandlers.ofString());
  }

  /**
   * Asks an instant query.
   *
   * @param level as the parameter has it; empty for what is usual
   * @param position that the answer must reach
   * @throws IOException if there is no answer in time
   */
  HttpResponse<String> query(
      int node,
      String promql,
      long timeMillis,
      String level,
      @Nullable Position position,
      Duration patience)
      throws IOException, InterruptedException {
    String path =
        "/api/v1/query?query="
            + URLEncoder.encode(promql, StandardCharsets.UTF_8)
            + "&time="
            + BigDecimal.valueOf(timeMillis, 3)
            + (level.isEmpty() ? "" : "&" + LEVEL_PARAMETER + "=" + level);
    HttpRequest.Builder request = request(node, path, patience);
    if (position != null) {
      request.header(POSITION_HEADER, position.token());
    }
    return http.send(request.build(), BodyHandlers.ofString());
  }

  /** The answer to a GET. */
  HttpResponse<String> get(int node, String path, Duration patience)
      throws IOException, InterruptedException {
    return http.send(request(node, path, patience).build(), BodyHandlers.ofString());
  }

  /** The answer to a POST of nothing. */
  HttpResponse<String> post(int node, String path, Duration patience)
      throws IOException, InterruptedException {
    return http.send(
        request(node, path, patience).POST(HttpRequest.BodyPublishers.noBody()).build(),
        BodyHandlers.ofString());
  }

  private HttpRequest.Builder request(int node, String path, Duration patience) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + ports.get(node) + path))
        .timeout(patience);
  }

  @Override
  public void close() {
    http.shutdownNow();
    http.close();
  }
}
