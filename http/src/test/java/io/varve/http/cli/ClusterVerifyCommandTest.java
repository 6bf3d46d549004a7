package io.varve.http.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.http.cluster.ClusterSecret;
import io.varve.http.net.Availability;
import io.varve.http.net.HttpListener;
import io.varve.http.net.Origins;
import io.varve.http.net.Route;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the command makes of the answers of three nodes. */
@Timeout(20)
final class ClusterVerifyCommandTest {
  private static final String SECRET = "of-three";
  private static final String GOOD =
      """
      {"read":1}
      {"report":{"files":7,"bytes":1234567,"damaged":0,"repaired":0,"compared":2,"differences":0,"problems":[]}}
      """;

  @TempDir Path dir;

  private final List<HttpListener> nodes = new ArrayList<>();

  @AfterEach
  void close() {
    nodes.forEach(HttpListener::close);
  }

  private CommandResult verify(String... answers) throws IOException {
    StringBuilder config =
        new StringBuilder("cluster:\n  node: n1\n  secret: " + SECRET + "\n  peers:\n");
    for (int i = 0; i < answers.length; i++) {
      String answer = answers[i];
      HttpListener node =
          new HttpListener(
              "127.0.0.1",
              0,
              new HttpListener.Limits(1 << 20, 60_000, 5_000, Origins.ALL, ""),
              List.of(
                  Route.text(
                      "/api/v1/cluster/shards/0/verify",
                      new ClusterSecret(SECRET)
                          .guard(
                              (request, response) ->
                                  response.stream(
                                      200,
                                      "application/x-ndjson",
                                      out -> out.send(answer.getBytes(StandardCharsets.UTF_8)))),
                      "POST")),
              () -> Availability.READY,
              (failure, request, response) -> response.text(500, String.valueOf(failure)),
              (route, status, nanos, in, out) -> {});
      nodes.add(node);
      config.append("    - id: n").append(i + 1).append("\n      http: 127.0.0.1:");
      config.append(node.address().getPort()).append("\n      raft: 127.0.0.1:").append(i + 1);
      config.append('\n');
    }
    Path file = dir.resolve("node.yaml");
    Files.writeString(file, config);
    return CommandResult.of("cluster", "verify", "--config", file.toString());
  }

  @Test
  void threeGoodNodes() throws IOException {
    CommandResult result = verify(GOOD, GOOD, GOOD);
    assertThat(result.out())
        .contains(
            "n3: 7 files of 1,234,567 bytes read, 0 damaged, 0 put right; compared with 2 other"
                + " nodes, 0 differences");
    assertThat(result.exit()).isZero();
  }

  @Test
  void problemsAreNamedWithTheirNode() throws IOException {
    CommandResult result =
        verify(
            GOOD,
            """
            {"report":{"files":7,"bytes":9,"damaged":1,"repaired":0,"compared":2,"differences":0,"problems":["a.tch is damaged"]}}
            """,
            """
            {"error":"the store of shard 0 is not open"}
            """);
    assertThat(result.out())
        .contains("n2: PROBLEM a.tch is damaged")
        .contains("n3: PROBLEM the store of shard 0 is not open");
    assertThat(result.exit()).isEqualTo(1);
  }

  @Test
  void anAnswerThatEndsEarlyIsAProblem() throws IOException {
    CommandResult result = verify(GOOD, "{\"read\":1}\n", "no JSON\n");
    assertThat(result.out())
        .contains("n2: PROBLEM the answer was broken off")
        .contains("n3: PROBLEM answers what is not understood");
    assertThat(result.exit()).isEqualTo(1);
  }
}
