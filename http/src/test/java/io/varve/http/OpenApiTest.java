package io.varve.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import io.varve.engine.SharedData;
import io.varve.http.config.ServerConfig;
import io.varve.http.config.ServerConfig.Address;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every endpoint of Prometheus' OpenAPI description is there, by every method, and what a running
 * server answers is of the form that the description gives: successes and errors.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class OpenApiTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long T = 1_700_000_400_000L;
  private static final String NOW = "1700000400";

  /** Behind flags in Prometheus, and off there too. */
  private static final Set<String> NOT_OFFERED =
      Set.of("/search/metric_names", "/search/label_names", "/search/label_values");

  /** Bodies that are no JSON; they have tests of their own. */
  private static final Set<String> OTHER_BODIES =
      Set.of("/read", "/write", "/otlp/v1/metrics", "/notifications/live");

  /** Arguments of a request that is answered with success: path without prefix to names, values. */
  private static final Map<String, List<String[]>> GOOD = new TreeMap<>();

  /** Arguments of a request that is refused. */
  private static final Map<String, String[]> BAD = new TreeMap<>();

  static {
    // Not a string: the description makes the time of one a string, which Prometheus does not.
    for (String query : new String[] {"temp", "sum(temp)", "1.5", "temp[5m]", "nothing", "1 / 0"}) {
      good("/query", "query", query, "time", NOW, "stats", "all", "timeout", "10s");
    }
    good("/query", "query", "temp", "time", NOW, "limit", "1", "lookback_delta", "1m");
    good(
        "/query_range",
        args("query", "rate(temp[1m])", "start", NOW, "end", "1700000460", "step", "15"));
    good(
        "/query_range",
        args("query", "temp", "start", NOW, "end", "1700000460", "step", "15s", "stats", "true"));
    good("/query_exemplars", "query", "temp", "start", "1700000000", "end", "1700001000");
    good("/query_exemplars", "query", "nothing");
    good("/format_query", "query", "sum(temp)by(room)");
    good("/parse_query", "query", "sum by (room) (rate(temp[5m:1m] @ start()) / on (a) temp) > 1");
    good("/labels", "match[]", "temp", "limit", "1");
    good("/label/{name}/values");
    good("/series", "match[]", "temp", "limit", "1");
    good("/metadata", "limit", "5");
    good("/scrape_pools");
    good("/targets", "state", "active");
    good("/targets/metadata", "metric", "temp");
    good("/rules", "type", "alert", "rule_name[]", "x", "exclude_alerts", "true");
    good("/rules", "group_limit", "1");
    good("/alerts");
    good("/alertmanagers");
    for (String part :
        new String[] {
          "config", "runtimeinfo", "buildinfo", "flags", "tsdb", "tsdb/blocks", "walreplay"
        }) {
      good("/status/" + part);
    }
    good("/status/self_metrics", "metric_name_pattern", "varve_.*");
    good("/admin/tsdb/delete_series", "match[]", "unwanted");
    good("/admin/tsdb/clean_tombstones");
    good("/admin/tsdb/snapshot");
    good("/notifications");
    good("/features");

    BAD.put("/query", args("query", "up{"));
    BAD.put("/query_range", args("query", "up", "start", "2", "end", "1", "step", "1"));
    BAD.put("/query_exemplars", args("query", "up("));
    BAD.put("/format_query", args("query", "up("));
    BAD.put("/parse_query", args("query", "up("));
    BAD.put("/labels", args("limit", "-1"));
    BAD.put("/label/{name}/values", args("start", "x"));
    BAD.put("/series", args());
    BAD.put("/metadata", args("limit", "x"));
    BAD.put("/scrape_pools/config", args("scrapePool", "x"));
    BAD.put("/targets/metadata", args("limit", "x"));
    BAD.put("/targets/relabel_steps", args("scrapePool", "x", "labels", "{\"a\":\"b\"}"));
    BAD.put("/rules", args("type", "x"));
    BAD.put("/status/tsdb", args("limit", "0"));
    BAD.put("/status/self_metrics", args("metric_name_pattern", "("));
    BAD.put("/admin/tsdb/delete_series", args());
    BAD.put("/admin/tsdb/snapshot", args("skip_head", "x"));
  }

  private static String[] args(String... namesAndValues) {
    return namesAndValues;
  }

  private static void good(String path, String... namesAndValues) {
    GOOD.computeIfAbsent(path, p -> new ArrayList<>()).add(namesAndValues);
  }

  private final JsonSchemaFactory schemas =
      JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012);
  private JsonNode description;
  private Server server;
  private ApiClient client;

  @BeforeAll
  void start(@TempDir Path folder) throws Exception {
    Path file = SharedData.path("conformance/openapi/openapi_3.2_golden.yaml");
    description = new ObjectMapper(new YAMLFactory()).readTree(file.toFile());
    Path rules = folder.resolve("rules.yml");
    Files.writeString(
        rules,
        """
        groups:
          - name: g
            interval: 50ms
            rules:
              - {alert: Always, expr: vector(1), annotations: {a: b}, labels: {c: d}}
              - {record: one, expr: '1'}
              - {record: wrong, expr: 'one[5m]'}
        """);
    Path settings = folder.resolve("varve.yaml");
    Files.writeString(
        settings, "rules: {files: [rules.yml]}\nalerting: {alertmanagers: ['http://127.0.0.1:1']}");
    server =
        new Server(
            ServerConfig.load(settings)
                .withListen(new Address("127.0.0.1", 0))
                .withDataDir(folder.resolve("data"))
                .withAdminApi(true));
    server.recover();
    client = new ApiClient(server.address().getPort());
    RemoteWriteBody body =
        new RemoteWriteBody()
            .sample(T, 1.5, "__name__", "temp", "room", "a")
            .sample(T + 15_000, 2, "__name__", "temp", "room", "a")
            .sample(T, 3, "__name__", "temp", "room", "b")
            .exemplar(T + 1, 0.25, "trace_id", "x")
            .metadata(2, "temp", "How warm it is", "celsius");
    assertThat(client.write(body).statusCode()).isEqualTo(204);
    // A window with files.
    assertThat(
            client
                .form("POST", "/api/v1/admin/tsdb/delete_series", "match[]", "unwanted")
                .statusCode())
        .isEqualTo(204);
  }

  @AfterAll
  void stop() throws Exception {
    if (server != null) {
      client.close();
      server.close();
    }
  }

  @Test
  void everyEndpointAnswersByEveryMethodAsDescribed() throws Exception {
    int validated = 0;
    for (Map.Entry<String, JsonNode> path : description.get("paths").properties()) {
      if (NOT_OFFERED.contains(path.getKey()) || OTHER_BODIES.contains(path.getKey())) {
        continue;
      }
      boolean known = GOOD.containsKey(path.getKey()) || BAD.containsKey(path.getKey());
      assertThat(known).as(path.getKey()).isTrue();
      for (Map.Entry<String, JsonNode> operation : path.getValue().properties()) {
        String method = operation.getKey().toUpperCase(Locale.ROOT);
        JsonNode responses = operation.getValue().get("responses");
        for (String[] arguments : GOOD.getOrDefault(path.getKey(), List.of())) {
          HttpResponse<String> response = ask(method, path.getKey(), arguments);
          if (path.getKey().matches("/admin/.*(delete_series|clean_tombstones)")) {
            assertThat(response.statusCode()).isEqualTo(204); // the description errs
            continue;
          }
          assertThat(response.statusCode()).as(path.getKey() + response.body()).isEqualTo(200);
          validate(response, responses.at("/200/content/application~1json/schema"));
          validated++;
        }
        String[] bad = BAD.get(path.getKey());
        if (bad != null) {
          HttpResponse<String> response = ask(method, path.getKey(), bad);
          assertThat(response.statusCode()).as(path.getKey()).isEqualTo(400);
          validate(response, responses.at("/default/content/application~1json/schema"));
          validated++;
        }
      }
    }
    assertThat(validated).isGreaterThan(60);
  }

  /** The validator must not accept just anything. */
  @Test
  void aWrongAnswerIsNoticed() throws Exception {
    JsonNode schema = JSON.readTree("{\"$ref\":\"#/components/schemas/QueryOutputBody\"}");
    assertThat(schema(schema).validate(JSON.readTree("{\"status\":\"fine\",\"data\":{}}")))
        .isNotEmpty();
    assertThat(
            schema(schema)
                .validate(
                    JSON.readTree(
                        """
                        {"status":"success","data":{"resultType":"vector","result":[]},
                         "more":1}\
                        """)))
        .isNotEmpty();
  }

  @Test
  void whatIsSwitchedOffIsNotThere() throws Exception {
    for (String path : NOT_OFFERED) {
      HttpResponse<String> response = ask("POST", path, new String[0]);
      assertThat(response.statusCode()).isEqualTo(500);
      assertThat(response.body())
          .isEqualTo(
              "{\"status\":\"error\",\"errorType\":\"unavailable\","
                  + "\"error\":\"search API disabled\"}");
    }
  }

  /** Varve describes itself: every path of Prometheus' description that it has, and its own. */
  @Test
  void theServerDescribesItself() throws Exception {
    ObjectMapper yaml = new ObjectMapper(new YAMLFactory());
    for (String version : new String[] {"3.1", "3.2"}) {
      HttpResponse<String> response =
          client.get("/api/v1/openapi.yaml", "openapi_version", version);
      assertThat(response.statusCode()).isEqualTo(200);
      JsonNode own = yaml.readTree(response.body());
      assertThat(own.get("openapi").asText()).isEqualTo(version + ".0");
      for (Map.Entry<String, JsonNode> path : description.get("paths").properties()) {
        JsonNode here = own.get("paths").get(path.getKey());
        assertThat(here).as(path.getKey()).isNotNull();
        path.getValue().fieldNames().forEachRemaining(m -> assertThat(here.has(m)).isTrue());
      }
    }
    assertThat(client.get("/api/v1/openapi.yaml", "openapi_version", "2").statusCode())
        .isEqualTo(400);
  }

  /** With default settings the language is Prometheus' default language, name by name. */
  @Test
  void theFeaturesAreThoseOfPrometheus() throws Exception {
    JsonNode theirs = JSON.readTree(SharedData.path("conformance/openapi/features.json").toFile());
    JsonNode ours = client.data("/api/v1/features");
    for (String category :
        List.of(
            "otlp_receiver",
            "promql",
            "promql_functions",
            "promql_operators",
            "rules",
            "templating_functions")) {
      Set<String> there = new TreeSet<>();
      Set<String> here = new TreeSet<>();
      theirs.get(category).properties().forEach(e -> there.add(e.toString()));
      ours.get(category).properties().forEach(e -> here.add(e.toString()));
      assertThat(here).as(category).isEqualTo(there);
    }
    assertThat(ours.at("/api/admin").asBoolean()).isTrue();
  }

  private HttpResponse<String> ask(String method, String path, String[] arguments)
      throws Exception {
    String uri = "/api/v1" + path.replace("{name}", "room");
    return method.equals("GET") ? client.get(uri, arguments) : client.form(method, uri, arguments);
  }

  private void validate(HttpResponse<String> response, JsonNode schema) throws Exception {
    assertThat(schema.isObject()).isTrue();
    assertThat(response.headers().firstValue("Content-Type")).hasValue("application/json");
    assertThat(schema(schema).validate(JSON.readTree(response.body())))
        .as("%s: %s", response.uri(), response.body())
        .isEmpty();
  }

  private JsonSchema schema(JsonNode reference) {
    ObjectNode whole = JSON.createObjectNode();
    whole.put("$schema", "https://json-schema.org/draft/2020-12/schema");
    whole.set("components", description.get("components"));
    whole.setAll((ObjectNode) reference.deepCopy());
    return schemas.getSchema(whole);
  }
}
