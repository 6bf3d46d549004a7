package io.varve.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.varve.http.config.ServerConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * vmalert evaluates the rules of a server over the same server; both come to the same series and
 * alerts. What vmalert stores has a label of its own.
 */
@Timeout(90)
final class VmalertAgreementTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final String RULES =
      """
      groups:
        - name: first
          interval: 250ms
          rules:
            - record: instance:requests:sum
              expr: sum by (instance) (requests)
            - record: requests:ratio
              expr: instance:requests:sum / on () group_left () sum(requests)
              labels: {kind: "ratio"}
            - record: requests:high
              expr: requests > 100
            - record: requests:deviation
              expr: stddev by (job) (requests) * 1.5
        - name: second
          interval: 250ms
          rules:
            - alert: Busy
              expr: requests > 50
              labels: {severity: page, owner: "{{ $labels.job }}-team"}
              annotations:
                summary: "{{ $labels.instance }} of {{ $labels.job }} has {{ $value | humanize }}"
                known: '{{ with query "instance:requests:sum" }}{{ len . }}{{ end }}'
            - alert: Later
              expr: requests > 5
              for: 700ms
            - alert: Never
              expr: requests > 50
              for: 1h
            - alert: Absent
              expr: absent(requests{job="missing"})
      """;
  private static final List<String> SERIES =
      List.of(
          "instance:requests:sum",
          "requests:ratio",
          "requests:high",
          "requests:deviation",
          "ALERTS");

  @TempDir private Path folder;

  @Test
  void bothComeToTheSame() throws Exception {
    String program = ChildProcess.find("vmalert");
    assumeTrue(program != null, "vmalert is not installed");
    Files.writeString(folder.resolve("rules.yml"), RULES);
    Files.writeString(
        folder.resolve("varve.yaml"),
        "listen: 127.0.0.1:0\ndata_dir: "
            + folder.resolve("data")
            + "\nrules: {files: [rules.yml]}\n");
    int port = ChildProcess.freePort();
    try (Server server = new Server(ServerConfig.load(folder.resolve("varve.yaml")))) {
      server.recover();
      String url = "http://127.0.0.1:" + server.address().getPort();
      try (ChildProcess vmalert =
              ChildProcess.start(
                  folder,
                  "vmalert",
                  List.of(
                      String.valueOf(program),
                      "-rule=rules.yml",
                      "-external.label=by=vmalert",
                      "-datasource.url=" + url,
                      "-datasource.queryStep=5m", // as far back as Prometheus looks
                      "-remoteWrite.url=" + url,
                      "-remoteWrite.flushInterval=100ms",
                      "-notifier.url=" + url + "/nobody",
                      "-httpListenAddr=127.0.0.1:" + port));
          ApiClient ours = new ApiClient(server.address().getPort());
          ApiClient theirs = new ApiClient(port)) {
        double[][] rounds = {{1, 20, 300}, {60, 0, 60}, {7, 51, -4}, {0, 0, 0}};
        for (double[] values : rounds) {
          long now = System.currentTimeMillis();
          RemoteWriteBody body = new RemoteWriteBody();
          for (int i = 0; i < values.length; i++) {
            body.sample(
                now,
                values[i],
                "__name__",
                "requests",
                "instance",
                "i" + i % 2,
                "job",
                i == 0 ? "a" : "b");
          }
          assertThat(ours.write(body).statusCode()).isEqualTo(204);
          long least = now + 2_000;
          long until = System.nanoTime() + PATIENCE.toNanos();
          String difference;
          do {
            assertThat(vmalert.isAlive()).as(vmalert.output()).isTrue();
            Thread.sleep(200);
            difference =
                System.currentTimeMillis() < least ? "too early" : difference(ours, theirs);
          } while (!difference.isEmpty() && System.nanoTime() < until);
          assertThat(difference).as(vmalert.output()).isEmpty();
        }
      }
    }
  }

  /** How what the two have now differs; "" if it does not. */
  private static String difference(ApiClient ours, ApiClient theirs) throws Exception {
    for (String metric : SERIES) {
      Set<String> mine = series(ours, metric + "{by=\"\"}");
      Set<String> others = series(ours, metric + "{by=\"vmalert\"}");
      if ((mine.isEmpty() && !metric.equals("requests:high")) || !mine.equals(others)) {
        return metric + ": " + mine + " and " + others;
      }
    }
    Set<String> mine = alerts(ours.data("/api/v1/alerts").get("alerts"));
    JsonNode answer = JSON.readTree(theirs.get("/api/v1/alerts").body());
    Set<String> others = alerts(answer.at("/data/alerts"));
    boolean same = !mine.isEmpty() && mine.equals(others);
    return same ? "" : "alerts: " + mine + " and " + others;
  }

  private static Set<String> series(ApiClient client, String selector) throws Exception {
    Set<String> found = new TreeSet<>();
    for (JsonNode one : client.data("/api/v1/query", "query", selector).get("result")) {
      ObjectNode metric = (ObjectNode) one.get("metric");
      metric.remove("by");
      metric.remove("alertgroup"); // vmalert's own
      found.add(metric + " " + one.at("/value/1").asText());
    }
    return found;
  }

  private static Set<String> alerts(JsonNode alerts) {
    Set<String> found = new TreeSet<>();
    for (JsonNode alert : alerts) {
      ObjectNode labels = (ObjectNode) alert.get("labels");
      labels.remove("by");
      labels.remove("alertgroup");
      found.add(
          labels
              + " "
              + alert.get("annotations")
              + " "
              + alert.get("state").asText()
              + " "
              + Double.parseDouble(alert.get("value").asText()));
    }
    return found;
  }
}
