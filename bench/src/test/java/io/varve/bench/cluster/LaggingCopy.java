package io.varve.bench.cluster;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.varve.bench.workload.Protocol;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * A proxy in front of a node that passes writes on, and answers reads from a copy that gets the
 * same writes later, while it says nothing of that.
 */
final class LaggingCopy implements AutoCloseable {
  private final HttpClient http = HttpClient.newHttpClient();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final ConcurrentLinkedQueue<CompletableFuture<?>> delayed = new ConcurrentLinkedQueue<>();
  private final HttpServer server;
  private final String node;
  private final String copy;
  private final Duration lag;

  LaggingCopy(int node, int copy, Duration lag) throws IOException {
    this.node = "http://127.0.0.1:" + node;
    this.copy = "http://127.0.0.1:" + copy;
    this.lag = lag;
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/api/v1/write", this::write);
    server.createContext("/api/v1/query", this::query);
    server.start();
  }

  int port() {
    return server.getAddress().getPort();
  }

  private void write(HttpExchange exchange) throws IOException {
    byte[] body = exchange.getRequestBody().readAllBytes();
    try {
      HttpResponse<byte[]> answer = http.send(write(node, body), BodyHandlers.ofByteArray());
      delayed.add(
          CompletableFuture.supplyAsync(
                  () -> write(copy, body),
                  CompletableFuture.delayedExecutor(lag.toMillis(), TimeUnit.MILLISECONDS, threads))
              .thenCompose(request -> http.sendAsync(request, BodyHandlers.discarding())));
      answer(exchange, answer);
    } catch (InterruptedException e) {
      exchange.close();
    }
  }

  private static HttpRequest write(String base, byte[] body) {
    return HttpRequest.newBuilder(URI.create(base + "/api/v1/write"))
        .headers(Protocol.V1.headers().toArray(new String[0]))
        .POST(HttpRequest.BodyPublishers.ofByteArray(body))
        .build();
  }

  private void query(HttpExchange exchange) throws IOException {
    try {
      answer(
          exchange,
          http.send(
              HttpRequest.newBuilder(URI.create(copy + exchange.getRequestURI())).build(),
              BodyHandlers.ofByteArray()));
    } catch (InterruptedException e) {
      exchange.close();
    }
  }

  private static void answer(HttpExchange exchange, HttpResponse<byte[]> answer)
      throws IOException {
    byte[] body = answer.body();
    exchange.sendResponseHeaders(answer.statusCode(), body.length == 0 ? -1 : body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  @Override
  public void close() {
    server.stop(0);
    CompletableFuture.allOf(delayed.toArray(new CompletableFuture<?>[0]))
        .exceptionally(failed -> null)
        .join();
    threads.close();
    http.close();
  }
}
