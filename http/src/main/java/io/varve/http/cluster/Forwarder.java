package io.varve.http.cluster;

import io.varve.http.net.Request;
import io.varve.http.net.Response;
import io.varve.ingest.Tenants;
import io.varve.ingest.cluster.Peer;
import io.varve.ingest.cluster.Unreached;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import javax.net.ssl.SSLHandshakeException;

/**
 * Passes requests on to another node, as they came, and its answers back, as they come. Any thread.
 */
final class Forwarder {
  /** How often a request that is on its way asks whether it still makes sense to wait. */
  private static final long LOOK_MILLIS = 100;

  private static final int MOST_REASON_BYTES = 500;

  /** What of a request's headers the other node is told. */
  private static final List<String> ASKED =
      List.of(
          "Accept",
          "Accept-Encoding",
          "Content-Type",
          "Content-Encoding",
          "User-Agent",
          "X-Prometheus-Remote-Write-Version",
          "X-Prometheus-Remote-Read-Version",
          Tenants.HEADER,
          Headers.CONSISTENCY,
          Headers.POSITION);

  /** What of an answer's headers the client is told, and what begins with one of the others. */
  private static final List<String> ANSWERED =
      List.of("content-type", "content-encoding", "retry-after");

  private static final List<String> ANSWERED_FAMILIES = List.of("x-prometheus-", "varve-");

  private final Peers peers;
  private final String token;
  private final ClusterMeter meter;

  Forwarder(Peers peers, String token, ClusterMeter meter) {
    this.peers = peers;
    this.token = token;
    this.meter = meter;
  }

  /** How it went. */
  sealed interface Result {
    /** The client has its answer. */
    record Answered() implements Result {}

    /** The other node has certainly not taken it: why. */
    record NotTaken(String why) implements Result {}

    /** It is not known whether the other node has taken it: why. */
    record Lost(String why) implements Result {}
  }

  /**
   * Passes a request on.
   *
   * @param millis how long the other node may take to begin its answer
   * @param waitMillis how long it may wait for what a read has to see; negative for no read
   * @param vain true as soon as waiting for it makes no sense any more
   * @throws IOException if the answer breaks off after the client has part of it
   */
  Result forward(
      Peer to,
      RouteKind kind,
      Request request,
      Response response,
      long millis,
      long waitMillis,
      BooleanSupplier vain)
      throws IOException {
    Result result = send(to, request, response, millis, waitMillis, vain);
    meter.forwarded(
        to.id(),
        kind.name().toLowerCase(Locale.ROOT),
        switch (result) {
          case Result.Answered() -> ClusterMeter.Fate.ANSWERED;
          case Result.NotTaken(String why) -> ClusterMeter.Fate.REFUSED;
          case Result.Lost(String why) -> ClusterMeter.Fate.LOST;
        });
    return result;
  }

  private Result send(
      Peer to,
      Request request,
      Response response,
      long millis,
      long waitMillis,
      BooleanSupplier vain)
      throws IOException {
    PassedBody body = new PassedBody(request.body(), request.bodyLength());
    CompletableFuture<HttpResponse<InputStream>> sent =
        peers
            .client()
            .sendAsync(
                of(to, request, body, millis, waitMillis),
                HttpResponse.BodyHandlers.ofInputStream());
    try (var _ = request.onDisconnect(() -> giveUp(sent))) {
      HttpResponse<InputStream> answer = await(sent, millis, vain);
      try (InputStream in = answer.body()) {
        return pass(to, answer, in, response);
      }
    } catch (TimeoutException e) {
      return new Result.Lost("node " + to.id() + " does not answer");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Result.Lost("interrupted");
    } catch (ExecutionException e) {
      return failed(to, e.getCause() == null ? e : e.getCause());
    } catch (CancellationException e) {
      throw new IOException("the client went away before node " + to.id() + " had answered", e);
    } finally {
      body.end(); // its bytes are those of other requests from now on
      giveUp(sent);
    }
  }

  private static Result failed(Peer to, Throwable cause) {
    String why = "node " + to.id() + " is not reached: " + Unreached.text(cause);
    boolean notTaken =
        cause instanceof ConnectException
            || cause instanceof HttpConnectTimeoutException
            || cause instanceof SSLHandshakeException
            || cause instanceof UnresolvedAddressException;
    return notTaken ? new Result.NotTaken(why) : new Result.Lost(why);
  }

  private HttpRequest of(Peer to, Request request, PassedBody body, long millis, long waitMillis) {
    String query = request.query();
    HttpRequest.Builder passed =
        HttpRequest.newBuilder(peers.at(to, request.path() + (query.isEmpty() ? "" : "?" + query)))
            .method(request.method(), body.publisher())
            .timeout(Duration.ofMillis(millis))
            .header("Authorization", "Bearer " + token)
            .header(Headers.HOP, peers.self().id());
    if (waitMillis >= 0) {
      passed.header(Headers.WAIT, Long.toString(waitMillis));
    }
    for (String name : ASKED) {
      String value = request.header(name);
      if (value != null && !value.isEmpty()) {
        passed.header(name, value);
      }
    }
    return passed.build();
  }

  private static HttpResponse<InputStream> await(
      CompletableFuture<HttpResponse<InputStream>> sent, long millis, BooleanSupplier vain)
      throws TimeoutException, InterruptedException, ExecutionException {
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    while (true) {
      try {
        return sent.get(LOOK_MILLIS, TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        if (System.nanoTime() - end >= 0 || vain.getAsBoolean()) {
          throw e;
        }
      }
    }
  }

  /** Ends a request if it has not ended, and leaves no body unread behind. */
  private static void giveUp(CompletableFuture<HttpResponse<InputStream>> sent) {
    if (!sent.cancel(true) && !sent.isCompletedExceptionally()) {
      try {
        sent.join().body().close();
      } catch (IOException e) {
        // It is closed all the same.
      }
    }
  }

  private Result pass(Peer to, HttpResponse<InputStream> answer, InputStream in, Response response)
      throws IOException {
    if (answer.headers().firstValue(Headers.REFUSED).isPresent()) {
      String why = new String(in.readNBytes(MOST_REASON_BYTES), StandardCharsets.UTF_8).strip();
      return new Result.NotTaken(why);
    }
    if (answer.statusCode() == 401) {
      return new Result.NotTaken("node " + to.id() + " has another cluster secret");
    }
    answer
        .headers()
        .map()
        .forEach(
            (name, values) -> {
              String lower = name.toLowerCase(Locale.ROOT);
              if (ANSWERED.contains(lower)
                  || ANSWERED_FAMILIES.stream().anyMatch(lower::startsWith)) {
                response.header(name, values.getFirst());
              }
            });
    try {
      response.passOn(answer.statusCode(), in);
    } catch (IOException e) {
      if (!response.restart()) {
        throw e;
      }
      return new Result.Lost("the answer of node " + to.id() + " breaks off: " + e.getMessage());
    }
    return new Result.Answered();
  }
}
