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
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A real Alertmanager hears of the alerts of a server, and goes on to tell others. */
@Timeout(90)
final class AlertmanagerEndToEndTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @TempDir private Path folder;

  /** What the Alertmanager told others: status and alert name, in order. */
  private final List<String> passedOn = new CopyOnWriteArrayList<>();

  private HttpServer receiver;
  private int port;
  private @Nullable ChildProcess alertmanager;
  private @Nullable Server varve;

  @BeforeEach
  void start() throws Exception {
    String program = ChildProcess.find("prometheus-alertmanager");
    assumeTrue(program != null, "prometheus-alertmanager is not installed");
    receiver = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    receiver.createContext(
        "/",
        exchange -> {
          for (JsonNode alert : JSON.readTree(exchange.getRequestBody()).get("alerts")) {
            passedOn.add(
                alert.get("status").asText() + " " + alert.at("/labels/alertname").asText());
          }
          exchange.sendResponseHeaders(200, -1);
          exchange.close();
        });
    receiver.start();
    port = ChildProcess.freePort();
    Files.writeString(
        folder.resolve("alertmanager.yml"),
        """
        route:
          receiver: hook
          group_by: ['...']
          group_wait: 100ms
          group_interval: 200ms
          repeat_interval: 1h
        receivers:
          - name: hook
            webhook_configs:
              - url: http://127.0.0.1:%d/
                send_resolved: true
        """
            .formatted(receiver.getAddress().getPort()));
    Files.writeString(
        folder.resolve("rules.yml"),
        """
        groups:
          - name: heat
            interval: 200ms
            rules:
              - record: hottest
                expr: max(temperature)
              - alert: Hot
                expr: temperature > 30
                for: 400ms
                labels: {severity: page}
                annotations: {text: "{{ $labels.room }} has {{ $value }}"}
        """);
    startAlertmanager();
  }

  private void configure(String alertmanagers) throws IOException {
    Files.writeString(
        folder.resolve("varve.yaml"),
        """
        listen: 127.0.0.1:0
        data_dir: %s
        external_labels: '{cluster="c", replica="1"}'
        rules:
          files: ["r*.yml"]
          resend_delay: 500ms
        alerting:
          alertmanagers: %s
          drop_labels: [replica]
        """
            .formatted(folder.resolve("data"), alertmanagers));
  }

  @AfterEach
  void stop() throws Exception {
    stopVarve();
    if (alertmanager != null) {
      alertmanager.close();
    }
    receiver.stop(0);
  }

  private ChildProcess startAlertmanager() throws Exception {
    String program = String.valueOf(ChildProcess.find("prometheus-alertmanager"));
    ChildProcess started =
        ChildProcess.start(
            folder,
            "alertmanager",
            List.of(
                program,
                "--config.file=alertmanager.yml",
                "--storage.path=alertmanager",
                "--cluster.listen-address=",
                "--web.listen-address=127.0.0.1:" + port));
    alertmanager = started;
    try (ApiClient client = new ApiClient(port)) {
      await(
          () -> {
            assertThat(started.isAlive()).as(started.output()).isTrue();
            try {
              return client.get("/-/ready").statusCode() == 200;
            } catch (IOException e) {
              return false;
            }
          });
    }
    return started;
  }

  private void startVarve() throws IOException {
    Server server = new Server(ServerConfig.load(folder.resolve("varve.yaml")));
    server.recover();
    varve = server;
  }

  private void stopVarve() throws IOException {
    if (varve != null) {
      varve.close();
      varve = null;
    }
  }

  private ApiClient varveClient() {
    Server server = Objects.requireNonNull(varve);
    return new ApiClient(server.address().getPort());
  }

  private void temperature(double value) throws Exception {
    try (ApiClient client = varveClient()) {
      RemoteWriteBody body =
          new RemoteWriteBody()
              .sample(
                  System.currentTimeMillis(), value, "__name__", "temperature", "room", "kitchen");
      assertThat(client.write(body).statusCode()).isEqualTo(204);
    }
  }

  /** The alerts that the Alertmanager has and that have not gone. */
  private List<JsonNode> active() throws Exception {
    try (ApiClient client = new ApiClient(port)) {
      List<JsonNode> alerts = new ArrayList<>();
      JSON.readTree(client.get("/api/v2/alerts").body()).forEach(alerts::add);
      return alerts;
    }
  }

  private static void await(Callable<Boolean> condition) throws Exception {
    long until = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.call()) {
      assertThat(System.nanoTime()).as("out of patience").isLessThan(until);
      Thread.sleep(50);
    }
  }

  private String metric(String name) throws Exception {
    try (ApiClient client = varveClient()) {
      return client
          .get("/metrics")
          .body()
          .lines()
          .filter(line -> line.startsWith(name) && line.contains(":" + port + "/"))
          .map(line -> line.substring(line.lastIndexOf(' ') + 1))
          .findFirst()
          .orElse("");
    }
  }

  @Test
  void alertsAreReceivedAndResolved() throws Exception {
    int nobody = ChildProcess.freePort();
    configure("[\"http://127.0.0.1:" + port + "\", \"http://127.0.0.1:" + nobody + "/\"]");
    startVarve();
    temperature(31);
    await(() -> active().size() == 1);
    JsonNode alert = active().getFirst();
    assertThat(alert.get("labels").toString())
        .isEqualTo(
            "{\"alertname\":\"Hot\",\"cluster\":\"c\",\"room\":\"kitchen\",\"severity\":\"page\"}");
    assertThat(alert.at("/annotations/text").asText()).isEqualTo("kitchen has 31");
    assertThat(alert.get("generatorURL").asText())
        .startsWith("http://127.0.0.1:")
        .endsWith("/graph?g0.expr=temperature+%3E+30&g0.tab=1");
    try (ApiClient client = varveClient()) {
      JsonNode ours = client.data("/api/v1/alerts").at("/alerts/0");
      assertThat(ours.get("state").asText()).isEqualTo("firing");
      Instant since = Instant.parse(ours.get("activeAt").asText());
      Instant fired = Instant.parse(alert.get("startsAt").asText());
      assertThat(Duration.between(since, fired)).isGreaterThanOrEqualTo(Duration.ofMillis(400));
      JsonNode both = client.data("/api/v1/alertmanagers").get("activeAlertmanagers");
      assertThat(both).hasSize(2);
      assertThat(both.at("/1/url").asText())
          .isEqualTo("http://127.0.0.1:" + nobody + "/api/v2/alerts");
      String written = "hottest == 31 and on () ALERTS{alertname=\"Hot\", alertstate=\"firing\"}";
      await(() -> !client.data("/api/v1/query", "query", written).get("result").isEmpty());
    }
    await(() -> passedOn.contains("firing Hot"));
    temperature(20);
    await(() -> passedOn.contains("resolved Hot"));
    await(() -> active().isEmpty());
    assertThat(Double.parseDouble(metric("varve_notifications_sent_total"))).isPositive();
    assertThat(metric("varve_notifications_errors_total")).isEqualTo("0.0");
  }

  @Test
  void replicasTellOfTheSameAlert() throws Exception {
    configure("[\"http://127.0.0.1:" + port + "\"]");
    String first = Files.readString(folder.resolve("varve.yaml"));
    startVarve();
    Path file = folder.resolve("second.yaml");
    Files.writeString(
        file, first.replace("replica=\"1\"", "replica=\"2\"").replace("/data\n", "/data2\n"));
    Server one = Objects.requireNonNull(varve);
    try (Server two = new Server(ServerConfig.load(file))) {
      two.recover();
      for (Server server : List.of(one, two)) {
        varve = server;
        temperature(31);
        await(() -> metric("varve_notifications_sent_total").compareTo("0.0") > 0);
      }
      assertThat(active()).hasSize(1);
      await(() -> passedOn.contains("firing Hot"));
      varve = one;
      temperature(20);
      varve = two;
      temperature(20);
      await(() -> passedOn.contains("resolved Hot"));
      assertThat(passedOn).doesNotHaveDuplicates();
    } finally {
      varve = one;
    }
  }

  @Test
  void theAlertmanagerMayGoAndComeBack() throws Exception {
    configure("[\"http://127.0.0.1:" + port + "\"]");
    startVarve();
    temperature(31);
    await(() -> passedOn.contains("firing Hot"));
    ChildProcess first = Objects.requireNonNull(alertmanager);
    first.kill();
    assertThat(first.await(10)).isNotNull();
    await(() -> !metric("varve_notifications_errors_total").equals("0.0"));
    startAlertmanager();
    await(() -> active().size() == 1);
    // Killed, the first one remembers nothing. What the second one has not passed on, no other
    // ends.
    await(() -> Collections.frequency(passedOn, "firing Hot") == 2);
    // What ends while nobody listens is told afterwards. (It stops in order, to remember of what it
    // has told others.)
    ChildProcess second = Objects.requireNonNull(alertmanager);
    second.terminate();
    assertThat(second.await(10)).isNotNull();
    temperature(20);
    try (ApiClient client = varveClient()) {
      await(() -> client.data("/api/v1/alerts").get("alerts").isEmpty());
    }
    await(() -> metric("varve_notifications_queue_length").equals("1.0"));
    startAlertmanager();
    await(() -> metric("varve_notifications_queue_length").equals("0.0"));
    await(() -> passedOn.contains("resolved Hot"));
    assertThat(active()).isEmpty();
  }

  @Test
  void theServerMayGoAndComeBack() throws Exception {
    configure("[\"http://127.0.0.1:" + port + "\"]");
    startVarve();
    temperature(31);
    await(() -> active().size() == 1);
    String fingerprint = active().getFirst().get("fingerprint").asText();
    stopVarve();
    startVarve();
    temperature(32);
    await(
        () ->
            active().stream()
                .anyMatch(a -> a.at("/annotations/text").asText().equals("kitchen has 32")));
    assertThat(active()).hasSize(1);
    assertThat(active().getFirst().get("fingerprint").asText()).isEqualTo(fingerprint);
    // While nobody tells of it any more, it is taken for gone after a while.
    stopVarve();
    await(() -> passedOn.contains("resolved Hot"));
    startVarve();
    temperature(33);
    await(() -> active().size() == 1);
    temperature(20);
    await(() -> passedOn.stream().filter("resolved Hot"::equals).count() == 2);
    await(() -> active().isEmpty());
  }
}
