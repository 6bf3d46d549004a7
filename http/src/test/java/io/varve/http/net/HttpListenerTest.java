package io.varve.http.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.engine.Seeds;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;
import java.util.zip.InflaterInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
final class HttpListenerTest {
  private static final int MOST_BODY = 200_000;
  private static final int MOST_BODIES = 2_000_000;

  private final ConcurrentLinkedQueue<String> observed = new ConcurrentLinkedQueue<>();
  private final CountDownLatch disconnected = new CountDownLatch(1);
  private final CountDownLatch asked = new CountDownLatch(1);
  private volatile Availability availability = Availability.READY;
  private volatile boolean onVirtualThread;
  private HttpListener listener;
  private HttpClient client;

  @BeforeEach
  void open() throws IOException {
    listener = listener("");
    client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  }

  private HttpListener listener(String prefix) throws IOException {
    return new HttpListener(
        "127.0.0.1",
        0,
        new HttpListener.Limits(MOST_BODIES, 60_000, 1_000, Origins.ALL, prefix),
        List.of(
            Route.api("/api/echo", this::echo, "GET", "POST").withBody(MOST_BODY),
            Route.text("/where", HttpListenerTest::where, "POST")
                .withQuick(500)
                .withBody(MOST_BODY),
            Route.api("/api/item/*/values", this::item, "GET"),
            Route.api("/api/numbers", this::numbers, "GET"),
            Route.api("/api/fails", this::fails, "GET"),
            Route.api("/api/slow", this::slow, "GET"),
            Route.api("/api/silent", (request, response) -> {}, "GET"),
            Route.text("/-/ping", (request, response) -> response.text(200, "pong"), "GET", "HEAD"),
            Route.text("/gone", (request, response) -> response.empty(204), "GET")),
        () -> availability,
        (failure, request, response) -> response.text(422, "failed: " + failure.getMessage()),
        (route, status, nanos, in, out) -> observed.add(route + " " + status + " " + in));
  }

  @Test
  void everythingStandsUnderThePrefix() throws Exception {
    try (HttpListener under = listener("/metrics/varve")) {
      String root = "http://127.0.0.1:" + under.address().getPort();
      Map<String, Integer> statuses = new TreeMap<>();
      for (String path :
          new String[] {
            "/metrics/varve/api/echo?text=x",
            "/metrics/varve/-/ping",
            "/metrics/varve/api/none",
            "/metrics/varveapi/echo",
            "/api/echo",
            "/-/ping",
            "/"
          }) {
        HttpRequest request = HttpRequest.newBuilder(URI.create(root + path)).build();
        HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
        statuses.put(path, response.statusCode());
        if (path.equals("/")) {
          assertThat(response.headers().firstValue("Location")).hasValue("/metrics/varve/");
        }
        // What is told of all API paths is told there, too.
        assertThat(response.headers().firstValue("Vary").isPresent())
            .as(path)
            .isEqualTo(path.startsWith("/metrics/varve/api/"));
      }
      assertThat(statuses)
          .containsEntry("/metrics/varve/api/echo?text=x", 200)
          .containsEntry("/metrics/varve/-/ping", 200)
          .containsEntry("/metrics/varve/api/none", 404)
          .containsEntry("/metrics/varveapi/echo", 404)
          .containsEntry("/api/echo", 404)
          .containsEntry("/-/ping", 404)
          .containsEntry("/", 302);
    }
  }

  @AfterEach
  void close() {
    client.close();
    listener.close();
  }

  private void echo(Request request, Response response) throws IOException {
    onVirtualThread = Thread.currentThread().isVirtual();
    Params params = request.params();
    String text =
        request.method()
            + " a="
            + params.all("a")
            + " b="
            + params.get("b")
            + " body="
            + request.bodyLength();
    response.text(200, text);
  }

  /** Whether it began in an I/O thread. */
  private static void where(Request request, Response response) throws IOException {
    response.text(200, Thread.currentThread().getName());
  }

  @Test
  void aShortBodyIsHandledWhereItWasReceived() throws Exception {
    URI uri = URI.create("http://127.0.0.1:" + listener.address().getPort() + "/where");
    Map<Integer, String> names = new TreeMap<>();
    for (int length : new int[] {1, 499, 500, MOST_BODY}) {
      HttpRequest request =
          HttpRequest.newBuilder(uri)
              .POST(HttpRequest.BodyPublishers.ofByteArray(new byte[length]))
              .build();
      names.put(length, client.send(request, HttpResponse.BodyHandlers.ofString()).body());
    }
    assertThat(names)
        .containsEntry(1, "http-here")
        .containsEntry(499, "http-here")
        .containsEntry(500, "http")
        .containsEntry(MOST_BODY, "http");
  }

  private void item(Request request, Response response) throws IOException {
    response.text(200, request.pathParameter());
  }

  private void numbers(Request request, Response response) throws IOException {
    long bytes = Long.parseLong(request.params().get("bytes"));
    response.body(200, "application/octet-stream", out -> write(out, bytes));
  }

  private static void write(OutputStream out, long bytes) throws IOException {
    Random random = new Random(Seeds.usual(7));
    byte[] part = new byte[10_007];
    for (long left = bytes; left > 0; left -= part.length) {
      random.nextBytes(part);
      out.write(part, 0, (int) Math.min(left, part.length));
    }
  }

  private void fails(Request request, Response response) throws IOException {
    long after = Long.parseLong(request.params().get("after"));
    response.body(
        200,
        "text/plain",
        out -> {
          write(out, after);
          throw new IllegalArgumentException("after " + after);
        });
  }

  private void slow(Request request, Response response) throws IOException {
    CountDownLatch over = new CountDownLatch(1);
    try (var watch =
        request.onDisconnect(
            () -> {
              disconnected.countDown();
              over.countDown();
            })) {
      asked.countDown();
      long millis = Long.parseLong(request.params().get("millis"));
      assertThat(over.await(millis, TimeUnit.MILLISECONDS)).isIn(true, false);
      assertThat(watch).isNotNull();
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
    response.text(200, "done");
  }

  private HttpRequest.Builder to(String pathAndQuery) {
    return HttpRequest.newBuilder(
            URI.create("http://127.0.0.1:" + listener.address().getPort() + pathAndQuery))
        .timeout(Duration.ofSeconds(15));
  }

  private HttpResponse<String> get(String pathAndQuery) throws Exception {
    return client.send(to(pathAndQuery).build(), HttpResponse.BodyHandlers.ofString());
  }

  @Test
  void parametersComeFromFormAndUrlAndTheFormWins() throws Exception {
    HttpResponse<String> response =
        client.send(
            to("/api/echo?a=url%201&b=url&c")
                .header("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
                .POST(HttpRequest.BodyPublishers.ofString("a=x+y&a=%7B%22%C3%A9%7D&b=form"))
                .build(),
            HttpResponse.BodyHandlers.ofString());
    assertThat(response.body()).isEqualTo("POST a=[x y, {\"é}, url 1] b=form body=30");
    assertThat(onVirtualThread).isTrue();
    HttpResponse<String> other =
        client.send(
            to("/api/echo?b=url")
                .header("Content-Type", "text/plain")
                .POST(HttpRequest.BodyPublishers.ofString("b=form"))
                .build(),
            HttpResponse.BodyHandlers.ofString());
    assertThat(other.body()).isEqualTo("POST a=[] b=url body=6");
  }

  @Test
  void unescapedCharactersInTheUrlAreTaken() throws Exception {
    assertThat(raw("GET /api/echo?b={x=\"y\"} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
        .contains("b={x=\"y\"}");
  }

  @Test
  void aBadEscapeIsABadRequest() throws Exception {
    assertThat(raw("GET /api/echo?b=%zz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
        .startsWith("HTTP/1.1 400 ");
    HttpResponse<String> form =
        client.send(
            to("/api/echo")
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(HttpRequest.BodyPublishers.ofString("a=%4"))
                .build(),
            HttpResponse.BodyHandlers.ofString());
    assertThat(form.statusCode()).isEqualTo(422);
    assertThat(form.body()).isEqualTo("failed: invalid URL escape \"%4\"");
  }

  @Test
  void pathParametersAreUnescaped() throws Exception {
    assertThat(get("/api/item/a%2Fb%20c+/values").body()).isEqualTo("a/b c+");
    assertThat(get("/api/item//values").statusCode()).isEqualTo(404);
  }

  @Test
  void otherPathsAndMethodsAreTurnedAway() throws Exception {
    assertThat(get("/nope").statusCode()).isEqualTo(404);
    assertThat(get("/api/echo/").statusCode()).isEqualTo(404);
    HttpResponse<String> wrong =
        client.send(to("/api/echo").DELETE().build(), HttpResponse.BodyHandlers.ofString());
    assertThat(wrong.statusCode()).isEqualTo(405);
    assertThat(wrong.headers().firstValue("Allow")).hasValue("GET, POST");
  }

  @Test
  void slashesThatComeTwiceLeadToThePathWithOne() throws Exception {
    HttpResponse<String> twice = get("//api//echo?b=a//b&a=%7B");
    assertThat(twice.statusCode()).isEqualTo(301);
    assertThat(twice.headers().firstValue("Location")).hasValue("/api/echo?b=a//b&a=%7B");
    HttpResponse<String> form =
        client.send(
            to("//api/echo").POST(HttpRequest.BodyPublishers.ofString("a=b")).build(),
            HttpResponse.BodyHandlers.ofString());
    assertThat(form.statusCode()).isEqualTo(307);
    assertThat(form.headers().firstValue("Location")).hasValue("/api/echo");
    assertThat(get("//nope").statusCode()).isEqualTo(404);
    assertThat(get("//example.org/api/echo").statusCode()).isEqualTo(404);
    try (HttpListener under = listener("/varve")) {
      HttpRequest request =
          HttpRequest.newBuilder(
                  URI.create(
                      "http://127.0.0.1:" + under.address().getPort() + "/varve//api/echo?a=b"))
              .build();
      HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
      assertThat(response.statusCode()).isEqualTo(301);
      assertThat(response.headers().firstValue("Location")).hasValue("/varve/api/echo?a=b");
    }
  }

  @Test
  void manyParametersOfAUrlAreTaken() throws Exception {
    assertThat(get("/api/echo?b=x" + "&a=1".repeat(10_000)).body())
        .startsWith("GET a=[1, 1, ")
        .endsWith(" b=x body=0");
  }

  @Test
  void corsAndVaryAreOnTheApiOnly() throws Exception {
    HttpResponse<String> plain = get("/api/echo");
    assertThat(plain.headers().allValues("Vary")).containsExactly("Accept-Encoding", "Origin");
    assertThat(plain.headers().firstValue("Access-Control-Allow-Origin")).isEmpty();
    HttpResponse<String> cross =
        client.send(
            to("/api/echo").header("Origin", "http://a.example").build(),
            HttpResponse.BodyHandlers.ofString());
    assertThat(cross.headers().firstValue("Access-Control-Allow-Origin")).hasValue("*");
    assertThat(cross.headers().firstValue("Access-Control-Expose-Headers")).hasValue("Date");
    HttpResponse<String> options =
        client.send(
            to("/api/anything")
                .header("Origin", "http://a.example")
                .method("OPTIONS", HttpRequest.BodyPublishers.noBody())
                .build(),
            HttpResponse.BodyHandlers.ofString());
    assertThat(options.statusCode()).isEqualTo(204);
    assertThat(options.headers().firstValue("Access-Control-Allow-Methods"))
        .hasValue("GET, POST, OPTIONS");
    assertThat(get("/-/ping").headers().firstValue("Vary")).isEmpty();
  }

  @Test
  void headHasNoBodyAndEmptyAnswersAreEmpty() throws Exception {
    HttpResponse<String> head =
        client.send(
            to("/-/ping").method("HEAD", HttpRequest.BodyPublishers.noBody()).build(),
            HttpResponse.BodyHandlers.ofString());
    assertThat(head.statusCode()).isEqualTo(200);
    assertThat(head.body()).isEmpty();
    HttpResponse<String> gone = get("/gone");
    assertThat(gone.statusCode()).isEqualTo(204);
    assertThat(gone.body()).isEmpty();
  }

  @Test
  void answersOfAnySizeArriveWhole() throws Exception {
    for (int bytes : new int[] {0, 1, 2_047, 2_048, 2_049, 16_384, 16_385, 40_000, 5_000_000}) {
      HttpResponse<byte[]> response =
          client.send(
              to("/api/numbers?bytes=" + bytes).build(), HttpResponse.BodyHandlers.ofByteArray());
      assertThat(response.body()).as("%d bytes", bytes).isEqualTo(expected(bytes));
      assertThat(response.headers().firstValue("Content-Encoding")).isEmpty();
    }
  }

  @Test
  void answersAreCompressedAsTheFirstKnownEncodingSays() throws Exception {
    for (String accept : new String[] {"gzip", "br, gzip, deflate", "deflate, gzip", "GZIP;q=1"}) {
      for (int bytes : new int[] {100, 10_000, 1_000_000}) {
        HttpResponse<byte[]> response =
            client.send(
                to("/api/numbers?bytes=" + bytes).header("Accept-Encoding", accept).build(),
                HttpResponse.BodyHandlers.ofByteArray());
        InputStream in = new ByteArrayInputStream(response.body());
        if (bytes == 100) {
          assertThat(response.headers().firstValue("Content-Encoding")).isEmpty();
        } else if (accept.startsWith("deflate")) {
          assertThat(response.headers().firstValue("Content-Encoding")).hasValue("deflate");
          in = new InflaterInputStream(in);
        } else {
          assertThat(response.headers().firstValue("Content-Encoding")).hasValue("gzip");
          in = new GZIPInputStream(in);
        }
        assertThat(in.readAllBytes()).isEqualTo(expected(bytes));
      }
    }
  }

  @Test
  void aSlowReaderGetsAllAndOneThatStopsIsGivenUp() throws Exception {
    try (Socket socket =
        new Socket(InetAddress.getLoopbackAddress(), listener.address().getPort())) {
      socket
          .getOutputStream()
          .write(
              "GET /api/numbers?bytes=30000000 HTTP/1.0\r\nHost: a\r\n\r\n"
                  .getBytes(StandardCharsets.US_ASCII));
      InputStream in = socket.getInputStream();
      long got = 0;
      byte[] buffer = new byte[1 << 20];
      for (int n; (n = in.read(buffer)) >= 0; got += n) {
        Thread.sleep(5);
      }
      assertThat(got).isGreaterThan(30_000_000);
    }
    try (Socket socket =
        new Socket(InetAddress.getLoopbackAddress(), listener.address().getPort())) {
      socket
          .getOutputStream()
          .write(
              "GET /api/numbers?bytes=100000000 HTTP/1.1\r\nHost: a\r\n\r\n"
                  .getBytes(StandardCharsets.US_ASCII));
      await(() -> observed.contains("/api/numbers 0 0"));
    }
    assertThat(listener.running()).isZero();
  }

  @Test
  void aFailureBeforeTheFirstBytesIsAProperAnswer() throws Exception {
    HttpResponse<String> response = get("/api/fails?after=5000");
    assertThat(response.statusCode()).isEqualTo(422);
    assertThat(response.body()).isEqualTo("failed: after 5000");
    assertThat(get("/api/silent").statusCode()).isEqualTo(422);
  }

  @Test
  void aFailureAfterThatBreaksTheConnection() throws Exception {
    String answer = raw("GET /api/fails?after=500000 HTTP/1.1\r\nHost: a\r\n\r\n");
    assertThat(answer).startsWith("HTTP/1.1 200 ").doesNotEndWith("0\r\n\r\n");
    await(() -> observed.contains("/api/fails 0 0"));
  }

  @Test
  void largeBodiesAreRefused() throws Exception {
    for (boolean chunked : new boolean[] {false, true}) {
      for (int bytes : new int[] {MOST_BODY, MOST_BODY + 1}) {
        byte[] body = new byte[bytes];
        HttpRequest.BodyPublisher publisher =
            chunked
                ? HttpRequest.BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body))
                : HttpRequest.BodyPublishers.ofByteArray(body);
        try {
          HttpResponse<String> response =
              client.send(
                  to("/api/echo").POST(publisher).build(), HttpResponse.BodyHandlers.ofString());
          assertThat(response.statusCode()).isEqualTo(bytes > MOST_BODY ? 413 : 200);
        } catch (IOException e) {
          // The server closes while the client still sends; the status is seen by the observer.
          assertThat(bytes).isGreaterThan(MOST_BODY);
        }
      }
    }
    await(() -> observed.size() == 4);
    assertThat(observed)
        .containsExactlyInAnyOrder(
            "/api/echo 200 " + MOST_BODY,
            "/api/echo 200 " + MOST_BODY,
            "/api/echo 413 0",
            "/api/echo 413 0");
    assertThat(listener.bodyBytes()).isZero();
  }

  @Test
  void bodiesThatBreakOffGiveTheirMemoryBack() throws Exception {
    try (Socket socket =
        new Socket(InetAddress.getLoopbackAddress(), listener.address().getPort())) {
      socket
          .getOutputStream()
          .write(
              "POST /api/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nabc"
                  .getBytes(StandardCharsets.US_ASCII));
      await(() -> listener.bodyBytes() > 0);
    }
    await(() -> listener.bodyBytes() == 0);
  }

  @Test
  void bodiesInMemoryAreBoundedInSum() throws Exception {
    List<Socket> sockets = new ArrayList<>();
    try {
      int room = Bodies.capacity(MOST_BODY);
      for (int i = 0; i <= MOST_BODIES / room; i++) {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), listener.address().getPort());
        socket.setSoTimeout(10_000);
        sockets.add(socket);
        String head =
            "POST /api/echo HTTP/1.1\r\nHost: a\r\nContent-Length: " + MOST_BODY + "\r\n\r\nabc";
        socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
        long held = room * Math.min(i + 1L, MOST_BODIES / room);
        await(() -> listener.bodyBytes() == held);
      }
      byte[] answer = sockets.getLast().getInputStream().readNBytes(200);
      assertThat(new String(answer, StandardCharsets.US_ASCII))
          .startsWith("HTTP/1.1 503 ")
          .contains("Retry-After: 1");
    } finally {
      for (Socket socket : sockets) {
        socket.close();
      }
    }
    await(() -> listener.bodyBytes() == 0);
  }

  @Test
  void aBodyMayWaitForTheServersConsent() throws Exception {
    HttpResponse<String> response =
        client.send(
            to("/api/echo")
                .expectContinue(true)
                .POST(HttpRequest.BodyPublishers.ofByteArray(new byte[5_000]))
                .build(),
            HttpResponse.BodyHandlers.ofString());
    assertThat(response.body()).endsWith("body=5000");
  }

  @Test
  void requestsAreTurnedAwayWhileTheStoreIsNotThere() throws Exception {
    for (Availability now : new Availability[] {Availability.STARTING, Availability.STOPPING}) {
      availability = now;
      HttpResponse<String> response = get("/api/echo");
      assertThat(response.statusCode()).isEqualTo(503);
      assertThat(response.body()).isEqualTo("Service Unavailable");
      assertThat(response.headers().firstValue("X-Prometheus-Stopping"))
          .hasValue(String.valueOf(now == Availability.STOPPING));
      assertThat(get("/-/ping").statusCode()).isEqualTo(200);
    }
  }

  @Test
  void aClientThatGoesAwayIsNoticed() throws Exception {
    try (Socket socket =
        new Socket(InetAddress.getLoopbackAddress(), listener.address().getPort())) {
      socket
          .getOutputStream()
          .write(
              "GET /api/slow?millis=15000 HTTP/1.1\r\nHost: a\r\n\r\n"
                  .getBytes(StandardCharsets.US_ASCII));
      assertThat(asked.await(5, TimeUnit.SECONDS)).isTrue();
      assertThat(disconnected.await(600, TimeUnit.MILLISECONDS)).isFalse();
    }
    assertThat(disconnected.await(5, TimeUnit.SECONDS)).isTrue();
    await(() -> listener.running() == 0);
  }

  @Test
  void aPipelinedRequestIsNotEatenByTheWatch() throws Exception {
    String two =
        "GET /api/slow?millis=900 HTTP/1.1\r\nHost: a\r\n\r\n"
            + "GET /-/ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    assertThat(raw(two)).contains("done").endsWith("pong");
    assertThat(disconnected.getCount()).isOne();
  }

  @Test
  void stopsAcceptingButFinishesWhatRuns() throws Exception {
    try (Socket socket =
        new Socket(InetAddress.getLoopbackAddress(), listener.address().getPort())) {
      socket
          .getOutputStream()
          .write(
              "GET /api/slow?millis=500 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
                  .getBytes(StandardCharsets.US_ASCII));
      assertThat(asked.await(5, TimeUnit.SECONDS)).isTrue();
      int port = listener.address().getPort();
      listener.stopAccepting();
      assertThat(listener.running()).isOne();
      assertThatThrownBy(() -> new Socket(InetAddress.getLoopbackAddress(), port).close())
          .isInstanceOf(IOException.class);
      assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
          .endsWith("done");
    }
  }

  @Test
  void manyRequestsAtATimeAreAllAnswered() throws Exception {
    List<CompletableFuture<HttpResponse<String>>> answers =
        IntStream.range(0, 300)
            .mapToObj(
                i ->
                    client.sendAsync(
                        to("/api/echo?b=" + i)
                            .POST(HttpRequest.BodyPublishers.ofByteArray(new byte[i]))
                            .build(),
                        HttpResponse.BodyHandlers.ofString()))
            .toList();
    for (int i = 0; i < answers.size(); i++) {
      assertThat(answers.get(i).get().body()).isEqualTo("POST a=[] b=" + i + " body=" + i);
    }
    await(() -> listener.bodyBytes() == 0);
  }

  private String raw(String request) throws IOException {
    try (Socket socket =
        new Socket(InetAddress.getLoopbackAddress(), listener.address().getPort())) {
      socket.setSoTimeout(10_000);
      socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static byte[] expected(int bytes) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    write(out, bytes);
    return out.toByteArray();
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).isLessThan(until);
      Thread.sleep(10);
    }
  }
}
