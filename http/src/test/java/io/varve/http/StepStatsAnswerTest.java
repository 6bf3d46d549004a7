package io.varve.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.varve.http.config.ServerConfig;
import io.varve.http.config.ServerConfig.Address;
import io.varve.query.Feature;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code stats=all} says of each step once {@code promql-per-step-stats} is on. */
final class StepStatsAnswerTest {
  private static final long T = 1_700_000_400L;

  @TempDir private Path folder;

  @Test
  void theStepsOfAQueryAreTold() throws Exception {
    ServerConfig config =
        ServerConfig.defaults()
            .withListen(new Address("127.0.0.1", 0))
            .withFeatures(Set.of(Feature.PER_STEP_STATS))
            .withDataDir(folder.resolve("data"));
    try (Server server = new Server(config);
        ApiClient client = new ApiClient(server.address().getPort())) {
      server.recover();
      RemoteWriteBody body = new RemoteWriteBody();
      for (int i = 0; i < 10; i++) {
        body.sample((T + 10L * i) * 1000, i, "__name__", "m");
      }
      assertThat(client.write(body).statusCode()).isEqualTo(204);
      String answer =
          client
              .get(
                  "/api/v1/query_range",
                  "query",
                  "sum_over_time(m[30s])",
                  "start",
                  "1700000400",
                  "end",
                  "1700000420",
                  "step",
                  "10.5",
                  "stats",
                  "all")
              .body();
      assertThat(answer)
          .contains(
              "\"samples\":{"
                  + "\"totalQueryableSamplesPerStep\":[[1700000400,1],[1700000410.5,2]],"
                  + "\"totalQueryableSamples\":3,"
                  + "\"samplesReadPerStep\":[[1700000400,1],[1700000410.5,1]],"
                  + "\"samplesRead\":2,");
      JsonNode instant =
          samples(client, "/api/v1/query", "all", "query", "m", "time", "1700000400");
      assertThat(instant.get("totalQueryableSamplesPerStep").toString())
          .isEqualTo("[[1700000400,1]]");
      assertThat(samples(client, "/api/v1/query", "true", "query", "m").has("samplesReadPerStep"))
          .isFalse();
      assertThat(client.data("/api/v1/features").at("/promql/per_step_stats").asBoolean()).isTrue();
    }
  }

  private static JsonNode samples(ApiClient client, String path, String stats, String... arguments)
      throws Exception {
    String[] all = Arrays.copyOf(arguments, arguments.length + 2);
    all[arguments.length] = "stats";
    all[arguments.length + 1] = stats;
    return client.data(path, all).at("/stats/samples");
  }
}
