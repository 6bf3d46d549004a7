package io.varve.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.varve.http.config.ServerConfig;
import io.varve.http.config.ServerConfig.Address;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The endpoints around the queries: syntax, status, administration. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class EndpointsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long T = 1_700_000_400_000L;

  private Path data;
  private Server server;
  private ApiClient client;

  @BeforeAll
  void start(@TempDir Path folder) throws Exception {
    data = folder.resolve("data");
    server = new Server(config(data));
    client = new ApiClient(server.address().getPort());
    // Before the store is there: what is told all the same.
    assertThat(client.data("/api/v1/status/walreplay"))
        .isEqualTo(JSON.readTree("{\"min\":0,\"max\":0,\"current\":0}"));
    assertThat(client.data("/api/v1/notifications").at("/0/text").asText())
        .isEqualTo("Varve is starting and recovering its data.");
    assertThat(client.get("/version").statusCode()).isEqualTo(200);
    assertThat(client.get("/api/v1/features").statusCode()).isEqualTo(503);
    server.recover();
    JsonNode recovered = client.data("/api/v1/status/walreplay");
    assertThat(recovered.get("current")).isEqualTo(recovered.get("max"));
    assertThat(
            client
                .write(
                    new RemoteWriteBody()
                        .sample(T, 1, "__name__", "kept", "a", "b")
                        .sample(T, 2, "__name__", "kept", "a", "c"))
                .statusCode())
        .isEqualTo(204);
  }

  private static ServerConfig config(Path data) {
    return ServerConfig.defaults()
        .withListen(new Address("127.0.0.1", 0))
        .withDataDir(data)
        .withAdminApi(true);
  }

  @AfterAll
  void stop() throws IOException {
    client.close();
    server.close();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          foo/bar                                  | foo / bar
          sum(foo)by(job) # a comment              | sum by (job) (foo)
          {__name__="foo",a="b"}[5m] offset 1h     | {__name__="foo",a="b"}[5m] offset 1h
          1e3                                      | 1000
          """)
  void queriesAreFormatted(String query, String formatted) throws Exception {
    assertThat(client.data("/api/v1/format_query", "query", query).asText()).isEqualTo(formatted);
    HttpResponse<String> posted = client.form("POST", "/api/v1/format_query", "query", query);
    assertThat(JSON.readTree(posted.body()).get("data").asText()).isEqualTo(formatted);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          1e-7                     | {"type":"numberLiteral","val":"0.0000001"}
          "<a>"                    | {"type":"stringLiteral","val":"<a>"}
          -(foo)                   | {"type":"unaryExpr","op":"-","expr":{"type":"parenExpr","expr":{"type":"vectorSelector","name":"foo","offset":0,"matchers":[{"name":"__name__","value":"foo","type":"="}],"timestamp":null,"startOrEnd":null,"anchored":false,"smoothed":false}}}
          foo{a!~"b"}[5m] @ 60     | {"type":"matrixSelector","name":"foo","range":300000,"offset":0,"matchers":[{"name":"a","value":"b","type":"!~"},{"name":"__name__","value":"foo","type":"="}],"timestamp":60000,"startOrEnd":null,"anchored":false,"smoothed":false}
          vector(1)[1h:1m] @ end() offset -1m | {"type":"subquery","expr":{"type":"call","func":{"name":"vector","argTypes":["scalar"],"variadic":0,"returnType":"vector"},"args":[{"type":"numberLiteral","val":"1"}]},"range":3600000,"offset":-60000,"step":60000,"timestamp":null,"startOrEnd":"end"}
          1 > bool 2               | {"type":"binaryExpr","op":">","lhs":{"type":"numberLiteral","val":"1"},"rhs":{"type":"numberLiteral","val":"2"},"matching":null,"bool":true}
          """)
  void queriesAreParsed(String query, String tree) throws Exception {
    assertThat(client.data("/api/v1/parse_query", "query", query)).isEqualTo(JSON.readTree(tree));
  }

  @Test
  void matchingAndGroupingAreTold() throws Exception {
    JsonNode tree =
        client.data("/api/v1/parse_query", "query", "topk by (x) (3, a) * on (j) group_left (k) b");
    assertThat(tree.get("matching"))
        .isEqualTo(
            JSON.readTree(
                """
                {"card":"many-to-one","labels":["j"],"on":true,"include":["k"],
                 "fillValues":{"lhs":null,"rhs":null}}\
                """));
    assertThat(tree.at("/lhs/param/val").asText()).isEqualTo("3");
    assertThat(tree.at("/lhs/grouping").toString()).isEqualTo("[\"x\"]");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          /targets                                    | {"activeTargets":[],"droppedTargets":[],"droppedTargetCounts":{}}
          /targets/metadata?metric=x&limit=1          | []
          /scrape_pools                               | {"scrapePools":[]}
          /alertmanagers                              | {"activeAlertmanagers":[],"droppedAlertmanagers":[]}
          /rules?type=record&group_limit=5            | {"groups":[]}
          /alerts                                     | {"alerts":[]}
          /notifications                              | []
          """)
  void whatIsNotThereIsAnEmptyListAndNoError(String path, String expected) throws Exception {
    assertThat(client.data("/api/v1" + path)).isEqualTo(JSON.readTree(expected));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          format_query                       | invalid parameter "query": unknown position: parse error: no expression found in input
          parse_query?query=up(              | *invalid parameter "query": 1:
          rules?type=x                       | invalid parameter "type": not supported value "x"
          rules?group_limit=0                | invalid parameter "group_limit": group_limit needs to be greater than 0
          rules?group_next_token=a           | *group_limit needs to be present
          rules?group_limit=1&group_next_token=a | *invalid group_next_token
          rules?exclude_alerts=maybe         | *error converting exclude_alerts
          targets/metadata?limit=x           | limit must be a number
          targets/metadata?match_target=up(  | *invalid parameter "match_target": 1:
          targets/relabel_steps              | no scrapePool parameter provided
          targets/relabel_steps?scrapePool=a | no labels parameter provided
          targets/relabel_steps?scrapePool=a&labels=x | *error parsing labels
          scrape_pools/config?scrapePool=a   | error retrieving scrape config: scrape pool "a" not found
          status/self_metrics?metric_name_pattern=( | *invalid parameter "metric_name_pattern"
          """)
  void errorsSayWhatIsWrong(String path, String message) throws Exception {
    HttpResponse<String> response = client.get("/api/v1/" + path);
    assertThat(response.statusCode()).isEqualTo(400);
    JsonNode answer = JSON.readTree(response.body());
    assertThat(answer.get("errorType").asText()).isEqualTo("bad_data");
    if (message.startsWith("*")) {
      assertThat(answer.get("error").asText()).contains(message.substring(1));
    } else {
      assertThat(answer.get("error").asText()).isEqualTo(message);
    }
  }

  @Test
  void theConfigurationIsToldWhole() throws Exception {
    String yaml = client.data("/api/v1/status/config").get("yaml").asText();
    assertThat(yaml).contains("admin_api: true").contains("data_dir: \"" + data + "\"");
    assertThat(client.data("/api/v1/status/flags").get("web.enable-admin-api").asText())
        .isEqualTo("true");
  }

  @Test
  void theServersOwnMetricsAreToldAsJson() throws Exception {
    JsonNode families =
        client.data("/api/v1/status/self_metrics", "metric_name_pattern", "varve_(ready|build.*)");
    assertThat(families).hasSize(2);
    assertThat(families.at("/0/name").asText()).isEqualTo("varve_build_info");
    assertThat(families.at("/1"))
        .isEqualTo(
            JSON.readTree(
                """
                {"name":"varve_ready","help":"1 when all acknowledged data is recovered and can be\
                 asked for, else 0.","type":"GAUGE","metric":[{"label":[],"gauge":{"value":1}}]}\
                """));
    JsonNode histogram =
        client
            .data(
                "/api/v1/status/self_metrics",
                "metric_name_pattern",
                "varve_http_request_duration_seconds")
            .at("/0/metric/0/histogram");
    assertThat(histogram.get("sampleCount").isTextual()).isTrue();
    int last = histogram.get("bucket").size() - 1;
    assertThat(histogram.at("/bucket/" + last + "/upperBound").asText()).isEqualTo("Infinity");
    assertThat(histogram.at("/bucket/" + last + "/cumulativeCount"))
        .isEqualTo(histogram.get("sampleCount"));
  }

  @Test
  void lifecycleIsClosed() throws Exception {
    for (String path : new String[] {"/-/reload", "/-/quit"}) {
      assertThat(client.get(path).statusCode()).isEqualTo(405);
      assertThat(client.get(path).body()).isEqualTo("Only POST or PUT requests allowed\n");
      HttpResponse<String> posted = client.form("POST", path);
      assertThat(posted.statusCode()).isEqualTo(403);
      assertThat(posted.body()).isEqualTo("Lifecycle API is not enabled.\n");
    }
    assertThat(JSON.readTree(client.get("/version").body()).get("version").asText())
        .startsWith("3.");
  }

  @Test
  void seriesAreDeletedCleanedAndBackedUp() throws Exception {
    for (String name : new String[] {"gone", "half"}) {
      RemoteWriteBody body = new RemoteWriteBody();
      for (int i = 0; i < 10; i++) {
        body.sample(T + i * 1_000L, i, "__name__", name);
      }
      assertThat(client.write(body).statusCode()).isEqualTo(204);
    }
    for (String[] arguments :
        new String[][] {
          {"match[]", "gone"},
          {"match[]", "half", "end", "1700000404", "match[]", "none"}
        }) {
      HttpResponse<String> deleted =
          client.form("PUT", "/api/v1/admin/tsdb/delete_series", arguments);
      assertThat(deleted.statusCode()).as(deleted.body()).isEqualTo(204);
      assertThat(deleted.body()).isEmpty();
    }
    String all = "{__name__=~\"gone|half\"}[1h]";
    JsonNode left = client.data("/api/v1/query", "query", all, "time", "1700001000").get("result");
    assertThat(left).hasSize(1);
    assertThat(left.at("/0/values")).hasSize(5);
    assertThat(left.at("/0/values/0/1").asText()).isEqualTo("5");
    HttpResponse<String> cleaned = client.form("POST", "/api/v1/admin/tsdb/clean_tombstones");
    assertThat(cleaned.statusCode()).as(cleaned.body()).isEqualTo(204);
    JsonNode blocks = client.data("/api/v1/status/tsdb/blocks").get("blocks");
    assertThat(blocks).hasSize(1);
    assertThat(blocks.at("/0/ulid").asText()).matches("[0-9A-HJKMNP-TV-Z]{26}");
    assertThat(blocks.at("/0/stats/numSamples").asInt()).isEqualTo(7);
    assertThat(blocks.at("/0/minTime").asLong()).isLessThanOrEqualTo(T);
    assertThat(blocks.at("/0/maxTime").asLong()).isGreaterThan(T);
    RemoteWriteBody later = new RemoteWriteBody().sample(T + 1, 3, "__name__", "kept", "a", "b");
    assertThat(client.write(later).statusCode()).isEqualTo(204);
    assertThat(client.form("POST", "/api/v1/admin/tsdb/merge").statusCode()).isEqualTo(204);
    assertThat(client.data("/api/v1/status/tsdb/blocks").at("/blocks/0/stats/numSamples").asInt())
        .isEqualTo(8);

    HttpResponse<String> made =
        client.form("POST", "/api/v1/admin/tsdb/snapshot", "skip_head", "false");
    String name = JSON.readTree(made.body()).at("/data/name").asText();
    assertThat(name).matches("\\d{8}T\\d{6}Z-[0-9a-f]{16}");
    Path backup = data.resolve("snapshots").resolve(name);
    assertThat(Files.isDirectory(backup)).isTrue();
    try (Server restored = new Server(config(backup))) {
      restored.recover();
      assertThat(restored.damage()).isEmpty();
      try (ApiClient other = new ApiClient(restored.address().getPort())) {
        JsonNode read = other.data("/api/v1/status/walreplay");
        assertThat(read.get("current").asLong()).isPositive().isEqualTo(read.get("max").asLong());
        for (String query : new String[] {all, "kept[1h]"}) {
          assertThat(other.data("/api/v1/query", "query", query, "time", "1700001000"))
              .isEqualTo(client.data("/api/v1/query", "query", query, "time", "1700001000"));
        }
      }
    }
  }

  @Test
  void administrationIsClosedByDefaultAndNeedsSelectors(@TempDir Path folder) throws Exception {
    HttpResponse<String> missing = client.form("POST", "/api/v1/admin/tsdb/delete_series");
    assertThat(missing.statusCode()).isEqualTo(400);
    assertThat(missing.body()).contains("no match[] parameter provided");
    assertThat(client.form("POST", "/api/v1/admin/tsdb/delete_series", "match[]", "{}").body())
        .contains("match[] must contain at least one non-empty matcher");
    assertThat(client.get("/api/v1/admin/tsdb/snapshot").statusCode()).isEqualTo(405);
    try (Server closed = new Server(config(folder.resolve("closed")).withAdminApi(false))) {
      closed.recover();
      try (ApiClient other = new ApiClient(closed.address().getPort())) {
        for (String path :
            new String[] {"delete_series", "clean_tombstones", "merge", "snapshot"}) {
          HttpResponse<String> response =
              other.form("POST", "/api/v1/admin/tsdb/" + path, "match[]", "up");
          assertThat(response.statusCode()).isEqualTo(500);
          assertThat(response.body())
              .isEqualTo(
                  "{\"status\":\"error\",\"errorType\":\"unavailable\","
                      + "\"error\":\"admin APIs disabled\"}");
        }
      }
    }
  }

  @Test
  @SuppressWarnings("try") // the server is closed early, and again
  void notificationsAreStreamed(@TempDir Path folder) throws Exception {
    try (HttpClient http = HttpClient.newHttpClient();
        Server starting = new Server(config(folder.resolve("other")))) {
      HttpRequest request =
          HttpRequest.newBuilder(
                  java.net.URI.create(
                      "http://127.0.0.1:"
                          + starting.address().getPort()
                          + "/api/v1/notifications/live"))
              .build();
      HttpResponse<java.io.InputStream> response =
          http.send(request, HttpResponse.BodyHandlers.ofInputStream());
      assertThat(response.statusCode()).isEqualTo(200);
      assertThat(response.headers().firstValue("Content-Type")).hasValue("text/event-stream");
      try (BufferedReader lines =
          new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
        JsonNode begun = event(lines);
        assertThat(begun.get("text").asText()).contains("starting");
        assertThat(begun.get("active").asBoolean()).isTrue();
        starting.recover();
        JsonNode over = event(lines);
        assertThat(over.get("text")).isEqualTo(begun.get("text"));
        assertThat(over.get("active").asBoolean()).isFalse();
        long begin = System.nanoTime();
        starting.close(); // ends the stream, and does not wait for its client to go
        assertThat(System.nanoTime() - begin).isLessThan(3_000_000_000L);
        assertThat(lines.lines().filter(line -> line.startsWith("data"))).isEmpty();
      }
    }
  }

  private static JsonNode event(BufferedReader lines) throws IOException {
    while (true) {
      String line = lines.readLine();
      if (line.startsWith("data: ")) {
        return JSON.readTree(line.substring(6));
      }
    }
  }
}
