package io.varve.bench.fuzz;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.varve.bench.workload.Protocol;
import java.io.IOException;
import java.math.BigDecimal;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** Asks and feeds one server on the loopback address. */
final class PromqlClient {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final HttpClient http;
  private final String base;

  PromqlClient(HttpClient http, int port) {
    this.http = http;
    base = "http://127.0.0.1:" + port;
  }

  boolean ready() throws InterruptedException {
    try {
      return send(HttpRequest.newBuilder(URI.create(base + "/-/ready"))).statusCode() == 200;
    } catch (IOException e) {
      return false; // not listening yet
    }
  }

  void write(byte[] body) throws IOException, InterruptedException {
    HttpResponse<String> answer =
        send(
            HttpRequest.newBuilder(URI.create(base + "/api/v1/write"))
                .headers(Protocol.V1.headers().toArray(new String[0]))
                .POST(BodyPublishers.ofByteArray(body)));
    if (answer.statusCode() / 100 != 2) {
      throw new IOException("write answered " + answer.statusCode() + ": " + answer.body());
    }
  }

  /** The whole answer, an error too. Times in milliseconds; a step of 0 asks at the end alone. */
  JsonNode query(String promql, long start, long end, long step)
      throws IOException, InterruptedException {
    String form = "query=" + URLEncoder.encode(promql, StandardCharsets.UTF_8);
    String path;
    if (step == 0) {
      path = "/api/v1/query";
      form += "&time=" + BigDecimal.valueOf(end, 3);
    } else {
      path = "/api/v1/query_range";
      form +=
          "&start="
              + BigDecimal.valueOf(start, 3)
              + "&end="
              + BigDecimal.valueOf(end, 3)
              + "&step="
              + BigDecimal.valueOf(step, 3);
    }
    return JSON.readTree(
        send(HttpRequest.newBuilder(URI.create(base + path))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(BodyPublishers.ofString(form)))
            .body());
  }

  private HttpResponse<String> send(HttpRequest.Builder request)
      throws IOException, InterruptedException {
    return http.send(
        request.timeout(Duration.ofSeconds(60)).build(),
        BodyHandlers.ofString(StandardCharsets.UTF_8));
  }
}
