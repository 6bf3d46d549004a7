package io.varve.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.varve.http.config.ServerConfig;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Continuous aggregates from the configuration to the answer. */
final class AggregatesTest {
  private static final long HOUR = 3_600_000;
  private static final String RULES =
      "aggregates:\n"
          + "  audit_interval: 1s\n"
          + "  rules:\n"
          + "    - {name: all, resolutions: [5m, 1h], functions: [increase, max]}\n";

  @TempDir private Path folder;

  private Path file(String more) throws Exception {
    Path file = folder.resolve("varve.yaml");
    Files.writeString(
        file,
        "listen: 127.0.0.1:0\ndata_dir: '"
            + folder.resolve("data")
            + "'\nhttp: {lifecycle: true, admin_api: true}\n"
            + more);
    return file;
  }

  @Test
  void queriesUseThemByThemselves() throws Exception {
    Path file = file(RULES);
    CountDownLatch quit = new CountDownLatch(1);
    try (Server server =
            new Server(ServerConfig.load(file), () -> ServerConfig.load(file), quit::countDown);
        ApiClient client = new ApiClient(server.address().getPort())) {
      server.recover();
      long start = (System.currentTimeMillis() / HOUR - 30) * HOUR;
      RemoteWriteBody body = new RemoteWriteBody();
      for (int i = 0; i < 20 * 240; i++) {
        body.sample(start + 1 + i * 15_000L, i * 3, "__name__", "x_total", "n", "1");
        body.sample(start + 1 + i * 15_000L, i % 7, "__name__", "y", "n", "1");
      }
      assertThat(client.write(body).statusCode()).isEqualTo(204);
      assertThat(client.form("POST", "/api/v1/admin/tsdb/merge").statusCode()).isEqualTo(204);
      awaitCells(client);

      long at = (start + 18 * HOUR) / 1000;
      JsonNode by = ask(client, "increase(x_total[12h])", at, "explain", "1");
      assertThat(node(by, "aggregateCells")).isBetween(12L, 24L);
      assertThat(node(by, "samples")).isZero();
      JsonNode without =
          ask(client, "increase(x_total[12h])", at, "explain", "1", "aggregates", "none");
      assertThat(node(without, "aggregateCells")).isZero();
      assertThat(node(without, "samples")).isGreaterThanOrEqualTo(12 * 240);
      assertThat(by.get("result")).isEqualTo(without.get("result"));
      // What its cells do not know is answered from the samples.
      JsonNode sum = ask(client, "sum_over_time(y[12h])", at, "explain", "1");
      assertThat(sum.get("result"))
          .isEqualTo(ask(client, "sum_over_time(y[12h])", at, "aggregates", "none").get("result"));
      assertThat(client.get("/api/v1/query", "query", "x_total", "aggregates", "some").statusCode())
          .isEqualTo(400);
      // They are no series of their own.
      assertThat(client.data("/api/v1/label/__name__/values"))
          .hasSize(2)
          .extracting(JsonNode::asText)
          .containsExactly("x_total", "y");

      for (int i = 0; i < 100 && audited(client) == 0; i++) {
        Thread.sleep(100);
      }
      assertThat(audited(client)).isPositive();
      assertThat(client.data("/api/v1/status/aggregates").at("/audit/wrongFiles").asLong())
          .isZero();

      file("aggregates:\n  rules:\n    - {name: odd, resolutions: [7m]}\n");
      HttpResponse<String> refused = client.form("POST", "/-/reload");
      assertThat(refused.statusCode()).isEqualTo(500);
      assertThat(refused.body()).contains("odd").contains("does not divide");
      file("");
      assertThat(client.form("POST", "/-/reload").statusCode()).isEqualTo(200);
      for (int i = 0; i < 100 && cells(client) > 0; i++) {
        Thread.sleep(100);
      }
      assertThat(cells(client)).isZero();
    }
  }

  @Test
  void groupedOnesAnswerByThemselves() throws Exception {
    Path file =
        file(
            "storage: {window: 4h, flush_span: 1h}\naggregates:\n  audit_interval: 1s\n  rules:\n"
                + "    - {name: jobs, resolutions: [1h], match: x_total, functions: [rate],"
                + " by: [job]}\n");
    CountDownLatch quit = new CountDownLatch(1);
    try (Server server =
            new Server(ServerConfig.load(file), () -> ServerConfig.load(file), quit::countDown);
        ApiClient client = new ApiClient(server.address().getPort())) {
      server.recover();
      long start = (System.currentTimeMillis() / (4 * HOUR) - 8) * 4 * HOUR;
      RemoteWriteBody body = new RemoteWriteBody();
      for (int s = 0; s < 4; s++) {
        for (int i = 0; i < 20 * 240; i++) {
          body.sample(
              start + 1 + i * 15_000L,
              i * (3L + s),
              "__name__",
              "x_total",
              "job",
              "j" + s % 2,
              "n",
              "" + s);
        }
      }
      assertThat(client.write(body).statusCode()).isEqualTo(204);
      assertThat(client.form("POST", "/api/v1/admin/tsdb/merge").statusCode()).isEqualTo(204);
      JsonNode status = client.data("/api/v1/status/aggregates");
      for (int i = 0; i < 200 && status.at("/groups/0/windows").asLong() < 5; i++) {
        Thread.sleep(50);
        status = client.data("/api/v1/status/aggregates");
      }
      assertThat(status.at("/groups/0/windowsLeft").asLong()).isZero();
      assertThat(status.at("/groups/0/bytes").asLong()).isPositive();
      assertThat(status.at("/aggregates/0/by/0").asText()).isEqualTo("job");
      assertThat(status.at("/aggregates/0/columns/0").asText()).isEqualTo("sum(rate)");

      String[] ask = {
        "query",
        "sum by (job) (rate(x_total[1h]))",
        "start",
        Long.toString((start + HOUR) / 1000),
        "end",
        Long.toString((start + 20 * HOUR) / 1000),
        "step",
        "3600",
        "explain",
        "1",
        "aggregates",
        "all"
      };
      JsonNode by = client.data("/api/v1/query_range", ask);
      assertThat(by.at("/explain/0/remarks/0").asText())
          .isEqualTo("grouped aggregate 'jobs' at 1h: 5 of 5 windows");
      assertThat(by.at("/explain/0/samples").asLong()).isZero();
      ask[11] = "none";
      JsonNode without = client.data("/api/v1/query_range", ask);
      assertThat(without.at("/explain/0/remarks")).isEmpty();
      assertThat(without.at("/result/1/values")).hasSize(20);
      assertThat(by.get("result")).isEqualTo(without.get("result"));
      // They are no series of their own.
      assertThat(client.data("/api/v1/label/__name__/values")).hasSize(1);

      for (int i = 0; i < 100 && checked(client) == 0; i++) {
        Thread.sleep(100);
      }
      assertThat(checked(client)).isPositive();
      assertThat(client.data("/api/v1/status/aggregates").at("/audit/wrongTables").asLong())
          .isZero();
      assertThat(tables()).isEqualTo(5);
      file("");
      assertThat(client.form("POST", "/-/reload").statusCode()).isEqualTo(200);
      for (int i = 0; i < 100 && tables() > 0; i++) {
        Thread.sleep(100);
      }
      assertThat(tables()).isZero();
    }
  }

  private long tables() throws Exception {
    try (Stream<Path> files = Files.walk(folder.resolve("data"))) {
      return files.filter(path -> path.toString().endsWith(".grp")).count();
    } catch (UncheckedIOException e) {
      return 1; // one has just gone
    }
  }

  private static long checked(ApiClient client) throws Exception {
    return client.data("/api/v1/status/aggregates").at("/audit/checkedValues").asLong();
  }

  private static void awaitCells(ApiClient client) throws Exception {
    for (int i = 0; i < 200; i++) {
      JsonNode status = client.data("/api/v1/status/aggregates");
      long left = 0;
      for (JsonNode resolution : status.get("resolutions")) {
        left += resolution.get("filesLeft").asLong();
      }
      if (left == 0 && cells(client) > 0) {
        return;
      }
      Thread.sleep(50);
    }
    throw new AssertionError("cells are not made");
  }

  private static long cells(ApiClient client) throws Exception {
    long cells = 0;
    for (JsonNode each : client.data("/api/v1/status/aggregates").get("resolutions")) {
      cells += each.get("cells").asLong();
    }
    return cells;
  }

  private static long audited(ApiClient client) throws Exception {
    return client.data("/api/v1/status/aggregates").at("/audit/checkedCells").asLong();
  }

  private static JsonNode ask(ApiClient client, String query, long at, String... more)
      throws Exception {
    String[] all = new String[4 + more.length];
    all[0] = "query";
    all[1] = query;
    all[2] = "time";
    all[3] = Long.toString(at);
    System.arraycopy(more, 0, all, 4, more.length);
    return client.data("/api/v1/query", all);
  }

  private static long node(JsonNode data, String field) {
    return data.at("/explain/0/" + field).asLong();
  }
}
