package io.varve.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.varve.http.cli.VarveCommand;
import io.varve.http.config.ServerConfig;
import io.varve.http.config.ServerConfig.Address;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** What is said and done about queries besides their answers. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class QueriesTest {
  private static final long T = 1_700_000_400_000L;

  private Server server;
  private ApiClient client;

  @BeforeAll
  void start(@TempDir Path folder) throws Exception {
    server =
        new Server(
            ServerConfig.defaults()
                .withListen(new Address("127.0.0.1", 0))
                .withDataDir(folder.resolve("data"))
                .withAdminApi(true));
    client = new ApiClient(server.address().getPort());
    server.recover();
    RemoteWriteBody body = new RemoteWriteBody();
    for (int i = 0; i < 60; i++) {
      body.sample(T + i * 15_000L, i, "__name__", "up", "job", "a")
          .sample(T + i * 15_000L, 2 * i, "__name__", "up", "job", "b");
    }
    assertThat(client.write(body).statusCode()).isEqualTo(204);
  }

  @AfterAll
  void stop() throws IOException {
    client.close();
    server.close();
  }

  private record Output(int exit, String out, String err) {}

  private Output varve(String... arguments) {
    PrintStream out = System.out;
    PrintStream err = System.err;
    ByteArrayOutputStream outBytes = new ByteArrayOutputStream();
    ByteArrayOutputStream errBytes = new ByteArrayOutputStream();
    System.setOut(new PrintStream(outBytes, true, StandardCharsets.UTF_8));
    System.setErr(new PrintStream(errBytes, true, StandardCharsets.UTF_8));
    try {
      int exit = VarveCommand.run(arguments);
      return new Output(
          exit,
          outBytes.toString(StandardCharsets.UTF_8),
          errBytes.toString(StandardCharsets.UTF_8));
    } finally {
      System.setOut(out);
      System.setErr(err);
    }
  }

  private String url() {
    return "http://127.0.0.1:" + server.address().getPort();
  }

  private static String seconds(long millis) {
    return Double.toString(millis / 1000.0);
  }

  @Test
  void aQueryIsExplained() throws Exception {
    String time = seconds(T + 600_000);
    JsonNode data =
        client.data("/api/v1/query", "query", "sum(rate(up[5m]))", "time", time, "explain", "1");
    JsonNode sum = data.at("/explain/0");
    assertThat(sum.get("node").asText()).isEqualTo("sum");
    assertThat(sum.at("/children/0/node").asText()).isEqualTo("rate over up[5m]");
    assertThat(sum.at("/children/0/selectedSeries").asInt()).isEqualTo(2);
    assertThat(sum.at("/children/0/samples").asInt()).isGreaterThanOrEqualTo(40);
    assertThat(sum.at("/children/0/seconds").asDouble()).isPositive();
    assertThat(client.data("/api/v1/query", "query", "up", "time", time).has("explain")).isFalse();
    HttpResponse<String> refused = client.get("/api/v1/query", "query", "up", "explain", "maybe");
    assertThat(refused.statusCode()).isEqualTo(400);
    assertThat(refused.body()).contains("invalid parameter \\\"explain\\\"");
  }

  @Test
  void theCommandLineAsksAServer() {
    String time = seconds(T + 600_000);
    Output instant = varve("query", "up", "--time", time, "--url", url());
    assertThat(instant.out()).isEqualTo("up{job=\"a\"}  40\nup{job=\"b\"}  80\n");
    assertThat(instant.exit()).isZero();
    assertThat(varve("query", "1 + 1", "--url", url()).out()).isEqualTo("2\n");
    Output range =
        varve(
            "query",
            "sum(up)",
            "--start",
            time,
            "--end",
            seconds(T + 630_000),
            "--step",
            "15s",
            "--url",
            url() + "/");
    assertThat(range.out())
        .isEqualTo(
            """
            {}
              2023-11-14T22:30:00Z  120
              2023-11-14T22:30:15Z  123
              2023-11-14T22:30:30Z  126
            """);
    Output explained = varve("query", "sum(up)", "--explain", "--time", time, "--url", url());
    assertThat(explained.out().lines().toList())
        .hasSize(5)
        .startsWith("{}  120", "")
        .anyMatch(line -> line.matches("PLAN +SERIES +SELECTED .*"))
        .anyMatch(line -> line.matches("  up +2 +2 .* ms"));
    Output wrong = varve("query", "sum(", "--url", url());
    assertThat(wrong.exit()).isEqualTo(1);
    assertThat(wrong.err()).startsWith("varve: bad_data: ");
    assertThat(varve("query", "up", "--step", "1m", "--url", url()).exit()).isEqualTo(2);
    assertThat(varve("query", "up", "--url", "http://127.0.0.1:1").err())
        .isEqualTo("varve: nothing answers at http://127.0.0.1:1\n");
  }
}
