package io.varve.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.varve.http.cli.CommandResult;
import io.varve.http.config.ServerConfig;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rules of the configuration, from a reload to what is asked about them. */
final class RetentionEndpointsTest {
  private static final long DAY = 86_400_000;

  @TempDir private Path folder;

  private final long now = System.currentTimeMillis();

  private Path file(String name, String retention) throws Exception {
    Path file = folder.resolve(name);
    Files.writeString(
        file,
        "listen: 127.0.0.1:0\ndata_dir: '"
            + folder.resolve("data")
            + "'\nhttp: {lifecycle: true, admin_api: true}\n"
            + retention);
    return file;
  }

  /** Ten days of three teams, an hour apart. */
  private void write(ApiClient client) throws Exception {
    RemoteWriteBody body = new RemoteWriteBody();
    for (long time = now - 10 * DAY; time < now; time += DAY / 24) {
      for (String team : new String[] {"x", "y", "debug"}) {
        body.sample(time, time % 97, "__name__", "m", "team", team, "only_" + team, "1");
      }
    }
    assertThat(client.write(body).statusCode()).isEqualTo(204);
    assertThat(client.form("POST", "/api/v1/admin/tsdb/merge").statusCode()).isEqualTo(204);
  }

  private List<Long> counts(ApiClient client) throws Exception {
    JsonNode result =
        client
            .data(
                "/api/v1/query", "query", "sort(count_over_time(m[30d]))", "time", now / 1000 + "")
            .get("result");
    List<Long> counts = new ArrayList<>();
    result.forEach(series -> counts.add(series.at("/value/1").asLong()));
    return counts;
  }

  private static TreeSet<String> texts(JsonNode list) {
    TreeSet<String> texts = new TreeSet<>();
    list.forEach(item -> texts.add(item.asText()));
    return texts;
  }

  @Test
  void aReloadedPolicyHoldsAtOnce() throws Exception {
    Path file = file("varve.yaml", "");
    try (Server server =
            new Server(ServerConfig.load(file), () -> ServerConfig.load(file), () -> {});
        ApiClient client = new ApiClient(server.address().getPort())) {
      server.recover();
      write(client);
      List<Long> all = counts(client);
      assertThat(all).hasSize(3).allMatch(count -> count >= 239);

      // First the plan.
      String rules =
          """
          storage: {retention: 30d}
          retention:
            keep:
              - {match: '{team="debug"}', for: 1h}
              - {match: '{team=~"y|debug", only_y="1"}', for: 3d}
              - {match: '{team="y"}', for: 2d}
              - {resolution: 1h, for: 5y}
          """;
      Path changed = file("changed.yaml", rules);
      HttpResponse<String> answer =
          client.form("POST", "/api/v1/status/retention/plan", "config", Files.readString(changed));
      JsonNode plan = new ObjectMapper().readTree(answer.body()).get("data");
      // Nine in the first hour of a day: the window that ended with it still holds what is kept.
      assertThat(plan.get("windows").size()).as(answer.body()).isBetween(9, 11);
      assertThat(plan.at("/windows/0/series").asInt()).isEqualTo(2);
      assertThat(plan.at("/windows/0/whole").asBoolean()).isFalse();
      assertThat(plan.at("/windows/0/laterBytes").asLong()).isPositive();
      assertThat(plan.at("/windows/0/reason").asText()).isEqualTo("age");
      assertThat(counts(client)).isEqualTo(all);
      assertThat(client.data("/api/v1/status/retention/plan").get("windows")).isEmpty();

      Files.copy(changed, file, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
      answer = client.form("POST", "/-/reload");
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
      assertThat(answer.body()).isEmpty();
      List<Long> left = counts(client);
      assertThat(left.getLast()).isEqualTo(all.getLast());
      assertThat(left.get(left.size() - 2)).isBetween(71L, 97L);
      if (left.size() == 3) {
        assertThat(left.getFirst()).isLessThan(26); // the window that an hour ago belongs to
      }
      long oldEnd = (now - 5 * DAY) / 1000;
      assertThat(
              texts(
                  client.data(
                      "/api/v1/label/team/values",
                      "match[]",
                      "m",
                      "start",
                      "0",
                      "end",
                      Long.toString(oldEnd))))
          .containsExactly("x");
      assertThat(client.data("/api/v1/series", "match[]", "m", "start", "0", "end", oldEnd + ""))
          .hasSize(1);
      assertThat(client.get("/metrics").body())
          .contains("varve_dropped_bytes_total{reason=\"age\"}")
          .contains("varve_retention_class_bytes{class=\"default\"}");

      explained(client, server.address().getPort(), file);

      // A wrong rule changes nothing.
      file("varve.yaml", "retention: {keep: [{match: '{team=', for: 1d}]}\n");
      answer = client.form("POST", "/-/reload");
      assertThat(answer.statusCode()).isEqualTo(500);
      assertThat(answer.body()).contains("varve.yaml:4: retention.keep[0].match: ");
      assertThat(client.data("/api/v1/status/retention").get("rules")).hasSize(4);

      // A milder policy brings nothing back.
      file("varve.yaml", "");
      assertThat(client.form("POST", "/-/reload").statusCode()).isEqualTo(200);
      assertThat(client.data("/api/v1/status/retention").get("default").asText())
          .isEqualTo("forever");
      assertThat(counts(client)).isEqualTo(left);
    }
    CommandResult verify = CommandResult.of("verify", folder.resolve("data").toString());
    assertThat(verify.exit()).as(verify.toString()).isZero();
  }

  private void explained(ApiClient client, int port, Path file) throws Exception {
    JsonNode status = client.data("/api/v1/status/retention");
    assertThat(status.get("default").asText()).isEqualTo("30d");
    assertThat(status.at("/rules/3/resolution").asText()).isEqualTo("1h");
    assertThat(status.at("/disk/maxBytes").asLong()).isZero();
    JsonNode explained =
        client.data("/api/v1/status/retention/explain", "match[]", "m{team=\"y\"}");
    assertThat(explained).hasSize(1);
    JsonNode series = explained.get(0);
    assertThat(series.at("/metric/team").asText()).isEqualTo("y");
    assertThat(series.get("stored").asBoolean()).isTrue();
    assertThat(series.get("keep").asText()).isEqualTo("3d");
    assertThat(series.at("/rule/number").asInt()).isEqualTo(1);
    assertThat(series.at("/weaker/0/number").asInt()).isEqualTo(2);
    assertThat(series.at("/aggregates/0/keep").asText()).isEqualTo("5y");
    assertThat(series.get("keptFrom").asDouble() * 1000)
        .isBetween((double) (now - 4 * DAY), (double) (now - 2 * DAY));
    // Labels that nobody has written.
    explained = client.data("/api/v1/status/retention/explain", "match[]", "none{team=\"debug\"}");
    assertThat(explained.at("/0/stored").asBoolean()).isFalse();
    assertThat(explained.at("/0/keep").asText()).isEqualTo("1h");
    assertThat(client.get("/api/v1/status/retention/explain").statusCode()).isEqualTo(400);
    assertThat(
            client
                .form("POST", "/api/v1/status/retention/plan", "config", "retention: {kep: 1}")
                .body())
        .contains("unknown setting retention.kep");

    String url = "http://127.0.0.1:" + port;
    CommandResult told = CommandResult.of("retention", "explain", "m{team=\"y\"}", "--url", url);
    assertThat(told.exit()).as(told.toString()).isZero();
    assertThat(told.out())
        .contains("kept for 3d, now from ")
        .contains("by retention.keep[1]: {team=~\"y|debug\",only_y=\"1\"}, for 3d")
        .contains("which is stronger than retention.keep[2]: {team=\"y\"}, for 2d")
        .contains("aggregates of 1h: kept for 5y");
    told = CommandResult.of("retention", "explain", "m{team=\"z\"}", "--config", file.toString());
    assertThat(told.out()).contains("kept for 30d").contains("by storage.retention");
    assertThat(
            CommandResult.of("retention", "explain", "m{team=~\"z\"}", "--config", file.toString())
                .exit())
        .isEqualTo(2);
    Path strict = file("strict.yaml", "storage: {retention: 1d}\nretention: {max_bytes: 1B}\n");
    told =
        CommandResult.of(
            "retention", "plan", "--url", url, "--config", strict.toString(), "--files");
    assertThat(told.exit()).as(told.toString()).isZero();
    assertThat(told.out()).contains("whole").contains(".tch").contains(" would go at once from ");
    CommandResult offline =
        CommandResult.of(
            "retention",
            "plan",
            "--config",
            strict.toString(),
            "--data-dir",
            folder.resolve("data").toString());
    assertThat(offline.exit()).as(offline.toString()).isZero();
    assertThat(offline.out()).contains("whole").contains(" would go at once from ");
    assertThat(CommandResult.of("retention", "plan", "--url", url).out())
        .contains("nothing would go of ");
    assertThat(CommandResult.of("retention").exit()).isEqualTo(2);
  }
}
