package io.varve.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.StaleMarker;
import io.varve.http.config.ServerConfig;
import io.varve.http.config.ServerConfig.Address;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Native histograms from remote write, in both versions, to the JSON of queries. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class NativeHistogramTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final double[] NONE = new double[0];

  /** A round time in seconds: 2023-11-14T22:00:00Z. */
  private static final long T = 1_700_000_400L;

  private static final String INTEGERS =
      "{\"count\":\"7\",\"sum\":\"3.5\",\"buckets\":["
          + "[1,\"-1\",\"-0.7071067811865475\",\"1\"],"
          + "[3,\"-0.001\",\"0.001\",\"2\"],"
          + "[0,\"0.7071067811865475\",\"1\",\"1\"],"
          + "[0,\"1\",\"1.414213562373095\",\"2\"],"
          + "[0,\"2\",\"2.82842712474619\",\"1\"]]}";

  private static final String CUSTOM =
      "{\"count\":\"4\",\"sum\":\"1e-07\",\"buckets\":["
          + "[3,\"-Inf\",\"0.5\",\"1\"],[0,\"1\",\"2\",\"2.5\"],[0,\"2\",\"+Inf\",\"0.5\"]]}";

  private final HttpClient client = HttpClient.newHttpClient();
  private Server server;

  @BeforeAll
  void start(@TempDir Path folder) throws Exception {
    server =
        new Server(
            ServerConfig.defaults()
                .withListen(new Address("127.0.0.1", 0))
                .withDataDir(folder.resolve("data")));
    server.recover();
    NativeHistogramBody body =
        new NativeHistogramBody()
            .histogram(T * 1000, integers(1, 3.5), "__name__", "h", "kind", "integer")
            .histogram((T + 15) * 1000, integers(1, 3.5), "__name__", "h", "kind", "integer")
            .histogram((T + 30) * 1000, integers(2, 9), "__name__", "h", "kind", "integer")
            .histogram(
                (T + 45) * 1000, integers(1, StaleMarker.VALUE), "__name__", "h", "kind", "integer")
            .histogram((T + 15) * 1000, custom(), "__name__", "h", "kind", "custom")
            .sample(T * 1000, 1.5, "__name__", "mixed")
            .histogram((T + 15) * 1000, custom(), "__name__", "mixed");
    assertThat(write(body.version1(), "application/x-protobuf", "0.1.0", "v1")).isEqualTo(204);
    assertThat(
            write(
                body.version2(),
                "application/x-protobuf;proto=io.prometheus.write.v2.Request",
                "2.0.0",
                "v2"))
        .isEqualTo(204);
  }

  @AfterAll
  void stop() throws IOException {
    server.close();
    client.close();
  }

  /** Schema 1 with all kinds of buckets. */
  private static Histogram integers(int factor, double sum) {
    return new Histogram(
        1,
        0.001,
        false,
        7L * factor,
        2L * factor,
        sum,
        0,
        new int[] {0, 2, 1, 1},
        new int[] {0, 1},
        new long[] {factor, factor, -factor},
        new long[] {factor},
        NONE,
        NONE,
        NONE);
  }

  private static Histogram custom() {
    return new Histogram(
        Histogram.CUSTOM_BUCKETS_SCHEMA,
        0,
        true,
        Double.doubleToRawLongBits(4),
        0,
        1e-7,
        0,
        new int[] {0, 4},
        new int[0],
        new long[0],
        new long[0],
        new double[] {1, 0, 2.5, 0.5},
        NONE,
        new double[] {0.5, 1, 2});
  }

  @ParameterizedTest
  @ValueSource(strings = {"v1", "v2"})
  void samplesComeBackAsTheyWere(String tenant) throws Exception {
    assertThat(instant("h{kind=\"integer\"}", T + 20, tenant))
        .isEqualTo(
            "[{\"metric\":{\"__name__\":\"h\",\"kind\":\"integer\"},\"histogram\":[1700000420,"
                + INTEGERS
                + "]}]");
    assertThat(instant("h{kind=\"custom\"}", T + 20, tenant))
        .isEqualTo(
            "[{\"metric\":{\"__name__\":\"h\",\"kind\":\"custom\"},\"histogram\":[1700000420,"
                + CUSTOM
                + "]}]");
    assertThat(instant("mixed[1m]", T + 20, tenant))
        .isEqualTo(
            "[{\"metric\":{\"__name__\":\"mixed\"},\"values\":[[1700000400,\"1.5\"]],"
                + "\"histograms\":[[1700000415,"
                + CUSTOM
                + "]]}]");
  }

  @ParameterizedTest
  @ValueSource(strings = {"v1", "v2"})
  void aStaleMarkerEndsTheSeries(String tenant) throws Exception {
    assertThat(instant("histogram_count(h{kind=\"integer\"})", T + 44, tenant))
        .contains("[1700000444,\"14\"]");
    assertThat(instant("h{kind=\"integer\"}", T + 45, tenant)).isEqualTo("[]");
    assertThat(instant("count_over_time(h{kind=\"integer\"}[2m])", T + 60, tenant))
        .contains("[1700000460,\"3\"]");
  }

  @ParameterizedTest
  @ValueSource(strings = {"v1", "v2"})
  void rangeQueriesHaveBothKindsOfPoints(String tenant) throws Exception {
    String result =
        data(
            "/api/v1/query_range?start="
                + T
                + "&end="
                + (T + 15)
                + "&step=15&query="
                + encode("{__name__=~\"h|mixed\",kind!=\"custom\"}"),
            tenant);
    assertThat(result)
        .isEqualTo(
            "[{\"metric\":{\"__name__\":\"h\",\"kind\":\"integer\"},\"histograms\":[[1700000400,"
                + INTEGERS
                + "],[1700000415,"
                + INTEGERS
                + "]]},{\"metric\":{\"__name__\":\"mixed\"},\"values\":[[1700000400,\"1.5\"]],"
                + "\"histograms\":[[1700000415,"
                + CUSTOM
                + "]]}]");
  }

  @ParameterizedTest
  @ValueSource(strings = {"v1", "v2"})
  void functionsAndAggregations(String tenant) throws Exception {
    assertThat(instant("histogram_quantile(0.5, h{kind=\"custom\"})", T + 20, tenant))
        .contains("[1700000420,\"1.4\"]");
    assertThat(instant("histogram_count(increase(h{kind=\"integer\"}[30s]))", T + 30, tenant))
        .contains("[1700000430,\"14\"]");
    assertThat(instant("sum(h{kind=\"integer\"} + h{kind=\"integer\"})", T + 20, tenant))
        .contains("\"count\":\"14\",\"sum\":\"7\"");
    assertThat(instant("h{kind=\"integer\"} / 0", T + 20, tenant))
        .contains("[1700000420,{\"count\":\"+Inf\",\"sum\":\"+Inf\",\"buckets\":[[3,")
        .doesNotContain("[0,");
    JsonNode mixed = json("/api/v1/query?time=" + (T + 20) + "&query=sum(h)", tenant);
    assertThat(mixed.at("/data/result")).isEmpty();
    assertThat(mixed.at("/warnings/0").asText())
        .isEqualTo(
            "PromQL warning: vector contains a mix of histograms with exponential and custom"
                + " buckets schemas for metric name \"h\" (1:5)");
  }

  private String instant(String query, long time, String tenant) throws Exception {
    return data("/api/v1/query?time=" + time + "&query=" + encode(query), tenant);
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  private String data(String path, String tenant) throws Exception {
    return json(path, tenant).at("/data/result").toString();
  }

  private JsonNode json(String path, String tenant) throws Exception {
    HttpResponse<String> response =
        client.send(
            to(path).header("X-Scope-OrgID", tenant).build(), HttpResponse.BodyHandlers.ofString());
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return JSON.readTree(response.body());
  }

  private int write(byte[] body, String type, String version, String tenant) throws Exception {
    HttpRequest request =
        to("/api/v1/write")
            .header("Content-Type", type)
            .header("Content-Encoding", "snappy")
            .header("X-Prometheus-Remote-Write-Version", version)
            .header("X-Scope-OrgID", tenant)
            .POST(HttpRequest.BodyPublishers.ofByteArray(body))
            .build();
    return client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
  }

  private HttpRequest.Builder to(String pathAndQuery) {
    return HttpRequest.newBuilder(
            URI.create("http://127.0.0.1:" + server.address().getPort() + pathAndQuery))
        .timeout(Duration.ofSeconds(20));
  }
}
