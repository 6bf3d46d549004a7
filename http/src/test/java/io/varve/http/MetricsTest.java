package io.varve.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.http.config.ServerConfig;
import io.varve.http.config.ServerConfig.Address;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class MetricsTest {
  private static final Pattern TYPE = Pattern.compile("(?m)^# TYPE (\\S+) ");
  private static final Pattern ROW = Pattern.compile("(?m)^\\| `([a-z_]+)(\\{[a-z_, ]*\\})?` \\|");

  @Test
  void theDocumentListsWhatIsExposed(@TempDir Path folder) throws Exception {
    Files.writeString(
        folder.resolve("rules.yml"),
        """
        groups:
          - name: g
            interval: 50ms
            rules: [{alert: Always, expr: vector(1)}]
        """);
    Files.writeString(
        folder.resolve("varve.yaml"),
        "rules: {files: [rules.yml]}\nalerting: {alertmanagers: ['http://127.0.0.1:"
            + ChildProcess.freePort()
            + "']}\nbackup: {store: '"
            + folder.resolve("backups")
            + "', archive: 1m}\n");
    ServerConfig config =
        ServerConfig.load(folder.resolve("varve.yaml"))
            .withListen(new Address("127.0.0.1", 0))
            .withDataDir(folder.resolve("data"));
    try (Server server = new Server(config);
        HttpClient client = HttpClient.newHttpClient()) {
      server.recover();
      String base = "http://127.0.0.1:" + server.address().getPort();
      byte[] body =
          new RemoteWriteBody().sample(1_700_000_000_000L, 1, "__name__", "m").compressed();
      HttpRequest write =
          HttpRequest.newBuilder(URI.create(base + "/api/v1/write"))
              .header("Content-Encoding", "snappy")
              .POST(HttpRequest.BodyPublishers.ofByteArray(body))
              .build();
      assertThat(client.send(write, HttpResponse.BodyHandlers.discarding()).statusCode())
          .isEqualTo(204);
      get(client, base + "/api/v1/query?query=m&time=1700000000", "");
      get(client, base + "/api/v1/query?query=m(", "");
      String text;
      long end = System.nanoTime() + 20_000_000_000L;
      do { // until nobody has taken the alert
        Thread.sleep(20);
        text = get(client, base + "/metrics", "");
      } while (!text.contains("varve_notifications_duration_seconds") && System.nanoTime() < end);
      assertThat(documented(text)).isEqualTo(names(text));
      assertThat(text)
          .containsPattern("varve_alerts\\{alertstate=\"firing\"\\} 1.0")
          .containsPattern("varve_rule_group_rules\\{rule_group=\".*rules.yml;g\"\\} 1.0")
          .contains("varve_ingest_requests_total{code=\"204\"} 1.0")
          .contains("varve_head_series 3.0")
          .contains("varve_ready 1.0")
          .contains("varve_query_failures_total{type=\"bad_data\"} 1.0")
          .contains("varve_http_requests_total{code=\"200\",handler=\"/api/v1/query\"} 1.0")
          .contains("varve_http_requests_total{code=\"400\",handler=\"/api/v1/query\"} 1.0");
      assertThat(get(client, base + "/metrics", "application/openmetrics-text; version=1.0.0"))
          .endsWith("# EOF\n");
    }
  }

  private static Set<String> names(String text) {
    Set<String> names = new TreeSet<>();
    for (Matcher m = TYPE.matcher(text); m.find(); ) {
      names.add(m.group(1));
    }
    assertThat(names).hasSizeGreaterThan(60);
    return names;
  }

  /** The document's metrics; those that exist on Linux only are left out elsewhere. */
  private static Set<String> documented(String text) throws Exception {
    Set<String> names = new TreeSet<>();
    for (Matcher m = ROW.matcher(Files.readString(RepositoryFiles.find("docs/METRICS.md")));
        m.find(); ) {
      if (m.group(1).startsWith("varve_cluster_")) {
        continue; // of servers that do not stand alone: ClusterMetricsTest
      }
      boolean process = m.group(1).startsWith("process_");
      if (!process || text.contains("# TYPE " + m.group(1) + " ")) {
        assertThat(names.add(m.group(1))).as(m.group(1)).isTrue();
      }
    }
    return names;
  }

  private static String get(HttpClient client, String uri, String accept) throws Exception {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(uri));
    if (!accept.isEmpty()) {
      request.header("Accept", accept);
    }
    return client.send(request.build(), HttpResponse.BodyHandlers.ofString()).body();
  }
}
