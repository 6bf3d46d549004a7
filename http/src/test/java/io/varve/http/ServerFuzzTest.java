package io.varve.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.varve.engine.FuzzTime;
import io.varve.engine.Seeds;
import io.varve.engine.model.Labels;
import io.varve.http.WireMessage.Request2;
import io.varve.http.config.ServerConfig;
import io.varve.http.config.ServerConfig.Address;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.xerial.snappy.Snappy;

/**
 * Whatever a running server is sent: it answers soon, never with a 500, what it calls JSON is JSON
 * of the documented form, and a good query is answered afterwards as before. With {@code
 * -Dvarve.fuzz.seconds=N} the random part goes on for so long.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ServerFuzzTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long S = 1_700_000_400L;
  private static final int ANSWER_MILLIS = 15_000;
  private static final double USUAL_SECONDS = 9;
  private static final String SAFE = "safe";
  private static final String V2 = "application/x-protobuf;proto=io.prometheus.write.v2.Request";

  private static final String[] GETS = {
    "/api/v1/query",
    "/api/v1/query_range",
    "/api/v1/query_exemplars",
    "/api/v1/format_query",
    "/api/v1/parse_query",
    "/api/v1/labels",
    "/api/v1/label/__name__/values",
    "/api/v1/label/U__a_2e_b/values",
    "/api/v1/series",
    "/api/v1/metadata",
    "/api/v1/rules",
    "/api/v1/alerts",
    "/api/v1/alertmanagers",
    "/api/v1/targets",
    "/api/v1/targets/metadata",
    "/api/v1/targets/relabel_steps",
    "/api/v1/scrape_pools",
    "/api/v1/scrape_pools/config",
    "/api/v1/status/buildinfo",
    "/api/v1/status/config",
    "/api/v1/status/flags",
    "/api/v1/status/runtimeinfo",
    "/api/v1/status/metrics",
    "/api/v1/status/tsdb",
    "/api/v1/status/tsdb/blocks",
    "/api/v1/status/retention",
    "/api/v1/status/retention/explain",
    "/api/v1/status/retention/plan",
    "/api/v1/status/walreplay",
    "/api/v1/status/self_metrics",
    "/api/v1/features",
    "/api/v1/notifications",
    "/api/v1/openapi.yaml",
    "/api/v1/notifications/live",
    "/federate",
    "/-/healthy",
    "/-/ready",
    "/-/reload",
    "/metrics",
    "/version",
    "/",
  };

  private static final String[] FORMS = {
    "/api/v1/query",
    "/api/v1/query_range",
    "/api/v1/query_exemplars",
    "/api/v1/format_query",
    "/api/v1/parse_query",
    "/api/v1/labels",
    "/api/v1/series",
    "/api/v1/status/retention/explain",
    "/api/v1/status/retention/plan",
    "/api/v1/admin/tsdb/delete_series",
    "/api/v1/admin/deletes",
    "/api/v1/admin/correct",
  };

  private static final String[] NAMES = {
    "query",
    "time",
    "start",
    "end",
    "step",
    "timeout",
    "limit",
    "lookback_delta",
    "stats",
    "match[]",
    "config",
    "metric",
    "limit_per_metric",
    "type",
    "rule_name[]",
    "rule_group[]",
    "file[]",
    "group_limit",
    "group_next_token",
    "exclude_alerts",
    "match_target",
    "scrapePool",
    "labels",
    "state",
    "metric_name_pattern",
    "skip_head",
    "search[]",
    "label",
    "fuzz_threshold",
    "fuzz_alg",
    "include_score",
    "sort_dir",
    "sort_by",
    "batch_size",
    "openapi_version",
    "explain",
  };

  private static final String[] QUERIES = {
    "temp",
    "rate(temp[5m])",
    "sum by (room) (rate(temp[5m:1m] offset 1h)) / on () group_left () vector(1)",
    "histogram_quantile(0.9, h)",
    "topk(5, temp) or -temp ^ 2",
    "label_replace(temp, 'a', '$1', 'room', '(.*)')",
    "quantile_over_time(0.5, temp[1000000h:1ms])",
    "max_over_time(sum(temp)[1000y:1s])",
    "sort_desc(temp @ 1e300)",
    "temp offset 1000000000y",
    "temp[292277025y]",
    "{__name__=~\".+\"}",
    "{__name__=~\"(a|b|ab)*c\"}",
    "temp{room=~\"((((a{1,1000}){1,1000}){1,1000})\"}",
    "predict_linear(temp[5m], 1e308)",
    "holt_winters(temp[5m], 2, 2)",
    "count_values(\"\\xff\", temp)",
    "time() % 0",
    "vector(NaN) == bool 1 / 0",
    "\"\\u0000\"",
    "round(temp, -0)",
    "clamp(temp, Inf, -Inf)",
    "day_of_month(vector(1e300))",
    "temp * on (nothing) group_left (room) temp",
    "group(temp) by (\"\")",
    "absent(temp{room=\"\"})",
    "info(temp)",
    "scalar(temp) < bool scalar(h)",
    "(temp)[5m:]",
    "temp[5m:1ns]",
    "timestamp(timestamp(temp))",
    "histogram_fraction(-Inf, Inf, h) + histogram_stddev(h)",
    "double_exponential_smoothing(temp[5m], 0.5, 0.5)",
  };

  private static final String[] VALUES = {
    "",
    "0",
    "1",
    "-1",
    "1700000400",
    "1700000460.123",
    "15",
    "5m",
    "1e308",
    "-1e308",
    "NaN",
    "Inf",
    "-Inf",
    "0x1p1000",
    "1e-400",
    "9223372036854775807",
    "-9223372036854775808",
    "99999999999999999999999999999999999999",
    "2023-11-14T22:20:00Z",
    "2023-99-99T99:99:99Z",
    "+999999999-12-31T23:59:59Z",
    "292277025-08-18T07:12:54.999999999Z",
    "-292273086-05-16T16:47:06Z",
    "1y1y",
    "999999999999999999y",
    "1ms",
    "true",
    "all",
    "any",
    "{}",
    "{\"a\":\"b\"}",
    "{\"a\":{\"a\":[[[[[",
    "[1,2]",
    "null",
    "(",
    ")(",
    ".*",
    "(?i)(?:a?){500}a{500}",
    "[[:foo:]]",
    "\\",
    "\uD83D\uDE00",
    "a\u0000b",
    "'; drop table",
    "../../../../etc/passwd",
  };

  private static final String[] PIECES = {
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "=",
    "!=",
    "=~",
    "!~",
    "+",
    "-",
    "*",
    "/",
    "%",
    "^",
    "@",
    "5m",
    "1e400",
    "offset",
    "by",
    "on",
    "bool",
    "temp",
    "sum",
    "rate",
    "'",
    "\"",
    "`",
    "\\",
    "#",
    "\n",
    "\u0000",
    "\uFFFF",
    "ä",
    "start()",
    "inf",
    "0x",
    "1_",
    "..",
    "$",
    "[5m:",
    "__name__",
  };

  private Server server;
  private ApiClient client;
  private RawHttp raw;
  private JsonNode good;

  @BeforeAll
  void start(@TempDir Path folder) throws Exception {
    Path settings = folder.resolve("varve.yaml");
    Files.writeString(
        settings,
        """
        query:
          timeout: 2s
          max_samples: 2000000
          max_bytes: 64MiB
          features:
            promql-experimental-functions: true
            promql-extended-range-selectors: true
            promql-binop-fill-modifiers: true
            search-api: true
            promql-per-step-stats: true
        http:
          admin_api: true
        """);
    server =
        new Server(
            ServerConfig.load(settings)
                .withListen(new Address("127.0.0.1", 0))
                .withDataDir(folder.resolve("data")));
    server.recover();
    client = new ApiClient(server.address().getPort());
    raw = new RawHttp(server.address().getPort(), ANSWER_MILLIS);
    for (String tenant : new String[] {"", SAFE}) {
      RemoteWriteBody body = new RemoteWriteBody();
      for (int i = 0; i < 40; i++) {
        for (String room : new String[] {"a", "b", "c"}) {
          body.sample(
              (S + 15L * i) * 1_000, i, "__name__", "temp", "room", room, "a.b", "x" + i % 2);
        }
      }
      body.exemplar(S * 1_000, 1, "trace_id", "1").metadata(1, "temp", "help", "unit");
      byte[] head = head("POST", "/api/v1/write", body.compressed(), "X-Scope-OrgID: " + tenant);
      assertThat(raw.send(head, false).status()).isEqualTo(204);
    }
    good = goodAnswer();
    assertThat(good).hasSize(1);
  }

  @AfterAll
  void stop() throws IOException {
    client.close();
    server.close();
  }

  private JsonNode goodAnswer() throws Exception {
    var response =
        client.send(
            client
                .to("/api/v1/query?query=sum(rate(temp%5B5m%5D))&time=" + (S + 300))
                .header("X-Scope-OrgID", SAFE)
                .build());
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return JSON.readTree(response.body()).at("/data/result");
  }

  // What is known to be hard

  @Test
  void deepHugeAndAbsurdQueriesAreRefusedInWords() throws Exception {
    int deep = 200_000;
    List<String> queries =
        List.of(
            "(".repeat(deep) + "1" + ")".repeat(deep),
            "-".repeat(deep) + "1",
            "1" + "+1".repeat(deep),
            "1" + "^1".repeat(deep),
            "abs(".repeat(deep),
            "sum by (a) (".repeat(deep),
            "temp" + "[1m:1s]".repeat(deep),
            "temp" + " or temp".repeat(deep),
            "temp{a=~\"" + "(".repeat(deep) + ")".repeat(deep) + "\"}",
            "temp{a=~\"" + "(a{1000}){1000}".repeat(20) + "\"}",
            "temp{a=~\"" + "a|".repeat(deep) + "\"}",
            "temp{a=~\"(" + "a*".repeat(1_000) + ")*b\"}",
            "{" + "a=\"b\",".repeat(deep) + "}",
            "temp[" + "(".repeat(deep) + "5m",
            "\"" + "x".repeat(9_000_000),
            "x".repeat(9_000_000),
            "# " + "x".repeat(9_000_000),
            " ".repeat(9_000_000) + "1",
            "1".repeat(9_000_000),
            "sum by (" + "a,".repeat(deep) + "a) (temp)",
            "label_join(temp, 'x', ','" + ", 'room'".repeat(deep) + ")");
    for (String query : queries) {
      for (String path :
          new String[] {"query", "query_range", "parse_query", "format_query", "query_exemplars"}) {
        String form = ApiClient.encode("query", query, "start", "0", "end", "100", "step", "1");
        RawHttp.Answer answer =
            raw.send(form("/api/v1/" + path, form.getBytes(StandardCharsets.UTF_8)), false);
        String what = path + " " + query.substring(0, Math.min(40, query.length()));
        assertThat(answer.status()).as(what + ": " + answer).isIn(200, 400, 413, 422, 503);
      }
      String form = ApiClient.encode("match[]", query);
      RawHttp.Answer answer =
          raw.send(form("/api/v1/series", form.getBytes(StandardCharsets.UTF_8)), false);
      assertThat(answer.status()).isIn(200, 400, 413, 422, 503);
    }
    assertThat(goodAnswer()).isEqualTo(good);
  }

  @Test
  void moreThanAFormMayHoldIsRefused() throws Exception {
    byte[] form = new byte[(10 << 20) + 1];
    Arrays.fill(form, (byte) 'x');
    assertThat(raw.send(form("/api/v1/query", form), false).status()).isEqualTo(413);
    byte[] pairs = "a=b&".repeat(2_500_000).getBytes(StandardCharsets.UTF_8);
    assertThat(raw.send(form("/api/v1/query", pairs), false).status()).isEqualTo(400);
    byte[] matchers = "match[]=up&".repeat(900_000).getBytes(StandardCharsets.UTF_8);
    assertThat(raw.send(form("/api/v1/series", matchers), false).status()).isIn(400, 422, 503);
    assertThat(goodAnswer()).isEqualTo(good);
  }

  @Test
  void expressionsThatTakeLongToCompileAreRefused() throws Exception {
    String slow = "[a-c]x?".repeat(2_000);
    String encoded = ApiClient.encode("", slow.repeat(30)).substring(1);
    List<byte[]> requests = new ArrayList<>();
    requests.add(get("/api/v1/status/self_metrics?metric_name_pattern=" + encoded));
    requests.add(get("/federate?match[]=%7Ba%3D~%22" + encoded + "%22%7D"));
    String selectors = (ApiClient.encode("match[]", "{a=~\"" + slow + "\"}") + "&").repeat(200);
    requests.add(form("/api/v1/series", selectors.getBytes(StandardCharsets.UTF_8)));
    WireMessage read = new WireMessage();
    for (int i = 0; i < 100; i++) {
      WireMessage matcher = new WireMessage().varint(1, 2).text(2, "a").text(3, slow + i);
      read.nested(1, new WireMessage().varint(2, S * 1_000).nested(3, matcher));
    }
    String headers = "Content-Type: application/x-protobuf\r\nContent-Encoding: snappy";
    requests.add(head("POST", "/api/v1/read", read.compressed(), headers));
    for (byte[] request : requests) {
      long begin = System.nanoTime();
      RawHttp.Answer answer = raw.send(request, false);
      assertThat(answer.status()).as(shown(request) + answer).isEqualTo(400);
      assertThat(answer.toString()).contains("expression too large");
      assertThat(System.nanoTime() - begin).isLessThan(5_000_000_000L);
    }
    assertThat(goodAnswer()).isEqualTo(good);
  }

  private static byte[] get(String pathAndQuery) {
    return head("GET", pathAndQuery, new byte[0], "");
  }

  @Test
  void requestsThatAreNoHttpAreTurnedAway() throws Exception {
    String get = "GET /api/v1/query?query=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
    List<String> requests =
        List.of(
            "",
            "\r\n\r\n\r\n",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "GET\r\n\r\n",
            "GET / HTTP/9.9\r\n\r\n",
            "GET http://[::1/ HTTP/1.1\r\nHost: x\r\n\r\n",
            "CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
            "TRACE /api/v1/query HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            get + "X: " + "x".repeat(1_000_000) + "\r\n\r\n",
            get + "X: y\r\n".repeat(100_000) + "\r\n",
            get + "Accept-Encoding: " + "gzip;q=0,".repeat(2_000) + "\r\n\r\n",
            get + "Content-Length: 99999999999999999999\r\n\r\n",
            get + "Content-Length: -1\r\n\r\n",
            get + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nFFFFFFFFFFFFFFFF\r\n",
            "POST /api/v1/query HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "POST /api/v1/query HTTP/1.1\r\n"
                + "Host: x\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n"
                + "7fffffff\r\n"
                + "x",
            "POST /api/v1/query HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nquery=1",
            "POST /api/v1/write HTTP/1.1\r\nHost: x\r\nContent-Length: 33554432\r\n\r\nx",
            get + "Expect: nonsense\r\n\r\n",
            get + "Upgrade: websocket\r\nX-Scope-OrgID: \u0001\u00ff/../\r\n\r\n",
            "GET /" + "a/".repeat(100_000) + " HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET /api/v1/query?"
                + "%".repeat(1_000)
                + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            "GET /api/v1/label/%FF%00/values HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    for (String request : requests) {
      RawHttp.Answer answer = raw.send(request.getBytes(StandardCharsets.ISO_8859_1), true);
      String what = request.substring(0, Math.min(80, request.length()));
      assertThat(answer.status()).as(what + ": " + answer).matches(ServerFuzzTest::isFine);
    }
    assertThat(goodAnswer()).isEqualTo(good);
  }

  /** No answer at all is one too for what is no request. */
  private static boolean isFine(int status) {
    return status < 500 || status == 503 || status == 501 || status == 505;
  }

  // Random requests

  @Test
  void whateverIsSentTheServerAnswersAndStaysWell() throws Exception {
    long seed = Seeds.usual(1);
    SplittableRandom random = new SplittableRandom(seed);
    long end = System.nanoTime() + FuzzTime.nanos(USUAL_SECONDS);
    Set<Integer> met = new HashSet<>();
    int requests = 0;
    while (System.nanoTime() < end) {
      SplittableRandom own = random.split();
      int kind = own.nextInt(10);
      boolean whole = kind < 7;
      byte[] request =
          switch (kind) {
            case 0, 1, 2 -> get(own);
            case 3, 4 -> formOrNot(own);
            case 5 -> body(own, "/api/v1/write", writeBody(own));
            case 6 -> body(own, "/api/v1/read", readBody(own));
            case 7 -> mutated(own, own.nextBoolean() ? get(own) : formOrNot(own));
            case 8 -> mutated(own, body(own, "/api/v1/write", writeBody(own)));
            default -> bytes(own, own.nextInt(2_000));
          };
      String what = "seed " + seed + " request " + requests + " " + shown(request);
      long begin = System.nanoTime();
      RawHttp.Answer answer;
      try {
        answer = raw.send(request, !whole);
      } catch (IOException e) {
        throw new AssertionError(what + ": no answer in time", e);
      }
      met.add(answer.status());
      if (whole) {
        assertThat(answer.status()).as(what + ": " + answer).isBetween(200, 503);
      }
      assertThat(answer.status()).as(what + ": " + answer).matches(ServerFuzzTest::isFine);
      checkForm(what, answer);
      assertThat(System.nanoTime() - begin).as(what).isLessThan(ANSWER_MILLIS * 1_000_000L);
      if (++requests % 100 == 0) {
        assertThat(goodAnswer()).as(what).isEqualTo(good);
      }
    }
    assertThat(goodAnswer()).as("after seed %d", seed).isEqualTo(good);
    assertThat(met).as("seed %d: not all of one kind", seed).contains(200, 204, 400, 415);
    System.out.println("ServerFuzzTest: " + requests + " requests, statuses " + met);
  }

  /** A JSON answer that is not compressed is of the documented form. */
  private static void checkForm(String what, RawHttp.Answer answer) throws IOException {
    String head = answer.head().toLowerCase(Locale.ROOT);
    if (!head.contains("application/json")
        || head.contains("content-encoding")
        || head.contains("chunked")) {
      return;
    }
    JsonNode json = JSON.readTree(answer.body());
    if (json.has("status")) {
      boolean success = json.get("status").asText().equals("success");
      assertThat(success).as(what).isEqualTo(answer.status() == 200);
      assertThat(json.has("errorType") && json.has("error")).as(what).isEqualTo(!success);
    }
  }

  private static String shown(byte[] request) {
    String text = new String(request, 0, Math.min(request.length, 600), StandardCharsets.UTF_8);
    return text.replace("\r\n", "⏎");
  }

  private static <T> T one(SplittableRandom random, T[] of) {
    return of[random.nextInt(of.length)];
  }

  private static byte[] bytes(SplittableRandom random, int n) {
    byte[] bytes = new byte[n];
    random.nextBytes(bytes);
    return bytes;
  }

  private static byte[] get(SplittableRandom random) {
    String path = one(random, GETS);
    if (random.nextInt(10) == 0) {
      path = "/api/v1/label/" + parameter(random) + "/values";
    }
    String method =
        random.nextInt(20) == 0
            ? one(random, new String[] {"HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"})
            : "GET";
    String query = parameters(random);
    return head(method, path + (query.isEmpty() ? "" : "?" + query), new byte[0], headers(random));
  }

  private static byte[] formOrNot(SplittableRandom random) {
    byte[] body = parameters(random).getBytes(StandardCharsets.UTF_8);
    if (random.nextInt(4) == 0) {
      body = mutated(random, body);
    }
    String type =
        random.nextInt(4) > 0
            ? "application/x-www-form-urlencoded"
            : one(
                random,
                new String[] {
                  "multipart/form-data; boundary=x", "text/plain", "", ";;;", "application/json"
                });
    return head(
        "POST", one(random, FORMS), body, "Content-Type: " + type + "\r\n" + headers(random));
  }

  private static String parameters(SplittableRandom random) {
    List<String> pairs = new ArrayList<>();
    if (random.nextBoolean()) {
      pairs.add("query=" + ApiClient.encode("", query(random)).substring(1));
    }
    if (random.nextBoolean()) {
      pairs.add("match[]=" + ApiClient.encode("", query(random)).substring(1));
    }
    if (random.nextBoolean()) {
      pairs.add("start=1700000400&end=1700000700&step=15&time=1700000500");
    }
    for (int n = random.nextInt(4); n > 0; n--) {
      pairs.add(one(random, NAMES) + "=" + parameter(random));
    }
    return String.join("&", pairs);
  }

  private static String parameter(SplittableRandom random) {
    return switch (random.nextInt(8)) {
      case 0 -> "%" + one(random, new String[] {"", "0", "zz", "FF", "00", "C0%80", "ED%A0%80"});
      case 1 -> ApiClient.encode("", query(random)).substring(1);
      default -> ApiClient.encode("", one(random, VALUES)).substring(1);
    };
  }

  private static String query(SplittableRandom random) {
    StringBuilder query = new StringBuilder(one(random, QUERIES));
    for (int n = random.nextInt(3); n > 0; n--) {
      int at = random.nextInt(query.length() + 1);
      switch (random.nextInt(4)) {
        case 0 -> query.insert(at, one(random, PIECES));
        case 1 -> query.delete(at, Math.min(query.length(), at + random.nextInt(1, 5)));
        case 2 -> query.insert(at, one(random, QUERIES));
        default -> query.insert(at, one(random, PIECES).repeat(random.nextInt(300)));
      }
    }
    return query.toString();
  }

  private static String headers(SplittableRandom random) {
    StringBuilder headers = new StringBuilder();
    for (int n = random.nextInt(3); n > 0; n--) {
      String name =
          one(
              random,
              new String[] {
                "Accept",
                "Accept-Encoding",
                "Origin",
                "X-Scope-OrgID",
                "Content-Encoding",
                "If-None-Match",
                "Range",
                "Cookie",
                "X-" + "y".repeat(50)
              });
      String value =
          switch (random.nextInt(4)) {
            case 0 ->
                one(
                    random,
                    new String[] {
                      "gzip",
                      "deflate",
                      "br",
                      "*/*",
                      "text/plain;version=1.0.0;escaping=allow-utf-8",
                      "application/json;q=x",
                      "snappy"
                    });
            case 1 -> "a".repeat(random.nextInt(300));
            case 2 -> ";,=\"\\" + (char) random.nextInt(0x80, 0x100);
            default -> "http://evil.example";
          };
      // Only the one tenant and those that nobody has: the good query's data are not touched.
      headers.append(name).append(": ").append(value).append("\r\n");
    }
    return headers.toString();
  }

  private static byte[] writeBody(SplittableRandom random) throws IOException {
    long time = S * 1_000 + random.nextInt(1_000_000);
    byte[] message;
    if (random.nextBoolean()) {
      message = WireMessage.request1(Labels.of("__name__", "w", "a", "b"), time, 1).toByteArray();
    } else {
      Request2 request = new Request2().sample(time, 1, "__name__", "w", "a", "b");
      WireMessage histogram =
          new WireMessage()
              .varint(1, 2)
              .bits(3, 1)
              .nested(11, WireMessage.span(random.nextInt(), random.nextInt(5)))
              .packedZigzag(12, 1, random.nextInt())
              .varint(15, time);
      request.series(
          request.refs("__name__", "h"),
          new WireMessage()
              .nested(3, histogram)
              .nested(4, WireMessage.exemplar(time, 1, random.nextInt(9)))
              .nested(5, WireMessage.metadata(random.nextInt(9), random.nextInt(9), 0)));
      message = request.build().toByteArray();
    }
    if (random.nextInt(3) > 0) {
      message = mutated(random, message);
    }
    byte[] compressed = Snappy.compress(message);
    return random.nextInt(4) == 0 ? mutated(random, compressed) : compressed;
  }

  private static byte[] readBody(SplittableRandom random) throws IOException {
    WireMessage matcher =
        new WireMessage()
            .varint(1, random.nextInt(5))
            .text(2, "__name__")
            .text(3, random.nextBoolean() ? "temp" : one(random, VALUES));
    WireMessage query =
        new WireMessage()
            .varint(1, random.nextBoolean() ? S * 1_000 : random.nextLong())
            .varint(2, random.nextBoolean() ? (S + 600) * 1_000 : random.nextLong())
            .nested(3, matcher);
    WireMessage request = new WireMessage().nested(1, query).varint(2, random.nextInt(3));
    byte[] message = request.toByteArray();
    if (random.nextInt(3) == 0) {
      message = mutated(random, message);
    }
    byte[] compressed = Snappy.compress(message);
    return random.nextInt(4) == 0 ? mutated(random, compressed) : compressed;
  }

  private static byte[] body(SplittableRandom random, String path, byte[] body) {
    String type =
        random.nextInt(4) > 0
            ? random.nextBoolean() ? V2 : "application/x-protobuf"
            : one(
                random,
                new String[] {
                  "",
                  "application/json",
                  "application/x-protobuf;proto",
                  "application/x-protobuf;proto=x;=;",
                  "\u00ff",
                  ";".repeat(500)
                });
    String encoding =
        random.nextInt(5) > 0
            ? "snappy"
            : one(random, new String[] {"gzip", "", "snappy, gzip", "x"});
    return head("POST", path, body, "Content-Type: " + type + "\r\nContent-Encoding: " + encoding);
  }

  private static byte[] mutated(SplittableRandom random, byte[] bytes) {
    if (bytes.length == 0) {
      return bytes(random, random.nextInt(20));
    }
    byte[] bad = bytes.clone();
    for (int n = random.nextInt(1, 6); n > 0; n--) {
      int at = random.nextInt(bad.length);
      switch (random.nextInt(5)) {
        case 0 -> bad[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> bad[at] = (byte) random.nextInt();
        case 2 -> bad = Arrays.copyOf(bad, Math.max(1, at));
        case 3 -> {
          int from = random.nextInt(bad.length);
          int n2 = Math.min(random.nextInt(30), bad.length - Math.max(at, from));
          System.arraycopy(bad, from, bad, at, n2);
        }
        default -> {
          byte[] longer = new byte[bad.length + 8];
          System.arraycopy(bad, 0, longer, 0, at);
          System.arraycopy(bytes(random, 8), 0, longer, at, 8);
          System.arraycopy(bad, at, longer, at + 8, bad.length - at);
          bad = longer;
        }
      }
    }
    return bad;
  }

  private static byte[] form(String path, byte[] form) {
    return head("POST", path, form, "Content-Type: application/x-www-form-urlencoded");
  }

  /** A request with a body and further header lines. */
  private static byte[] head(String method, String path, byte[] body, String headers) {
    String more = headers.isEmpty() || headers.endsWith("\r\n") ? headers : headers + "\r\n";
    String head =
        method
            + " "
            + path
            + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: "
            + body.length
            + "\r\n"
            + more
            + "\r\n";
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(head.getBytes(StandardCharsets.ISO_8859_1));
    out.writeBytes(body);
    return out.toByteArray();
  }
}
