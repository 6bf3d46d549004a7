package io.varve.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import io.varve.http.config.ServerConfig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A real Prometheus and a server send the same alerts to the same places. */
@Timeout(90)
final class PrometheusAlertingTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration PATIENCE = Duration.ofSeconds(40);

  /** Alerts with the labels of x, and nothing else that differs. */
  private static final String RULES =
      """
      groups:
        - name: g
          interval: 200ms
          rules:
            - {alert: A, expr: vector(1), labels: {team: red, n: "17", Word: "aB cD"}}
            - {alert: B, expr: vector(1), labels: {team: blue, n: "18", old_name: x, old_: y}}
            - {alert: C, expr: vector(1), labels: {team: green, same: green, replica: own}}
            - {alert: D, expr: vector(1), labels: {team: gone}}
            - {alert: E, expr: vector(1), labels: {team: other, tmp_a: a, tmp_b: b}}
      """;

  private static final String ALERTING =
      """
      alerting:
        alert_relabel_configs:
          - {source_labels: [team], regex: gon., action: drop}
          - {source_labels: [site, alertname], separator: "-", target_label: id}
          - {source_labels: [alertname, n], modulus: 7, target_label: shard, action: hashmod}
          - {regex: "old_(.+)", replacement: "new_$1", action: labelmap}
          - {regex: "tmp_.*|replica", action: labeldrop}
          - {source_labels: [Word], target_label: upper, action: uppercase}
          - {source_labels: [Word], target_label: lower, action: lowercase}
          - {source_labels: [team], target_label: same, action: dropequal}
          - {source_labels: [id], regex: "(.*)-(?P<who>[AB])", target_label: "${1}_$who", replacement: "$$ ${who}x $2x"}
          - {source_labels: [n], regex: "17", target_label: n, replacement: ""}
        alertmanagers:
          - path_prefix: /first/
            static_configs: [{targets: ["127.0.0.1:PORT"]}]
            basic_auth: {username: me, password: pass}
          - path_prefix: /second
            authorization: {type: Custom, credentials_file: secret}
            file_sd_configs: [{files: ["targets.json"], refresh_interval: 100ms}]
            relabel_configs:
              - {source_labels: [use], regex: "no", action: drop}
              - {source_labels: [path], regex: "(.+)", target_label: __alerts_path__, replacement: "/$1/v2"}
      """;

  /** By who sends where, with what authorization, the labels of its alerts. */
  private final Map<String, Set<String>> received = new ConcurrentHashMap<>();

  @TempDir private Path folder;

  @Test
  void bothSendTheSameToTheSame() throws Exception {
    String program = ChildProcess.find("prometheus");
    assumeTrue(program != null, "prometheus is not installed");
    HttpServer receiver =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    receiver.createContext(
        "/",
        exchange -> {
          String agent = exchange.getRequestHeaders().getFirst("User-Agent");
          String place =
              (agent.startsWith("Varve") ? "varve " : "prometheus ")
                  + exchange.getRequestURI()
                  + " "
                  + exchange.getRequestHeaders().getFirst("Authorization");
          for (JsonNode alert : JSON.readTree(exchange.getRequestBody())) {
            Map<String, String> labels = new TreeMap<>();
            alert
                .get("labels")
                .properties()
                .forEach(label -> labels.put(label.getKey(), label.getValue().asText()));
            received
                .computeIfAbsent(place, key -> new ConcurrentSkipListSet<>())
                .add(labels.toString());
          }
          exchange.sendResponseHeaders(200, -1);
          exchange.close();
        });
    receiver.start();
    String address = "127.0.0.1:" + receiver.getAddress().getPort();
    String alerting = ALERTING.replace("PORT", Integer.toString(receiver.getAddress().getPort()));
    Files.writeString(folder.resolve("secret"), "word");
    Files.writeString(
        folder.resolve("targets.json"),
        """
        [{"targets": ["%s"], "labels": {"path": "other"}},
         {"targets": ["%s"], "labels": {"__scheme__": "http"}},
         {"targets": ["h:1", "h:2"], "labels": {"use": "no"}}]
        """
            .formatted(address, address));
    Files.writeString(folder.resolve("rules.yml"), RULES);
    Files.writeString(
        folder.resolve("prometheus.yml"),
        "global: {external_labels: {site: here, replica: r1}}\nrule_files: [rules.yml]\n"
            + alerting);
    Files.writeString(
        folder.resolve("varve.yaml"),
        """
        listen: 127.0.0.1:0
        data_dir: %s
        external_labels: '{site="here", replica="r1"}'
        rules: {files: [rules.yml]}
        """
                .formatted(folder.resolve("data"))
            + alerting);
    int port = ChildProcess.freePort();
    try (Server server = new Server(ServerConfig.load(folder.resolve("varve.yaml")));
        // It finds Alertmanagers late, and tells them of alerts again.
        ChildProcess prometheus =
            ChildProcess.prometheus(
                folder, String.valueOf(program), port, "--rules.alert.resend-delay=500ms");
        ApiClient theirs = new ApiClient(port)) {
      server.recover();
      try (ApiClient ours = new ApiClient(server.address().getPort())) {
        await(prometheus, () -> sent("prometheus").size() == 9 && sent("varve").size() == 9);
        assertThat(sent("varve")).isEqualTo(sent("prometheus"));
        assertThat(alertmanagers(ours)).isEqualTo(alertmanagers(theirs));
        assertThat(alertmanagers(ours)).hasSize(5);

        // A file that changes is followed.
        Files.writeString(
            folder.resolve("targets.json"),
            "[{\"targets\": [\"" + address + "\"], \"labels\": {\"path\": \"changed\"}}]");
        await(
            prometheus, () -> alertmanagers(ours).size() == 2 && alertmanagers(theirs).size() == 2);
        assertThat(alertmanagers(ours)).isEqualTo(alertmanagers(theirs));
      }
    } finally {
      receiver.stop(0);
    }
  }

  private interface Condition {
    boolean holds() throws Exception;
  }

  private static void await(ChildProcess prometheus, Condition condition) throws Exception {
    long until = System.nanoTime() + PATIENCE.toNanos();
    while (System.nanoTime() < until) {
      assertThat(prometheus.isAlive()).as(prometheus.output()).isTrue();
      try {
        if (condition.holds()) {
          return;
        }
      } catch (IOException e) {
        // not there yet
      }
      Thread.sleep(50);
    }
  }

  private Set<String> sent(String by) {
    Set<String> sent = new TreeSet<>();
    received.forEach(
        (place, alerts) -> {
          if (place.startsWith(by + " ")) {
            alerts.forEach(alert -> sent.add(place.substring(by.length()) + " " + alert));
          }
        });
    return sent;
  }

  private static Set<String> alertmanagers(ApiClient client) throws Exception {
    Set<String> all = new TreeSet<>();
    JsonNode data = client.data("/api/v1/alertmanagers");
    for (String kind : new String[] {"activeAlertmanagers", "droppedAlertmanagers"}) {
      data.get(kind).forEach(one -> all.add(kind + " " + one.get("url").asText()));
    }
    return all;
  }
}
