package io.varve.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.http.config.ServerConfig;
import io.varve.http.config.ServerConfig.Address;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server behind a proxy knows where users find it. */
final class ExternalUrlTest {
  @TempDir private Path folder;

  @Test
  void itIsToldAndItsPathIsThePrefix() throws Exception {
    Path settings = folder.resolve("varve.yaml");
    Files.writeString(settings, "http:\n  external_url: https://metrics.example.org/varve/\n");
    try (Server server =
            new Server(
                ServerConfig.load(settings)
                    .withListen(new Address("127.0.0.1", 0))
                    .withDataDir(folder.resolve("data")));
        ApiClient client = new ApiClient(server.address().getPort())) {
      server.recover();
      assertThat(client.get("/").statusCode()).isEqualTo(302);
      assertThat(client.get("/").headers().firstValue("Location")).hasValue("/varve/");
      assertThat(client.get("/api/v1/labels").statusCode()).isEqualTo(404);
      assertThat(client.data("/varve/api/v1/labels").isEmpty()).isTrue();
      assertThat(client.get("/varve/api/v1/openapi.yaml").body())
          .contains("servers:\n  - url: https://metrics.example.org/varve/api/v1\n");
      assertThat(client.data("/varve/api/v1/status/flags").get("web.external-url").asText())
          .isEqualTo("https://metrics.example.org/varve");
      assertThat(client.data("/varve/api/v1/status/flags").get("web.route-prefix").asText())
          .isEqualTo("/varve");
    }
  }
}
