package io.varve.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.varve.http.cli.CommandResult;
import io.varve.http.config.ServerConfig;
import io.varve.http.config.ServerConfig.Address;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Deletes with dry run, undo and receipt, and corrections: over HTTP and on the command line. */
final class DeletesEndpointsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long T = 1_700_000_400_000L;

  @TempDir Path folder;

  private static ServerConfig config(Path data) {
    return ServerConfig.defaults()
        .withListen(new Address("127.0.0.1", 0))
        .withDataDir(data)
        .withAdminApi(true);
  }

  private static void write(ApiClient client) throws Exception {
    RemoteWriteBody body = new RemoteWriteBody();
    for (int s = 0; s < 3; s++) {
      for (int i = 0; i < 10; i++) {
        body.sample(T + i * 1_000L, i, "__name__", "m", "s", "x" + s);
      }
    }
    assertThat(client.write(body).statusCode()).isEqualTo(204);
  }

  private static double count(ApiClient client) throws Exception {
    JsonNode result =
        client
            .data("/api/v1/query", "query", "sum(count_over_time(m[1h]))", "time", "1700001000")
            .get("result");
    return result.isEmpty() ? 0 : result.at("/0/value/1").asDouble();
  }

  @Test
  void overHttp() throws Exception {
    try (Server server = new Server(config(folder.resolve("data")))) {
      server.recover();
      try (ApiClient client = new ApiClient(server.address().getPort())) {
        write(client);
        String[] what = {"match[]", "m{s=~\"x[01]\"}", "start", "1700000405", "dry_run", "true"};
        for (String path : new String[] {"/admin/deletes", "/admin/tsdb/delete_series"}) {
          JsonNode dry = JSON.readTree(client.form("POST", "/api/v1" + path, what).body());
          assertThat(dry.at("/data/0/series").asInt()).isEqualTo(2);
          assertThat(dry.at("/data/0/samples").asInt()).isEqualTo(10);
          assertThat(dry.at("/data/0/windows")).hasSize(1);
        }
        assertThat(count(client)).isEqualTo(30);
        assertThat(client.data("/api/v1/admin/deletes")).isEmpty();

        what[5] = "false";
        JsonNode made = JSON.readTree(client.form("POST", "/api/v1/admin/deletes", what).body());
        String id = made.at("/data/0/id").asText();
        assertThat(made.at("/data/0/samples").asInt()).isEqualTo(10);
        assertThat(count(client)).isEqualTo(20);
        JsonNode listed = client.data("/api/v1/admin/deletes");
        assertThat(listed).hasSize(1);
        assertThat(amendments(client))
            .containsEntry("hiding", "1")
            .containsEntry("purgeDue", "0")
            .containsEntry("hiddenSamples", "10")
            .doesNotContainEntry("oldestHiding", "0001-01-01T00:00:00Z")
            .doesNotContainEntry("hiddenBytes", "0");
        assertThat(listed.at("/0/selector").asText()).isEqualTo("m{s=~\"x[01]\"}");
        assertThat(listed.at("/0/state").asText()).isEqualTo("hidden");
        assertThat(listed.at("/0/start").asDouble()).isEqualTo(1700000405);

        HttpResponse<String> undone = client.form("POST", "/api/v1/admin/deletes/" + id + "/undo");
        assertThat(undone.statusCode()).as(undone.body()).isEqualTo(204);
        assertThat(count(client)).isEqualTo(30);
        HttpResponse<String> twice = client.form("POST", "/api/v1/admin/deletes/" + id + "/undo");
        assertThat(twice.statusCode()).isEqualTo(422);
        assertThat(twice.body()).contains("undone already");
        assertThat(client.data("/api/v1/admin/deletes")).isEmpty();
        assertThat(client.data("/api/v1/admin/deletes", "state", "all")).hasSize(1);

        JsonNode again = JSON.readTree(client.form("POST", "/api/v1/admin/deletes", what).body());
        String next = again.at("/data/0/id").asText();
        client.form("POST", "/api/v1/admin/tsdb/merge");
        assertThat(client.data("/api/v1/admin/deletes")).hasSize(1);
        client.form("POST", "/api/v1/admin/tsdb/clean_tombstones");
        JsonNode receipt = client.data("/api/v1/admin/deletes/" + next);
        assertThat(receipt.get("state").asText()).isEqualTo("purged");
        assertThat(receipt.at("/windows/0/filesRemoved")).isNotEmpty();
        assertThat(receipt.at("/windows/0/filesWritten/0/sha256").asText()).hasSize(64);
        assertThat(client.form("POST", "/api/v1/admin/deletes/" + next + "/undo").body())
            .contains("cannot be undone");
        assertThat(client.get("/api/v1/admin/deletes/123456").statusCode()).isEqualTo(404);
        assertThat(client.get("/api/v1/admin/deletes/x").statusCode()).isEqualTo(400);
        assertThat(client.form("POST", "/api/v1/admin/deletes").statusCode()).isEqualTo(400);

        assertThat(amendments(client))
            .containsEntry("deletes", "2")
            .containsEntry("undeletes", "1")
            .containsEntry("hiding", "0")
            .containsEntry("oldestHiding", "0001-01-01T00:00:00Z")
            .containsEntry("receipts", "1")
            .containsEntry("purgedSamples", "10")
            .containsEntry("corrections", "0");
        assertThat(amendments(client).get("lastReceipt")).startsWith("20");
        assertThat(client.get("/metrics").body())
            .contains("varve_purged_samples_total 10.0\n", "varve_undeletes_total 1.0\n")
            .containsPattern("varve_purged_files_total [1-9]")
            .containsPattern("varve_purged_bytes_total [1-9]")
            .containsPattern("varve_deletes_last_receipt_timestamp_seconds 1\\.\\d+E9");

        String url = "http://127.0.0.1:" + server.address().getPort();
        HttpResponse<String> corrected =
            post(url, "# fixed by hand\nm{s=\"x2\"} 1e3 " + (T + 1000) + "\nnew 5 " + T + "\n");
        assertThat(corrected.statusCode()).as(corrected.body()).isEqualTo(200);
        assertThat(JSON.readTree(corrected.body()).at("/data/samples").asInt()).isEqualTo(2);
        assertThat(amendments(client))
            .containsEntry("corrections", "1")
            .containsEntry("correctedSamples", "2");
        JsonNode max =
            client.data("/api/v1/query", "query", "max_over_time(m[1h])", "time", "1700001000");
        assertThat(max.toString()).contains("1000");
        for (String bad :
            new String[] {
              "m{s=\"x2\"} 1", "m{s=~\"x2\"} 1 5", "m x 5", "m 1 x", "{s=\"x\"} 1 5", "m{ 1 5"
            }) {
          HttpResponse<String> refused = post(url, "ok 1 5\n" + bad + "\n");
          assertThat(refused.statusCode()).as(bad).isEqualTo(400);
          assertThat(refused.body()).contains("line 2");
        }
      }
    }
  }

  private static Map<String, String> amendments(ApiClient client) throws Exception {
    Map<String, String> figures = new TreeMap<>();
    client
        .data("/api/v1/status/retention")
        .get("amendments")
        .properties()
        .forEach(figure -> figures.put(figure.getKey(), figure.getValue().asText()));
    return figures;
  }

  private static HttpResponse<String> post(String url, String text) throws Exception {
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(
          HttpRequest.newBuilder(URI.create(url + "/api/v1/admin/correct"))
              .header("Content-Type", "text/plain")
              .POST(HttpRequest.BodyPublishers.ofString(text))
              .build(),
          HttpResponse.BodyHandlers.ofString());
    }
  }

  @Test
  void onTheCommandLine() throws Exception {
    Path data = folder.resolve("cli");
    Path lines = Files.writeString(folder.resolve("lines"), "m{s=\"x1\"} 77 " + T + "\n");
    try (Server server = new Server(config(data))) {
      server.recover();
      String[] url = {"--url", "http://127.0.0.1:" + server.address().getPort()};
      try (ApiClient client = new ApiClient(server.address().getPort())) {
        write(client);
        CommandResult dry = CommandResult.of("delete", "m{s=\"x1\"}", "--dry-run", url[0], url[1]);
        assertThat(dry.out()).contains("would delete 10 samples of 1 series in 1 windows");
        CommandResult made =
            CommandResult.of("delete", "m{s=\"x1\"}", "--start", "1700000405", url[0], url[1]);
        assertThat(made.exit()).as(made.err()).isZero();
        String id = made.out().replaceAll("(?s)delete (\\d+):.*", "$1");
        assertThat(count(client)).isEqualTo(25);
        assertThat(CommandResult.of("deletes", url[0], url[1]).out())
            .contains(id, "hidden", "s=\"x1\"");
        assertThat(CommandResult.of("undelete", id, url[0], url[1]).out()).contains("is undone");
        assertThat(count(client)).isEqualTo(30);
        CommandResult twice = CommandResult.of("undelete", id, url[0], url[1]);
        assertThat(twice.exit()).isEqualTo(1);
        assertThat(twice.err()).contains("undone already");
        assertThat(CommandResult.of("delete", "nosuch", url[0], url[1]).out())
            .isEqualTo("nothing matches: nothing is deleted\n");
        CommandResult corrected = CommandResult.of("correct", lines.toString(), url[0], url[1]);
        assertThat(corrected.out()).as(corrected.err()).contains("1 samples corrected");
        assertThat(count(client)).isEqualTo(30);
      }
    }
    String[] dir = {"--data-dir", data.toString()};
    assertThat(CommandResult.of("delete", "m", "--dry-run", dir[0], dir[1]).out())
        .contains("would delete 30 samples of 3 series");
    CommandResult made = CommandResult.of("delete", "m{s!=\"x1\"}", dir[0], dir[1]);
    assertThat(made.out()).as(made.err()).contains("20 samples of 2 series");
    String id = made.out().replaceAll("(?s)delete (\\d+):.*", "$1");
    assertThat(CommandResult.of("undelete", id, dir[0], dir[1]).exit()).isZero();
    assertThat(CommandResult.of("correct", lines.toString(), dir[0], dir[1]).exit()).isZero();
    assertThat(CommandResult.of("deletes", "--all", dir[0], dir[1]).out().lines()).hasSize(4);
    assertThat(CommandResult.of("delete", "nosuch", dir[0], dir[1]).out())
        .isEqualTo("nothing matches: nothing is deleted\n");
    CommandResult verified = CommandResult.of("verify", data.toString());
    assertThat(verified.out()).contains("delete " + id, "undone", "no problem");
    String longerThanAPart = "# " + "-".repeat(4 << 20);
    Files.writeString(lines, longerThanAPart + "\n\nm x " + T + "\n");
    assertThat(CommandResult.of("correct", lines.toString(), dir[0], dir[1]).err())
        .endsWith("varve: line 3: \"x\" is no number\n");
    Files.write(lines, new byte[] {'m', (byte) 0xff});
    assertThat(CommandResult.of("correct", lines.toString(), dir[0], dir[1]).err())
        .contains("is not UTF-8 text");
    assertThat(CommandResult.of("delete", "m{", dir[0], dir[1]).exit()).isEqualTo(2);
    assertThat(
            CommandResult.of("delete", "m", "--data-dir", folder.resolve("none").toString()).exit())
        .isEqualTo(1);
  }
}
