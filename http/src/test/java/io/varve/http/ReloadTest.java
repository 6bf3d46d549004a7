package io.varve.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.varve.http.config.ConfigException;
import io.varve.http.config.ServerConfig;
import io.varve.http.reload.Reloadable;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ReloadTest {
  @TempDir private Path folder;

  private final List<String> done = new ArrayList<>();

  private final class Part implements Reloadable {
    private final String name;
    private final String setting;

    Part(String name, String setting) {
      this.name = name;
      this.setting = setting;
    }

    @Override
    public Set<String> settings() {
      return Set.of(setting);
    }

    @Override
    public Runnable prepare(ServerConfig next) {
      done.add("prepare " + name);
      if (next.query().lookbackMillis() == 1) {
        throw new ConfigException(name + " cannot do with this");
      }
      return () -> done.add("commit " + name);
    }
  }

  private Path file(String more) throws Exception {
    Path file = folder.resolve("varve.yaml");
    Files.writeString(
        file,
        "listen: 127.0.0.1:0\ndata_dir: '"
            + folder.resolve("data")
            + "'\nhttp: {lifecycle: true}\n"
            + more);
    return file;
  }

  @Test
  void everyPartIsToldOrNone() throws Exception {
    Path file = file("");
    CountDownLatch quit = new CountDownLatch(1);
    try (Server server =
            new Server(ServerConfig.load(file), () -> ServerConfig.load(file), quit::countDown);
        ApiClient client = new ApiClient(server.address().getPort())) {
      server.reloader().register(new Part("a", "query"));
      server.reloader().register(new Part("b", "otlp.enabled"));
      server.recover();
      String before = client.data("/api/v1/status/runtimeinfo").get("lastConfigTime").asText();

      file("query: {lookback: 2m}\notlp: {enabled: false}\n");
      HttpResponse<String> answer = client.form("POST", "/-/reload");
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
      assertThat(answer.body()).isEmpty();
      assertThat(done).containsExactly("prepare a", "prepare b", "commit a", "commit b");
      assertThat(client.data("/api/v1/status/config").get("yaml").asText())
          .contains("lookback: 2m");
      JsonNode info = client.data("/api/v1/status/runtimeinfo");
      assertThat(info.get("reloadConfigSuccess").asBoolean()).isTrue();
      assertThat(info.get("lastConfigTime").asText()).isGreaterThanOrEqualTo(before);

      // What a part refuses, and a file that is not understood, change nothing.
      done.clear();
      file("query: {lookback: 1ms}\n");
      answer = client.form("PUT", "/-/reload");
      assertThat(answer.statusCode()).isEqualTo(500);
      assertThat(answer.body()).isEqualTo("failed to reload config: a cannot do with this\n");
      assertThat(done).containsExactly("prepare a");
      done.clear();
      file("nope: 1\n");
      assertThat(client.form("POST", "/-/reload").body())
          .startsWith("failed to reload config: " + file + ":4: unknown setting nope");
      assertThat(done).isEmpty();
      info = client.data("/api/v1/status/runtimeinfo");
      assertThat(info.get("reloadConfigSuccess").asBoolean()).isFalse();
      assertThat(client.data("/api/v1/status/config").get("yaml").asText())
          .contains("lookback: 2m");
      assertThat(client.data("/api/v1/notifications").at("/0/text").asText())
          .contains("Configuration reload has failed: " + file + ":4: unknown setting nope");
      assertThat(client.get("/metrics").body())
          .contains("varve_config_last_reload_successful 0.0\n");

      // What nobody takes over is named as long as it differs from what is in force.
      file("query: {threads: 3}\nremote_read: {max_concurrent: 1}\nstorage: {fsync: os}\n");
      answer = client.form("POST", "/-/reload");
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.body())
          .isEqualTo(
              "Reloaded. These settings have changed and need a restart: storage.fsync,"
                  + " remote_read.max_concurrent\n");
      assertThat(client.get("/metrics").body())
          .contains("varve_config_last_reload_successful 1.0\n")
          .contains("varve_config_restart_needed 2.0\n");
      assertThat(client.data("/api/v1/notifications")).isEmpty();
      file("");
      assertThat(client.form("POST", "/-/reload").body()).isEmpty();

      assertThat(client.get("/-/quit").statusCode()).isEqualTo(405);
      assertThat(client.form("POST", "/-/quit").body())
          .isEqualTo("Requesting termination... Goodbye!\n");
      assertThat(quit.await(10, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void otherExternalLabelsNeedNoRestart() throws Exception {
    Files.writeString(
        folder.resolve("rules.yml"),
        """
        groups:
          - name: g
            interval: 50ms
            rules:
              - alert: A
                expr: vector(1)
                annotations: {where: 'in {{ $externalLabels.site }}'}
        """);
    Path file = file("external_labels: '{site=\"one\"}'\nrules: {files: [rules.yml]}\n");
    try (Server server =
            new Server(ServerConfig.load(file), () -> ServerConfig.load(file), () -> {});
        ApiClient client = new ApiClient(server.address().getPort())) {
      server.recover();
      RemoteWriteBody body =
          new RemoteWriteBody().sample(System.currentTimeMillis(), 1, "__name__", "a");
      assertThat(client.write(body).statusCode()).isEqualTo(204);
      awaitAnnotation(client, "in one");
      String since = client.data("/api/v1/alerts").at("/alerts/0/activeAt").asText();
      assertThat(client.get("/federate", "match[]", "a").body()).contains("site=\"one\"");
      file("external_labels: '{site=\"two\"}'\nrules: {files: [rules.yml]}\n");
      assertThat(client.form("POST", "/-/reload").body()).isEmpty();
      assertThat(client.get("/federate", "match[]", "a").body()).contains("site=\"two\"");
      awaitAnnotation(client, "in two");
      assertThat(client.data("/api/v1/alerts").at("/alerts/0/activeAt").asText()).isEqualTo(since);
    }
  }

  private static void awaitAnnotation(ApiClient client, String text) throws Exception {
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!client.data("/api/v1/alerts").at("/alerts/0/annotations/where").asText().equals(text)) {
      assertThat(System.nanoTime()).as("out of patience").isLessThan(until);
      Thread.sleep(20);
    }
  }

  @Test
  void aReloadWaitsForTheStart() throws Exception {
    Path file = file("");
    Server server = new Server(ServerConfig.load(file), () -> ServerConfig.load(file), () -> {});
    server.reloader().register(new Part("a", "query"));
    CountDownLatch over = new CountDownLatch(1);
    Thread asks =
        Thread.ofPlatform()
            .start(
                () -> {
                  server.reloader().reload();
                  over.countDown();
                });
    assertThat(over.await(100, TimeUnit.MILLISECONDS)).isFalse();
    assertThat(done).isEmpty();
    server.recover();
    asks.join();
    assertThat(done).containsExactly("prepare a", "commit a");
    server.close();
    assertThatThrownBy(() -> server.reloader().reload()).hasMessage("the server is stopping");
  }
}
