package io.varve.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.http.config.ServerConfig;
import io.varve.http.config.ServerConfig.Address;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Programs of the Prometheus world talk to Varve as they talk to Prometheus. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(90)
final class RealClientsTest {
  private static final int STEP = 15_000;
  private static final int SAMPLES = 240;

  /** Samples stand beside whole seconds, where nobody asks: see PrometheusEndToEndTest. */
  private static final int PHASE = 500;

  private final long newest = System.currentTimeMillis() / STEP * STEP + PHASE - STEP;
  private Path folder;
  private Server varve;
  private ApiClient client;
  private String url;

  @BeforeAll
  void start(@TempDir Path temporary) throws Exception {
    folder = temporary;
    varve =
        new Server(
            ServerConfig.defaults()
                .withListen(new Address("127.0.0.1", 0))
                .withDataDir(folder.resolve("varve"))
                .withExternalLabels(Labels.of("cluster", "test")));
    varve.recover();
    url = "http://127.0.0.1:" + varve.address().getPort();
    client = new ApiClient(varve.address().getPort());
    RemoteWriteBody body = new RemoteWriteBody();
    for (int i = 0; i < SAMPLES; i++) {
      long time = newest - (SAMPLES - 1L - i) * STEP;
      for (String host : new String[] {"a", "b"}) {
        double noise = Math.sin(i * (host.equals("a") ? 0.7 : 0.3));
        body.sample(time, noise, "__name__", "load", "host", host);
        body.sample(time, i % 100 * 7, "__name__", "requests_total", "host", host);
      }
    }
    assertThat(client.write(body).statusCode()).isEqualTo(204);
  }

  @AfterAll
  void stop() throws IOException {
    if (varve != null) {
      client.close();
      varve.close();
    }
  }

  @Test
  void promtoolQueries() throws Exception {
    String promtool = program("promtool");
    String time = seconds(newest);
    assertThat(run(promtool, "query", "instant", "--time=" + time, url, "count(load) + 40").lines())
        .singleElement()
        .asString()
        .startsWith("{} => 42 @[");
    String range =
        run(
            promtool,
            "query",
            "range",
            "--start=" + seconds(newest - 60_000),
            "--end=" + time,
            "--step=15s",
            url,
            "requests_total{host=\"a\"}");
    assertThat(range).startsWith("requests_total{host=\"a\"} =>");
    assertThat(range.lines().filter(line -> line.contains("@["))).hasSize(5);
    assertThat(run(promtool, "query", "series", "--match=load", url).lines())
        .hasSize(2)
        .anyMatch(line -> line.contains("host=\"b\""));
    assertThat(run(promtool, "query", "labels", url, "__name__").lines())
        .contains("load", "requests_total");
  }

  @Test
  void prometheusReadsBackWhatVarveHas() throws Exception {
    int port = ChildProcess.freePort();
    Files.writeString(
        folder.resolve("read.yml"),
        """
        remote_read:
          - url: %s/api/v1/read
            read_recent: true
        """
            .formatted(url));
    try (ChildProcess prometheus = prometheus("read", port);
        ApiClient other = new ApiClient(port)) {
      await(other, prometheus);
      int points = 0;
      for (String query :
          List.of(
              "load",
              "sum(load)",
              "rate(requests_total[2m])",
              "max_over_time(load[5m])",
              "load{cluster=\"test\",host=\"a\"}",
              "load{cluster=\"other\"}")) {
        String[] arguments = {
          "query",
          query,
          "start",
          seconds(newest - 3_000_000 + 300),
          "end",
          seconds(newest + 300),
          "step",
          "30"
        };
        JsonNode theirs = other.data("/api/v1/query_range", arguments);
        String own = query.replace("cluster=\"test\",", "");
        arguments[1] = own;
        JsonNode ours = client.data("/api/v1/query_range", arguments);
        points += compare(query, theirs.get("result"), ours.get("result"));
      }
      assertThat(points).isGreaterThan(800);
      // External labels are on what is read, and in the names that are listed.
      assertThat(other.data("/api/v1/series", "match[]", "load").toString())
          .contains("\"cluster\":\"test\"");
    }
  }

  /** As text, and with native histograms as protobuf. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void prometheusFederates(boolean nativeHistograms) throws Exception {
    Histogram histogram =
        new Histogram(
            1,
            0.001,
            false,
            4,
            1,
            2.5,
            0,
            new int[] {-1, 2},
            new int[] {3, 1},
            new long[] {1, 0},
            new long[] {1},
            new double[0],
            new double[0],
            new double[0]);
    byte[] body =
        new NativeHistogramBody()
            .histogram(newest, histogram, "__name__", "load_native")
            .version1();
    HttpRequest write =
        client
            .to("/api/v1/write")
            .header("Content-Encoding", "snappy")
            .POST(HttpRequest.BodyPublishers.ofByteArray(body))
            .build();
    assertThat(client.send(write).statusCode()).isEqualTo(204);
    String name = nativeHistograms ? "federate-native" : "federate";
    String[] more =
        nativeHistograms ? new String[] {"--enable-feature=native-histograms"} : new String[0];
    int port = ChildProcess.freePort();
    Files.writeString(
        folder.resolve(name + ".yml"),
        """
        global: {scrape_interval: 1s, scrape_timeout: 1s}
        scrape_configs:
          - job_name: federate
            honor_labels: true
            metrics_path: /federate
            params:
              "match[]": ['{__name__=~"load|load_native|requests_total"}']
            static_configs: [{targets: ["127.0.0.1:%d"]}]
        """
            .formatted(varve.address().getPort()));
    try (ChildProcess prometheus = prometheus(name, port, more);
        ApiClient other = new ApiClient(port)) {
      await(other, prometheus);
      JsonNode found;
      long until = System.nanoTime() + Duration.ofSeconds(30).toNanos();
      do {
        assertThat(System.nanoTime()).as(prometheus.output()).isLessThan(until);
        Thread.sleep(200);
        found = other.data("/api/v1/query", "query", "load[1h]").get("result");
      } while (found.size() < 2);
      for (JsonNode series : found) {
        assertThat(series.at("/metric/cluster").asText()).isEqualTo("test");
        assertThat(series.get("metric").has("instance")).isFalse();
        assertThat(series.at("/values/0/0").asDouble()).isEqualTo(newest / 1_000.0);
      }
      String counted = "histogram_count(load_native) == 4 and histogram_sum(load_native) == 2.5";
      String at = seconds(newest + 1);
      JsonNode count = other.data("/api/v1/query", "query", counted, "time", at).get("result");
      assertThat(count).as("native histograms").hasSize(nativeHistograms ? 1 : 0);
      JsonNode up = other.data("/api/v1/query", "query", "up").at("/result/0/value/1");
      assertThat(up.asText()).isEqualTo("1");
    }
  }

  @Test
  void vmalertEvaluatesAndWritesBack() throws Exception {
    String vmalert = program("vmalert");
    Files.writeString(
        folder.resolve("rules.yml"),
        """
        groups:
          - name: test
            interval: 1s
            rules:
              - record: load:count
                expr: count by (host) (load)
              - alert: AlwaysThere
                expr: load > -2
        """);
    try (ChildProcess process =
        ChildProcess.start(
            folder,
            "vmalert",
            List.of(
                vmalert,
                "-rule=rules.yml",
                "-datasource.url=" + url,
                "-remoteWrite.url=" + url,
                "-remoteWrite.flushInterval=200ms",
                "-remoteRead.url=" + url,
                "-notifier.url=" + url,
                "-httpListenAddr=127.0.0.1:" + ChildProcess.freePort()))) {
      for (String query :
          List.of("load:count", "ALERTS{alertname=\"AlwaysThere\",alertstate=\"firing\"}")) {
        long until = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        JsonNode found;
        do {
          assertThat(System.nanoTime()).as(process.output()).isLessThan(until);
          assertThat(process.isAlive()).as(process.output()).isTrue();
          Thread.sleep(200);
          found = client.data("/api/v1/query", "query", query).get("result");
        } while (found.size() < 2);
        for (JsonNode series : found) {
          assertThat(series.at("/value/1").asText()).isEqualTo("1");
        }
      }
    }
  }

  private static int compare(String query, JsonNode theirs, JsonNode ours) {
    Map<String, JsonNode> expected = byHost(ours);
    Map<String, JsonNode> actual = byHost(theirs);
    assertThat(actual.keySet()).as(query).isEqualTo(expected.keySet());
    int points = 0;
    for (Map.Entry<String, JsonNode> series : expected.entrySet()) {
      JsonNode those = series.getValue().get("values");
      JsonNode these = Objects.requireNonNull(actual.get(series.getKey())).get("values");
      assertThat(these).as(query).hasSize(those.size());
      for (int i = 0; i < those.size(); i++, points++) {
        assertThat(these.get(i).get(0).asDouble()).isEqualTo(those.get(i).get(0).asDouble());
        double value = those.get(i).get(1).asDouble();
        assertThat(these.get(i).get(1).asDouble())
            .as(query)
            .isCloseTo(value, within(1e-9 * Math.max(1, Math.abs(value))));
      }
    }
    return points;
  }

  private static Map<String, JsonNode> byHost(JsonNode result) {
    Map<String, JsonNode> series = new TreeMap<>();
    for (JsonNode one : result) {
      series.put(one.at("/metric/host").asText(), one);
    }
    return series;
  }

  private static String program(String name) {
    String found = ChildProcess.find(name);
    assumeTrue(found != null, name + " is not installed");
    return String.valueOf(found);
  }

  private ChildProcess prometheus(String name, int port, String... more) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                program("prometheus"),
                "--config.file=" + name + ".yml",
                "--storage.tsdb.path=" + name,
                "--log.level=warn",
                "--web.listen-address=127.0.0.1:" + port));
    command.addAll(List.of(more));
    return ChildProcess.start(folder, name, command);
  }

  private static void await(ApiClient client, ChildProcess process) throws Exception {
    long until = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (true) {
      try {
        if (client.get("/-/ready").statusCode() == 200) {
          return;
        }
      } catch (IOException e) {
        assertThat(process.isAlive()).as(process.output()).isTrue();
      }
      assertThat(System.nanoTime()).as(process.output()).isLessThan(until);
      Thread.sleep(100);
    }
  }

  /** The output of a program that ends by itself. */
  private String run(String... command) throws Exception {
    try (ChildProcess process =
        ChildProcess.start(folder, "run", new ArrayList<>(List.of(command)))) {
      assertThat(process.await(20)).as(process.output()).isEqualTo(0);
      return process.output();
    }
  }

  private static String seconds(long millis) {
    return String.format(java.util.Locale.ROOT, "%d.%03d", millis / 1_000, millis % 1_000);
  }
}
