package io.varve.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.varve.http.cli.VarveCommand;
import io.varve.http.config.ServerConfig;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Continuous aggregates that are declared over HTTP and on the command line. */
final class DeclaredAggregatesTest {
  private static final String PATH = "/api/v1/admin/aggregates";

  @TempDir private Path folder;

  private interface Visit {
    void with(ApiClient client, String url) throws Exception;
  }

  private Path file(String more) throws Exception {
    Path file = folder.resolve("varve.yaml");
    Files.writeString(
        file,
        "listen: 127.0.0.1:0\ndata_dir: '"
            + folder.resolve("data")
            + "'\n"
            + (more.contains("http:") ? "" : "http: {lifecycle: true, admin_api: true}\n")
            + more);
    return file;
  }

  private void serve(String more, Visit visit) throws Exception {
    Path file = file(more);
    CountDownLatch quit = new CountDownLatch(1);
    try (Server server =
            new Server(ServerConfig.load(file), () -> ServerConfig.load(file), quit::countDown);
        ApiClient client = new ApiClient(server.address().getPort())) {
      server.recover();
      visit.with(client, "http://127.0.0.1:" + server.address().getPort());
    }
  }

  private static List<String> names(ApiClient client) throws Exception {
    List<String> names = new ArrayList<>();
    for (JsonNode one : client.data(PATH)) {
      names.add(one.get("name").asText() + " " + one.get("origin").asText());
    }
    return names;
  }

  private static HttpResponse<String> add(ApiClient client, String name) throws Exception {
    return client.form(
        "POST",
        PATH,
        "name",
        name,
        "match",
        "x_total",
        "resolutions",
        "5m,1h",
        "functions",
        "rate, max",
        "by",
        "job");
  }

  @Test
  void theyAreKeptOverRestartsAndReloads() throws Exception {
    String rules = "aggregates:\n  rules:\n    - {name: mine, resolutions: [1h]}\n";
    serve(
        rules,
        (client, url) -> {
          assertThat(add(client, "jobs").statusCode()).isEqualTo(200);
          assertThat(add(client, "a/b ü").statusCode()).isEqualTo(200);
          assertThat(names(client)).containsExactly("mine file", "a/b ü api", "jobs api");
          JsonNode status = client.data("/api/v1/status/aggregates").get("aggregates");
          assertThat(status.at("/0/origin").asText()).isEqualTo("file");
          assertThat(status.at("/2/origin").asText()).isEqualTo("api");
          assertThat(status.at("/2/by/0").asText()).isEqualTo("job");
          assertThat(status.at("/2/columns")).hasSize(2);
          HttpResponse<String> taken = add(client, "mine");
          assertThat(taken.statusCode()).isEqualTo(400);
          assertThat(taken.body()).contains("stands in the configuration file");
          HttpResponse<String> other = client.form("DELETE", PATH + "/mine");
          assertThat(other.statusCode()).isEqualTo(400);
          assertThat(other.body()).contains("stands in the configuration file");
          assertThat(client.form("DELETE", PATH + "/nobody").statusCode()).isEqualTo(404);
        });
    serve(
        rules,
        (client, url) -> {
          assertThat(names(client)).containsExactly("mine file", "a/b ü api", "jobs api");
          assertThat(client.form("DELETE", PATH + "/a%2Fb%20%C3%BC").statusCode()).isEqualTo(204);
          // One of that name cannot be had twice.
          file("aggregates:\n  rules:\n    - {name: jobs, resolutions: [1h]}\n");
          HttpResponse<String> refused = client.form("POST", "/-/reload");
          assertThat(refused.statusCode()).isEqualTo(500);
          assertThat(refused.body()).contains("was declared over HTTP");
          file("");
          assertThat(client.form("POST", "/-/reload").statusCode()).isEqualTo(200);
          assertThat(names(client)).containsExactly("jobs api");
        });
    serve(
        "aggregates:\n  rules:\n    - {name: jobs, resolutions: [1h]}\n",
        (client, url) -> assertThat(names(client)).containsExactly("jobs file"));
    serve(
        "",
        (client, url) -> {
          assertThat(names(client)).containsExactly("jobs api");
          assertThat(client.form("DELETE", PATH + "/jobs").statusCode()).isEqualTo(204);
          assertThat(names(client)).isEmpty();
        });
    serve("", (client, url) -> assertThat(names(client)).isEmpty());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "name | resolutions | 1h | | name: is missing",
        "name=a | functions | rate | | resolutions: is missing",
        "name=a | resolutions | soon | | resolutions",
        "name=a | resolutions | 7m | | do not divide",
        "name=a | resolutions | 1h | match={ | no series selector",
        "name=a | resolutions | 1h | by=job | functions: is missing",
        "name=a | resolutions | 1h | functions=p99 | is none of",
        "name=a\": [ | resolutions | ] | | resolutions"
      })
  void nonsenseIsRefused(String name, String key, String value, String more, String problem)
      throws Exception {
    serve(
        "",
        (client, url) -> {
          List<String> form = new ArrayList<>(List.of(key, value));
          for (String pair : new String[] {name, more == null ? "" : more}) {
            if (pair.contains("=")) {
              form.add(pair.substring(0, pair.indexOf('=')));
              form.add(pair.substring(pair.indexOf('=') + 1));
            }
          }
          HttpResponse<String> refused = client.form("POST", PATH, form.toArray(new String[0]));
          assertThat(refused.statusCode()).as(refused.body()).isEqualTo(400);
          assertThat(refused.body()).contains(problem);
          assertThat(names(client)).isEmpty();
        });
  }

  @Test
  void theyAreClosedWithoutTheAdminApi() throws Exception {
    serve(
        "http: {admin_api: false}\n",
        (client, url) -> {
          assertThat(add(client, "jobs").body()).contains("admin APIs disabled");
          assertThat(client.get(PATH).body()).contains("admin APIs disabled");
          assertThat(client.form("DELETE", PATH + "/jobs").body()).contains("admin APIs disabled");
        });
  }

  @Test
  void theCommandLineDeclaresThem() throws Exception {
    serve(
        "",
        (client, url) -> {
          assertThat(
                  run(
                      "aggregates",
                      "add",
                      "jobs",
                      "--match",
                      "x_total",
                      "--resolutions",
                      "1h",
                      "--functions",
                      "rate",
                      "--by",
                      "job,zone",
                      "--aggregations",
                      "avg",
                      "--url",
                      url))
              .contains("by: [\"job\", \"zone\"]")
              .contains("aggregations: [avg]");
          assertThat(
                  run("aggregates", "add", "a", "--by", "job", "--resolutions", "1h", "--url", url))
              .contains("give one, as --match a_metric");
          assertThat(run("aggregates", "list", "--url", url))
              .contains("NAME", "ORIGIN", "jobs", "api", "match: \"x_total\"; resolutions: [1h]");
          assertThat(run("aggregates", "remove", "jobs", "--url", url)).contains("is gone");
          assertThat(run("aggregates", "remove", "jobs", "--url", url))
              .contains("there is no aggregate 'jobs'");
          assertThat(names(client)).isEmpty();
        });
  }

  /** What a command prints. */
  private static String run(String... arguments) {
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    PrintStream out = System.out;
    PrintStream err = System.err;
    try (PrintStream here = new PrintStream(printed, true, StandardCharsets.UTF_8)) {
      System.setOut(here);
      System.setErr(here);
      var _ = VarveCommand.run(arguments);
    } finally {
      System.setOut(out);
      System.setErr(err);
    }
    return printed.toString(StandardCharsets.UTF_8);
  }
}
