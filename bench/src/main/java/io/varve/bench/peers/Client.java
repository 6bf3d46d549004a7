package io.varve.bench.peers;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.varve.bench.workload.Protocol;
import java.io.IOException;
import java.math.BigDecimal;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** The same client for every store: queries, and single requests. */
public final class Client implements AutoCloseable {
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final String base;

  /** A client of a server on the loopback address; the caller closes it. */
  public Client(int port) {
    base = "http://127.0.0.1:" + port;
  }

  /** Waits until a path answers 200. */
  public void awaitReady(String path, ServerProcess server, Duration patience)
      throws InterruptedException {
    long end = System.nanoTime() + patience.toNanos();
    while (System.nanoTime() < end) {
      if (!server.isAlive()) {
        throw new IllegalStateException("the server ended while it was starting");
      }
      try {
        if (get(path).statusCode() == 200) {
          return;
        }
      } catch (IOException e) {
        // not listening yet
      }
      Thread.sleep(5);
    }
    throw new IllegalStateException(base + path + " was not ready within " + patience);
  }

  /** The answer to a GET of a path with its query. */
  public HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return http.send(
        HttpRequest.newBuilder(URI.create(base + path)).timeout(Duration.ofMinutes(5)).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  /** The answer to a POST without a body; long work is waited for. */
  public HttpResponse<String> post(String path) throws IOException, InterruptedException {
    return http.send(
        HttpRequest.newBuilder(URI.create(base + path))
            .POST(HttpRequest.BodyPublishers.noBody())
            .timeout(Duration.ofMinutes(30))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  /**
   * The answer to an instant query.
   *
   * @throws IOException if it is not 200
   */
  public String query(String promql, long timeMillis) throws IOException, InterruptedException {
    HttpResponse<String> answer =
        get(
            "/api/v1/query?query="
                + URLEncoder.encode(promql, StandardCharsets.UTF_8)
                + "&time="
                + BigDecimal.valueOf(timeMillis, 3));
    if (answer.statusCode() != 200) {
      throw new IOException("query answered " + answer.statusCode() + ": " + answer.body());
    }
    return answer.body();
  }

  /**
   * The single value that an instant query has, NaN if it has none.
   *
   * @throws IOException if the answer is not 200
   */
  double value(String promql, long timeMillis) throws IOException, InterruptedException {
    JsonNode root = new ObjectMapper().readTree(query(promql, timeMillis));
    JsonNode value = root.path("data").path("result").path(0).path("value").path(1);
    return value.isMissingNode() ? Double.NaN : Double.parseDouble(value.asText());
  }

  /** The answer to one remote write body. */
  public HttpResponse<String> post(String path, byte[] body)
      throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(base + path))
            .timeout(Duration.ofMinutes(2))
            .headers(Protocol.V1.headers().toArray(new String[0]))
            .POST(HttpRequest.BodyPublishers.ofByteArray(body))
            .build();
    return http.send(request, HttpResponse.BodyHandlers.ofString());
  }

  @Override
  public void close() {
    http.close();
  }
}
