package io.varve.http;

import io.varve.ingest.cluster.Peer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

/** What the nodes of a cluster ask each other in a word or two. Any thread. */
final class NodeRequests {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  private final HttpClient http;
  private final String scheme;
  private final String token;

  /**
   * @param token shows that a node of the cluster asks
   */
  NodeRequests(HttpClient http, String scheme, String token) {
    this.http = http;
    this.scheme = scheme;
    this.token = token;
  }

  /** Where a node answers. */
  URI uri(Peer peer) {
    return URI.create(scheme + "://" + peer.http());
  }

  /**
   * Asks.
   *
   * @throws IOException if it is answered otherwise than with 200, or not at all
   */
  String get(URI node, String path) throws IOException {
    return send(HttpRequest.newBuilder(node.resolve(path)).timeout(TIMEOUT));
  }

  /** Asks for a number. */
  long number(URI node, String path) throws IOException {
    String answer = get(node, path);
    try {
      return Long.parseLong(answer);
    } catch (NumberFormatException e) {
      throw new IOException(node.resolve(path) + " answers no number", e);
    }
  }

  /** Asks for something to be done, which may take as long as is said. */
  String post(URI node, String path, Duration timeout) throws IOException {
    return send(
        HttpRequest.newBuilder(node.resolve(path))
            .timeout(timeout)
            .POST(HttpRequest.BodyPublishers.noBody()));
  }

  /** Hands something over. */
  void post(URI node, String path, String text, Duration timeout) throws IOException {
    var _ =
        send(
            HttpRequest.newBuilder(node.resolve(path))
                .timeout(timeout)
                .POST(HttpRequest.BodyPublishers.ofString(text)));
  }

  private String send(HttpRequest.Builder builder) throws IOException {
    HttpRequest request = builder.header("Authorization", "Bearer " + token).build();
    try {
      HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
      String text = answer.body().strip();
      if (answer.statusCode() != 200) {
        throw new IOException(request.uri() + " answers " + answer.statusCode() + ": " + text);
      }
      return text;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }
}
