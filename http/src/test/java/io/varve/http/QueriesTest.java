package io.varve.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.varve.http.cli.CommandResult;
import io.varve.http.config.ServerConfig;
import io.varve.http.config.ServerConfig.Address;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** What is said and done about queries besides their answers. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class QueriesTest {
  private static final long T = 1_700_000_400_000L;

  private Server server;
  private ApiClient client;

  @BeforeAll
  void start(@TempDir Path folder) throws Exception {
    server =
        new Server(
            ServerConfig.defaults()
                .withListen(new Address("127.0.0.1", 0))
                .withDataDir(folder.resolve("data"))
                .withAdminApi(true));
    client = new ApiClient(server.address().getPort());
    server.recover();
    RemoteWriteBody body = new RemoteWriteBody();
    for (int i = 0; i < 60; i++) {
      body.sample(T + i * 15_000L, i, "__name__", "up", "job", "a")
          .sample(T + i * 15_000L, 2 * i, "__name__", "up", "job", "b");
    }
    assertThat(client.write(body).statusCode()).isEqualTo(204);
  }

  @AfterAll
  void stop() throws IOException {
    client.close();
    server.close();
  }

  private String url() {
    return "http://127.0.0.1:" + server.address().getPort();
  }

  private static String seconds(long millis) {
    return Double.toString(millis / 1000.0);
  }

  @Test
  void aQueryIsExplained() throws Exception {
    String time = seconds(T + 600_000);
    JsonNode data =
        client.data("/api/v1/query", "query", "sum(rate(up[5m]))", "time", time, "explain", "1");
    JsonNode sum = data.at("/explain/0");
    assertThat(sum.get("node").asText()).isEqualTo("sum");
    assertThat(sum.at("/children/0/node").asText()).isEqualTo("rate over up[5m]");
    assertThat(sum.at("/children/0/selectedSeries").asInt()).isEqualTo(2);
    assertThat(sum.at("/children/0/samples").asInt()).isGreaterThanOrEqualTo(40);
    assertThat(sum.at("/children/0/seconds").asDouble()).isPositive();
    assertThat(client.data("/api/v1/query", "query", "up", "time", time).has("explain")).isFalse();
    HttpResponse<String> refused = client.get("/api/v1/query", "query", "up", "explain", "maybe");
    assertThat(refused.statusCode()).isEqualTo(400);
    assertThat(refused.body()).contains("invalid parameter \\\"explain\\\"");
  }

  @Test
  void theCommandLineAsksAServer() {
    String time = seconds(T + 600_000);
    CommandResult instant = CommandResult.of("query", "up", "--time", time, "--url", url());
    assertThat(instant.out()).isEqualTo("up{job=\"a\"}  40\nup{job=\"b\"}  80\n");
    assertThat(instant.exit()).isZero();
    assertThat(CommandResult.of("query", "1 + 1", "--url", url()).out()).isEqualTo("2\n");
    CommandResult range =
        CommandResult.of(
            "query",
            "sum(up)",
            "--start",
            time,
            "--end",
            seconds(T + 630_000),
            "--step",
            "15s",
            "--url",
            url() + "/");
    assertThat(range.out())
        .isEqualTo(
            """
            {}
              2023-11-14T22:30:00Z  120
              2023-11-14T22:30:15Z  123
              2023-11-14T22:30:30Z  126
            """);
    CommandResult explained =
        CommandResult.of("query", "sum(up)", "--explain", "--time", time, "--url", url());
    assertThat(explained.out().lines().toList())
        .hasSize(5)
        .startsWith("{}  120", "")
        .anyMatch(line -> line.matches("PLAN +SERIES +SELECTED .*"))
        .anyMatch(line -> line.matches("  up +2 +2 .* ms"));
    CommandResult wrong = CommandResult.of("query", "sum(", "--url", url());
    assertThat(wrong.exit()).isEqualTo(1);
    assertThat(wrong.err()).startsWith("varve: bad_data: ");
    assertThat(CommandResult.of("query", "up", "--step", "1m", "--url", url()).exit()).isEqualTo(2);
    assertThat(CommandResult.of("query", "up", "--url", "http://127.0.0.1:1").err())
        .isEqualTo("varve: nothing answers at http://127.0.0.1:1\n");
  }

  /** Takes a part of a second, or some, as the machine is. */
  private static final String SLOW =
      "quantile_over_time(0.5, vector(time() % 977)[1h:1s])"
          + " + quantile_over_time(0.7, vector(time() % 977)[1h:1s])";

  /** Takes so long that the test ends it. */
  private static final String ENDLESS = "(" + SLOW + (" + " + SLOW).repeat(8) + ")";

  /** Takes at least so many seconds on this machine as it is now. */
  private String lasting(double seconds) throws Exception {
    double once = Double.MAX_VALUE;
    for (int i = 0; i < 3; i++) { // it is faster when it is compiled
      long begin = System.nanoTime();
      assertThat(client.send(slow(SLOW, "nocache", "1")).statusCode()).isEqualTo(200);
      once = Math.min(once, (System.nanoTime() - begin) / 1e9);
    }
    int times = (int) Math.clamp(Math.ceil(seconds / once), 1, 40);
    return SLOW + (" + " + SLOW).repeat(times - 1);
  }

  private HttpRequest slow(String expression, String... more) {
    return client
        .to(
            "/api/v1/query_range?"
                + ApiClient.encode(
                    "query",
                    expression,
                    "start",
                    seconds(T),
                    "end",
                    seconds(T + 10_000_000),
                    "step",
                    "1s")
                + (more.length == 0 ? "" : "&" + ApiClient.encode(more)))
        .timeout(Duration.ofSeconds(60))
        .build();
  }

  private JsonNode awaitActive(int queries, int clients) throws Exception {
    JsonNode active = client.data("/api/v1/status/active_queries");
    for (int i = 0; i < 500; i++) {
      active = client.data("/api/v1/status/active_queries");
      int waiting = 0;
      boolean running = true;
      for (JsonNode query : active) {
        waiting += query.get("clients").asInt();
        running &= query.get("state").asText().equals("running");
      }
      if (active.size() == queries && waiting == clients && running) {
        return active;
      }
      Thread.sleep(10);
    }
    throw new AssertionError("not " + queries + " for " + clients + " clients: " + active);
  }

  @Test
  void activeQueriesAreListedAndKilled() throws Exception {
    try (HttpClient other = HttpClient.newHttpClient()) {
      CompletableFuture<HttpResponse<String>> answer =
          other.sendAsync(slow(ENDLESS), HttpResponse.BodyHandlers.ofString());
      JsonNode active = awaitActive(1, 1).get(0);
      assertThat(active.get("query").asText())
          .startsWith("(quantile_over_time(0.5, vector(time() % 977)");
      assertThat(active.get("type").asText()).isEqualTo("range");
      assertThat(active.get("seconds").asDouble()).isPositive();
      assertThat(active.get("start").asDouble()).isEqualTo(T / 1000.0);
      String id = active.get("id").asText();
      String path = "/api/v1/admin/queries/" + id + "/kill";
      assertThat(client.form("POST", path).statusCode()).isEqualTo(204);
      HttpResponse<String> killed = answer.get(20, TimeUnit.SECONDS);
      assertThat(killed.statusCode()).isEqualTo(499);
      assertThat(killed.body()).contains("\"canceled\"").contains("killed by an administrator");
      awaitActive(0, 0);
      assertThat(client.form("POST", path).statusCode()).isEqualTo(404);
      assertThat(client.form("POST", "/api/v1/admin/queries/x/kill").statusCode()).isEqualTo(400);
    }
  }

  @Test
  void topQueriesAreToldByWhatTheyTook() throws Exception {
    for (int i = 0; i < 3; i++) {
      client.data("/api/v1/query", "query", "count ( up{job=~'top|b'} )", "time", seconds(T));
    }
    assertThat(client.get("/api/v1/query", "query", "topk(1, up) + on() up").statusCode())
        .isEqualTo(200);
    JsonNode top = client.data("/api/v1/status/top_queries", "by", "count", "limit", "1000");
    JsonNode mine = MissingNode.getInstance();
    long last = Long.MAX_VALUE;
    for (JsonNode query : top) {
      assertThat(query.get("count").asLong()).isLessThanOrEqualTo(last);
      last = query.get("count").asLong();
      mine = query.get("query").asText().equals("count(up{job=~\"top|b\"})") ? query : mine;
    }
    assertThat(mine.path("count").asInt()).isEqualTo(3);
    assertThat(mine.path("samples").asInt()).isGreaterThanOrEqualTo(3);
    assertThat(mine.path("totalSeconds").asDouble())
        .isGreaterThanOrEqualTo(mine.path("maxSeconds").asDouble());
    assertThat(client.data("/api/v1/status/top_queries", "limit", "1")).hasSize(1);
    assertThat(client.get("/api/v1/status/top_queries", "by", "colour").statusCode())
        .isEqualTo(400);
    HttpResponse<String> another =
        client.send(
            client.to("/api/v1/status/top_queries").header("X-Scope-OrgID", "another").build());
    assertThat(another.body()).contains("\"data\":[]");
  }

  private double shared() throws Exception {
    return client
        .get("/metrics")
        .body()
        .lines()
        .filter(line -> line.startsWith("varve_query_shared_total "))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.indexOf(' ') + 1)))
        .sum();
  }

  @Test
  void identicalQueriesAreComputedOnceWhileAnyoneWaits() throws Exception {
    String query = lasting(4);
    double before = shared();
    try (HttpClient first = HttpClient.newHttpClient();
        HttpClient second = HttpClient.newHttpClient();
        HttpClient third = HttpClient.newHttpClient()) {
      CompletableFuture<HttpResponse<String>> leader =
          first.sendAsync(slow(query), HttpResponse.BodyHandlers.ofString());
      awaitActive(1, 1);
      CompletableFuture<HttpResponse<String>> gone =
          second.sendAsync(
              slow(query.replace(" + ", "  +  ")), HttpResponse.BodyHandlers.ofString());
      awaitActive(1, 2);
      CompletableFuture<HttpResponse<String>> patient =
          third.sendAsync(slow(query), HttpResponse.BodyHandlers.ofString());
      awaitActive(1, 3);
      // Neither the one who waits nor the one who began takes the answer away from the other.
      second.shutdownNow();
      awaitActive(1, 2);
      first.shutdownNow();
      awaitActive(1, 1);
      HttpResponse<String> answer = patient.get(60, TimeUnit.SECONDS);
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
      assertThat(answer.body()).contains("\"resultType\":\"matrix\"");
      assertThat(leader).isCompletedExceptionally();
      assertThat(gone).isCompletedExceptionally();
      awaitActive(0, 0);
      assertThat(shared()).isEqualTo(before + 1);
    }
  }

  @Test
  void everybodyWaitsAsLongAsHeAskedFor() throws Exception {
    String query = lasting(4) + " + 0"; // no other test's
    try (HttpClient first = HttpClient.newHttpClient();
        HttpClient second = HttpClient.newHttpClient();
        HttpClient third = HttpClient.newHttpClient()) {
      double before = shared();
      CompletableFuture<HttpResponse<String>> hasty =
          first.sendAsync(slow(query, "timeout", "1s"), HttpResponse.BodyHandlers.ofString());
      awaitActive(1, 1);
      CompletableFuture<HttpResponse<String>> patient =
          second.sendAsync(slow(query), HttpResponse.BodyHandlers.ofString());
      awaitActive(1, 2);
      CompletableFuture<HttpResponse<String>> hastier =
          third.sendAsync(slow(query, "timeout", "200ms"), HttpResponse.BodyHandlers.ofString());
      // Neither that of the first nor that of the last ends the work for the one between.
      for (CompletableFuture<HttpResponse<String>> late : List.of(hastier, hasty)) {
        HttpResponse<String> answer = late.get(20, TimeUnit.SECONDS);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(503);
        assertThat(answer.body())
            .isEqualTo(
                "{\"status\":\"error\",\"errorType\":\"timeout\",\"error\":\"query timed out in"
                    + " expression evaluation\"}");
        assertThat(patient).isNotDone();
      }
      awaitActive(1, 1);
      HttpResponse<String> answer = patient.get(60, TimeUnit.SECONDS);
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
      assertThat(shared()).isEqualTo(before + 1);
      awaitActive(0, 0);
    }
  }

  @Test
  void theWorkEndsWhenTheTimeOfAllIsOver() throws Exception {
    HttpResponse<String> answer = client.send(slow(ENDLESS, "timeout", "300ms"));
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(503);
    awaitActive(0, 0);
  }

  @Test
  void killingAQueryEndsItForAllWhoWait() throws Exception {
    try (HttpClient first = HttpClient.newHttpClient();
        HttpClient second = HttpClient.newHttpClient()) {
      CompletableFuture<HttpResponse<String>> one =
          first.sendAsync(slow(ENDLESS), HttpResponse.BodyHandlers.ofString());
      awaitActive(1, 1);
      CompletableFuture<HttpResponse<String>> two =
          second.sendAsync(slow(ENDLESS, "timeout", "50s"), HttpResponse.BodyHandlers.ofString());
      String id = awaitActive(1, 2).get(0).get("id").asText();
      assertThat(client.form("POST", "/api/v1/admin/queries/" + id + "/kill").statusCode())
          .isEqualTo(204);
      for (CompletableFuture<HttpResponse<String>> killed : List.of(one, two)) {
        assertThat(killed.get(20, TimeUnit.SECONDS).statusCode()).isEqualTo(499);
        assertThat(killed.join().body()).contains("killed by an administrator");
      }
      awaitActive(0, 0);
    }
  }

  @Test
  void whatIsAskedAfterAWriteIsNotAnsweredFromBeforeIt() throws Exception {
    try (HttpClient first = HttpClient.newHttpClient();
        HttpClient second = HttpClient.newHttpClient()) {
      CompletableFuture<HttpResponse<String>> one =
          first.sendAsync(slow(ENDLESS), HttpResponse.BodyHandlers.ofString());
      awaitActive(1, 1);
      RemoteWriteBody body = new RemoteWriteBody().sample(T, 7, "__name__", "elsewhere");
      assertThat(client.write(body).statusCode()).isEqualTo(204);
      CompletableFuture<HttpResponse<String>> two =
          second.sendAsync(slow(ENDLESS), HttpResponse.BodyHandlers.ofString());
      awaitActive(2, 2);
      first.shutdownNow();
      second.shutdownNow();
      awaitActive(0, 0);
      assertThat(one).isCompletedExceptionally();
      assertThat(two).isCompletedExceptionally();
    }
  }

  private double cacheHits() throws Exception {
    return client
        .get("/metrics")
        .body()
        .lines()
        .filter(line -> line.startsWith("varve_query_cache_hits_total "))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.indexOf(' ') + 1)))
        .sum();
  }

  @Test
  void rangeQueriesReuseStepsUnlessToldNotTo() throws Exception {
    String[] question = {
      "query", "sum(up) + 1", "start", seconds(T), "end", seconds(T + 600_000), "step", "15s"
    };
    JsonNode first = client.data("/api/v1/query_range", question);
    double before = cacheHits();
    assertThat(client.data("/api/v1/query_range", question)).isEqualTo(first);
    assertThat(cacheHits()).isEqualTo(before + 41);
    for (String past : new String[] {"nocache", "explain", "stats"}) {
      String[] more = Arrays.copyOf(question, question.length + 2);
      more[question.length] = past;
      more[question.length + 1] = "true";
      JsonNode fresh = client.data("/api/v1/query_range", more);
      assertThat(fresh.get("result")).isEqualTo(first.get("result"));
      assertThat(cacheHits()).as(past).isEqualTo(before + 41);
    }
    // A late sample is seen by the very next query.
    RemoteWriteBody late = new RemoteWriteBody().sample(T + 1, 1000, "__name__", "up", "job", "c");
    assertThat(client.write(late).statusCode()).isEqualTo(204);
    assertThat(client.data("/api/v1/query_range", question)).isNotEqualTo(first);
    RemoteWriteBody stale =
        new RemoteWriteBody()
            .sample(
                T + 2, Double.longBitsToDouble(0x7ff0000000000002L), "__name__", "up", "job", "c");
    assertThat(client.write(stale).statusCode()).isEqualTo(204);
    assertThat(client.data("/api/v1/query_range", question)).isEqualTo(first);
  }
}
