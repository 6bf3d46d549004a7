package io.varve.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.http.config.ServerConfig;
import io.varve.http.config.ServerConfig.Address;
import io.varve.query.promql.Parser;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The example dashboards have answers when their servers are scraped into Varve. */
@Timeout(60)
final class DashboardsTest {
  private static final long STEP = 15_000;

  /** What depends on the machine that runs the test. */
  private static final List<String> MAY_BE_EMPTY =
      List.of("node_disk", "node_filesystem", "node_sockstat", "node_network", "deriv(");

  private final long now = System.currentTimeMillis();
  private Server varve;
  private ApiClient client;
  private Path folder;

  @BeforeEach
  void start(@TempDir Path temporary) throws Exception {
    folder = temporary;
    varve =
        new Server(
            ServerConfig.defaults()
                .withListen(new Address("127.0.0.1", 0))
                .withDataDir(folder.resolve("varve")));
    varve.recover();
    client = new ApiClient(varve.address().getPort());
  }

  @AfterEach
  void stop() throws IOException {
    client.close();
    varve.close();
  }

  @Test
  void theNodeDashboardShowsANodeExporter() throws Exception {
    String exporter = ChildProcess.find("prometheus-node-exporter");
    assumeTrue(exporter != null, "the Debian package prometheus-node-exporter is not installed");
    int port = ChildProcess.freePort();
    try (ChildProcess process =
        ChildProcess.start(
            folder,
            "node_exporter",
            List.of(String.valueOf(exporter), "--web.listen-address=127.0.0.1:" + port))) {
      scrape(port, "node", process);
    }
    assertThat(client.data("/api/v1/series", "match[]", "node_uname_info")).hasSize(1);
    ask("node.json", MAY_BE_EMPTY);
  }

  @Test
  void theVarveDashboardShowsVarve() throws Exception {
    scrape(varve.address().getPort(), "varve", null);
    // Failures and refusals have no series before the first.
    ask("varve.json", List.of("failures", "refused", "rejected"));
  }

  @Test
  void provisioningNamesWhatIsThere() throws Exception {
    ObjectMapper yaml = new ObjectMapper(new YAMLFactory());
    JsonNode source =
        yaml.readTree(
                RepositoryFiles.find("examples/grafana/provisioning/datasources/varve.yaml")
                    .toFile())
            .at("/datasources/0");
    assertThat(source.get("type").asText()).isEqualTo("prometheus");
    assertThat(source.get("url").asText()).isEqualTo("http://" + ServerConfig.defaults().listen());
    JsonNode prometheus =
        yaml.readTree(RepositoryFiles.find("examples/grafana/prometheus.yml").toFile());
    assertThat(prometheus.at("/remote_write/0/url").asText())
        .isEqualTo("http://" + ServerConfig.defaults().listen() + "/api/v1/write");
    for (String name : new String[] {"node.json", "varve.json"}) {
      for (JsonNode panel : dashboard(name).get("panels")) {
        assertThat(panel.at("/datasource/uid")).isEqualTo(source.get("uid"));
      }
    }
  }

  /** Every expression answers with success; only the named ones may find nothing. */
  private void ask(String name, List<String> mayBeEmpty) throws Exception {
    int asked = 0;
    for (JsonNode panel : dashboard(name).get("panels")) {
      for (JsonNode target : panel.get("targets")) {
        String expression =
            target
                .get("expr")
                .asText()
                .replace("$__rate_interval", "1m")
                .replace("$instance", "test:1");
        JsonNode found = client.data("/api/v1/query", "query", expression, "time", seconds(now));
        if (mayBeEmpty.stream().noneMatch(expression::contains)) {
          assertThat(found.get("result")).as(expression).isNotEmpty();
        }
        JsonNode range =
            client.data(
                "/api/v1/query_range",
                "query",
                expression,
                "start",
                seconds(now - 4 * STEP),
                "end",
                seconds(now),
                "step",
                "15");
        assertThat(range.get("resultType").asText()).isEqualTo("matrix");
        asked++;
      }
    }
    assertThat(asked).isGreaterThan(15);
  }

  private static JsonNode dashboard(String name) throws IOException {
    return new ObjectMapper()
        .readTree(RepositoryFiles.find("examples/grafana/dashboards/" + name).toFile());
  }

  /** Scrapes a server three times, as if that had been done every 15 seconds. */
  private void scrape(int port, String job, @Nullable ChildProcess process) throws Exception {
    try (HttpClient http = HttpClient.newHttpClient()) {
      HttpRequest request =
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/metrics"))
              .timeout(Duration.ofSeconds(10))
              .build();
      List<String> scrapes = new ArrayList<>();
      long until = System.nanoTime() + Duration.ofSeconds(20).toNanos();
      while (scrapes.size() < 3) {
        try {
          scrapes.add(http.send(request, HttpResponse.BodyHandlers.ofString()).body());
        } catch (IOException e) {
          assertThat(System.nanoTime()).isLessThan(until);
          assertThat(process == null || process.isAlive()).isTrue();
          Thread.sleep(100);
        }
      }
      for (int i = 0; i < 3; i++) {
        long time = now - (2 - i) * STEP;
        RemoteWriteBody body = new RemoteWriteBody();
        body.sample(time, 1, "__name__", "up", "job", job, "instance", "test:1");
        scrapes
            .get(i)
            .lines()
            .filter(line -> !line.startsWith("#"))
            .forEach(l -> add(body, l, time, job));
        assertThat(client.write(body).statusCode()).isEqualTo(204);
      }
    }
  }

  /** A line of the text format is a selector and a value. */
  private static void add(RemoteWriteBody body, String line, long time, String job) {
    int space = line.lastIndexOf(' ');
    Labels.Builder labels = new Labels.Builder().add("job", job).add("instance", "test:1");
    for (Matcher matcher : Parser.parseSelector(line.substring(0, space))) {
      labels.set(matcher.name(), matcher.value());
    }
    Labels all = labels.build();
    String[] pairs = new String[2 * all.size()];
    for (int i = 0; i < all.size(); i++) {
      pairs[2 * i] = all.name(i);
      pairs[2 * i + 1] = all.value(i);
    }
    String value = line.substring(space + 1).replace("Inf", "Infinity");
    body.sample(time, Double.parseDouble(value), pairs);
  }

  private static String seconds(long millis) {
    return String.format(java.util.Locale.ROOT, "%d.%03d", millis / 1_000, millis % 1_000);
  }
}
