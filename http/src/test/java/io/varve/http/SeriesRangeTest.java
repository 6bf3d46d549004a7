package io.varve.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.varve.engine.model.StaleMarker;
import io.varve.http.config.ServerConfig;
import io.varve.http.config.ServerConfig.Address;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Series are listed for the ranges in which they have samples, not for the whole of a day. */
final class SeriesRangeTest {
  private static final long T = 1_700_006_400; // a day begins

  @TempDir private Path folder;

  /** The instances of {@code up} with samples in a range, in seconds after the day's begin. */
  private static List<String> instances(ApiClient client, long from, long to) throws Exception {
    JsonNode series =
        client.data(
            "/api/v1/series",
            "match[]",
            "up",
            "start",
            String.valueOf(T + from),
            "end",
            String.valueOf(T + to));
    List<String> instances = new ArrayList<>();
    series.forEach(labels -> instances.add(labels.get("instance").asText()));
    return instances;
  }

  private static void up(RemoteWriteBody body, String instance, long from, long to) {
    for (long time = from; time <= to; time += 60) {
      body.sample((T + time) * 1000, (double) (time % 7), "__name__", "up", "instance", instance);
    }
  }

  private static void check(ApiClient client) throws Exception {
    assertThat(instances(client, 0, 86_000)).containsExactly("a", "b", "c", "d");
    assertThat(instances(client, 0, 59)).isEmpty();
    assertThat(instances(client, 60, 60)).containsExactly("a", "b", "d");
    assertThat(instances(client, 61, 119)).isEmpty();
    assertThat(instances(client, 3600, 3600)).containsExactly("a", "b");
    assertThat(instances(client, 3601, 7199)).containsExactly("a");
    assertThat(instances(client, 5000, 9000)).containsExactly("a", "c", "d");
    assertThat(instances(client, 7201, 9000)).containsExactly("a", "c");
    assertThat(instances(client, 18_001, 20_000)).isEmpty();
  }

  @Test
  void withinOneDay() throws Exception {
    ServerConfig config =
        ServerConfig.defaults()
            .withListen(new Address("127.0.0.1", 0))
            .withDataDir(folder.resolve("data"))
            .withAdminApi(true);
    try (Server server = new Server(config);
        ApiClient client = new ApiClient(server.address().getPort())) {
      server.recover();
      RemoteWriteBody body = new RemoteWriteBody();
      up(body, "a", 60, 18_000);
      up(body, "b", 60, 3600);
      up(body, "c", 7200, 18_000);
      up(body, "d", 60, 120);
      body.sample((T + 7200) * 1000, StaleMarker.VALUE, "__name__", "up", "instance", "d");
      assertThat(client.write(body).statusCode()).isEqualTo(204);
      check(client);
      assertThat(client.form("POST", "/api/v1/admin/tsdb/merge").statusCode()).isEqualTo(204);
      check(client);
      // What is deleted is not there:
      assertThat(
              client
                  .form(
                      "POST",
                      "/api/v1/admin/tsdb/delete_series",
                      "match[]",
                      "up{instance=\"a\"}",
                      "start",
                      String.valueOf(T),
                      "end",
                      String.valueOf(T + 7200))
                  .statusCode())
          .isEqualTo(204);
      assertThat(instances(client, 60, 60)).containsExactly("b", "d");
      assertThat(instances(client, 3601, 7260)).containsExactly("a", "c", "d");
    }
  }
}
