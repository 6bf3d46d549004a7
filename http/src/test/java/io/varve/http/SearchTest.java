package io.varve.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.http.config.ServerConfig;
import io.varve.http.config.ServerConfig.Address;
import io.varve.query.Feature;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The endpoints of the feature {@code search-api}, to the letter. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class SearchTest {
  private static final String DONE = "{\"status\":\"success\",\"has_more\":false}\n";
  private static final String MORE = "{\"status\":\"success\",\"has_more\":true}\n";

  private Server server;
  private ApiClient client;

  @BeforeAll
  void start(@TempDir Path folder) throws Exception {
    server =
        new Server(
            ServerConfig.defaults()
                .withListen(new Address("127.0.0.1", 0))
                .withFeatures(Set.of(Feature.SEARCH_API))
                .withDataDir(folder.resolve("data")));
    server.recover();
    client = new ApiClient(server.address().getPort());
    long now = System.currentTimeMillis() - 10_000;
    RemoteWriteBody body = new RemoteWriteBody();
    for (String name :
        new String[] {
          "go_gc_duration_seconds", "go_gc_heap_goal_bytes", "go_goroutines", "cpu_seconds_total"
        }) {
      body.sample(now, 1, "__name__", name, "instance", "localhost:9090", "job", "prometheus");
    }
    body.sample(now, 1, "__name__", "up", "instance", "localhost:9090", "job", "prometheus")
        .sample(now, 1, "__name__", "up", "instance", "localhost:9091", "job", "node")
        .metadata(2, "go_goroutines", "How <many>.", "")
        .metadata(1, "cpu_seconds_total", "CPU time.", "seconds");
    assertThat(client.write(body).statusCode()).isEqualTo(204);
  }

  @AfterAll
  void stop() throws Exception {
    client.close();
    server.close();
  }

  private String search(String what, String... arguments) throws Exception {
    HttpResponse<String> got = client.get("/api/v1/search/" + what, arguments);
    assertThat(got.statusCode()).as(got.body()).isEqualTo(200);
    assertThat(got.headers().firstValue("Content-Type"))
        .hasValue("application/x-ndjson; charset=utf-8");
    HttpResponse<String> posted = client.form("POST", "/api/v1/search/" + what, arguments);
    assertThat(posted.body()).isEqualTo(got.body());
    return got.body();
  }

  @Test
  void withoutTermsEverythingIsTold() throws Exception {
    assertThat(search("metric_names"))
        .isEqualTo(
            "{\"results\":[{\"name\":\"cpu_seconds_total\"},{\"name\":\"go_gc_duration_seconds\"},"
                + "{\"name\":\"go_gc_heap_goal_bytes\"},{\"name\":\"go_goroutines\"},"
                + "{\"name\":\"up\"}]}\n"
                + DONE);
    assertThat(search("label_names", "sort_by", "alpha", "sort_dir", "dsc"))
        .isEqualTo(
            "{\"results\":[{\"name\":\"job\"},{\"name\":\"instance\"},{\"name\":\"__name__\"}]}\n"
                + DONE);
    assertThat(search("label_values", "label", "job", "match[]", "up", "include_score", "1"))
        .isEqualTo(
            "{\"results\":[{\"name\":\"node\",\"score\":1},{\"name\":\"prometheus\",\"score\":1}]}\n"
                + DONE);
    assertThat(search("label_values", "label", "none")).isEqualTo("{\"results\":[]}\n" + DONE);
  }

  @Test
  void theBestComeFirst() throws Exception {
    // A prefix has 1; (16 + 1 - 8/22 - 9/44) / 25; (16 + 1 - 8/21 - 8/42) / 25.
    assertThat(
            search(
                "metric_names", "search[]", "go_go", "sort_by", "score", "include_score", "true"))
        .isEqualTo(
            "{\"results\":[{\"name\":\"go_goroutines\",\"score\":1},"
                + "{\"name\":\"go_gc_duration_seconds\",\"score\":0.6572727272727273},"
                + "{\"name\":\"go_gc_heap_goal_bytes\",\"score\":0.6571428571428573}]}\n"
                + DONE);
    assertThat(
            search(
                "metric_names",
                "search[]",
                "GO_GOROUTINS",
                "case_sensitive",
                "false",
                "fuzz_alg",
                "jarowinkler",
                "fuzz_threshold",
                "95"))
        .isEqualTo("{\"results\":[{\"name\":\"go_goroutines\"}]}\n" + DONE);
    assertThat(search("label_values", "label", "instance", "search[]", "909", "search[]", "91"))
        .isEqualTo(
            "{\"results\":[{\"name\":\"localhost:9090\"},{\"name\":\"localhost:9091\"}]}\n" + DONE);
  }

  @Test
  void selectorsAndTimesNarrow() throws Exception {
    assertThat(
            search(
                "metric_names",
                "match[]",
                "up",
                "match[]",
                "{__name__=~\"up|go_goroutines\"}",
                "search[]",
                "o"))
        .isEqualTo("{\"results\":[{\"name\":\"go_goroutines\"}]}\n" + DONE);
    assertThat(search("label_names", "match[]", "up", "start", "0", "end", "1"))
        .isEqualTo("{\"results\":[]}\n" + DONE);
  }

  @Test
  void limitsAndBatches() throws Exception {
    assertThat(search("metric_names", "limit", "3", "batch_size", "2"))
        .isEqualTo(
            "{\"results\":[{\"name\":\"cpu_seconds_total\"},{\"name\":\"go_gc_duration_seconds\"}]}\n"
                + "{\"results\":[{\"name\":\"go_gc_heap_goal_bytes\"}]}\n"
                + MORE);
    assertThat(search("metric_names", "limit", "5", "batch_size", "5")).endsWith("]}\n" + DONE);
    assertThat(search("metric_names", "limit", "0", "batch_size", "99999999999").lines())
        .hasSize(2);
  }

  @Test
  void metadataComesWithNamesOfMetrics() throws Exception {
    assertThat(search("metric_names", "include_metadata", "true", "search[]", "o", "limit", "9"))
        .contains(
            "{\"name\":\"cpu_seconds_total\",\"type\":\"counter\",\"help\":\"CPU time.\","
                + "\"unit\":\"seconds\"}")
        .contains(
            "{\"name\":\"go_goroutines\",\"type\":\"gauge\",\"help\":\"How \\u003cmany\\u003e.\"}");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          fuzz_threshold=200           | invalid fuzz_threshold "200": must be 0-100
          fuzz_threshold=x             | invalid fuzz_threshold "x": must be 0-100
          fuzz_alg=levenshtein         | unsupported fuzz_alg "levenshtein": must be one of [subsequence jarowinkler]
          case_sensitive=maybe         | invalid case_sensitive "maybe": must be boolean
          include_score=maybe          | invalid include_score "maybe": must be boolean
          include_metadata=maybe       | invalid include_metadata "maybe": must be boolean
          sort_by=cardinality          | invalid sort_by "cardinality" for metric_names: must be "alpha" or "score"
          sort_by=score                | sort_by=score requires search[] to be set
          sort_dir=asc                 | sort_dir is only valid when sort_by is set
          sort_dir=asc&sort_by=score   | sort_dir is not supported for sort_by=score
          sort_dir=up&sort_by=alpha    | invalid sort_dir "up": must be "asc" or "dsc"
          limit=-1                     | invalid limit "-1": must be non-negative integer
          limit=10001                  | limit 10001 exceeds the configured maximum (10000, see http.search_max_limit)
          batch_size=1.5               | invalid batch_size "1.5": must be non-negative integer
          start=5&end=4                | end timestamp must not be before start timestamp
          start=x                      | invalid time value for 'start': cannot parse "x" to a valid timestamp
          match[]={}                   | match[] must contain at least one non-empty matcher
          """)
  void errorsSayWhatIsWrong(String arguments, String expected) throws Exception {
    String[] pairs = arguments.split("[=&]", arguments.startsWith("match") ? 2 : -1);
    HttpResponse<String> response = client.get("/api/v1/search/metric_names", pairs);
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(response.body())
        .isEqualTo(
            "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\""
                + expected.replace("\"", "\\\"")
                + "\"}");
  }

  @Test
  void termsAreFewAndShort() throws Exception {
    String[] terms = new String[2 * 33];
    for (int i = 0; i < terms.length; i += 2) {
      terms[i] = "search[]";
      terms[i + 1] = "t";
    }
    HttpResponse<String> response = client.get("/api/v1/search/label_names", terms);
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(response.body()).contains("too many search[] terms: got 33, maximum is 32");
    assertThat(client.get("/api/v1/search/label_names", "search[]", "t".repeat(4_097)).body())
        .contains("more than 4096 characters");
    assertThat(client.get("/api/v1/search/label_values").body())
        .contains("missing required parameter \\\"label\\\"");
    assertThat(client.data("/api/v1/features").at("/api/search").asBoolean()).isTrue();
    assertThat(client.data("/api/v1/status/flags").get("web.search.max-limit").asText())
        .isEqualTo("10000");
  }
}
