package io.varve.http.replay;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.varve.ingest.Tenants;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Collectors;

/** A server with the HTTP API of Prometheus, asked for one tenant. */
public final class ServerConnection implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration PATIENCE = Duration.ofMinutes(10);

  private final HttpClient client = HttpClient.newHttpClient();
  private final String url;
  private final String tenant;

  /**
   * Asks nothing yet.
   *
   * @param url without the path of the API
   * @throws IllegalArgumentException if it is none
   */
  public ServerConnection(String url, String tenant) {
    this.url = url.replaceAll("/+$", "");
    this.tenant = tenant;
    try {
      request("/");
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "\"" + url + "\" is not of the form http://HOST:PORT: " + e.getMessage(), e);
    }
  }

  private HttpRequest.Builder request(String path) {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url + path)).timeout(PATIENCE);
    if (!tenant.isEmpty()) {
      request.header(Tenants.HEADER, tenant);
    }
    return request;
  }

  /** An answer of the JSON API, errors included. */
  public JsonNode api(String path, Map<String, String> parameters) throws IOException {
    String form =
        parameters.entrySet().stream()
            .map(e -> e.getKey() + "=" + URLEncoder.encode(e.getValue(), StandardCharsets.UTF_8))
            .collect(Collectors.joining("&"));
    HttpRequest.Builder request = request(path);
    HttpResponse<byte[]> response =
        send(
            parameters.isEmpty()
                ? request.GET()
                : request
                    .header("Content-Type", "application/x-www-form-urlencoded")
                    .POST(HttpRequest.BodyPublishers.ofString(form)));
    try {
      JsonNode answer = JSON.readTree(response.body());
      if (answer != null && answer.has("status")) {
        return answer;
      }
    } catch (JsonProcessingException e) {
      throw new IOException(notUnderstood(path, response), e);
    }
    throw new IOException(notUnderstood(path, response));
  }

  private String notUnderstood(String path, HttpResponse<byte[]> response) {
    return url + path + " answers " + response.statusCode() + ", but not as a Prometheus API does";
  }

  /** Sends a compressed message. */
  HttpResponse<byte[]> post(String path, byte[] snappy, String versionHeader) throws IOException {
    return send(
        request(path)
            .header("Content-Type", "application/x-protobuf")
            .header("Content-Encoding", "snappy")
            .header(versionHeader, "0.1.0")
            .POST(HttpRequest.BodyPublishers.ofByteArray(snappy)));
  }

  private HttpResponse<byte[]> send(HttpRequest.Builder request) throws IOException {
    try {
      return client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    } catch (ConnectException e) {
      throw new IOException("nothing answers at " + url, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  @Override
  public void close() {
    client.close();
  }
}
