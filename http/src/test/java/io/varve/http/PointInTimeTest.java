package io.varve.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.varve.engine.S3Mock;
import io.varve.engine.Seeds;
import io.varve.http.cli.VarveCommand;
import io.varve.http.config.ServerConfig;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A server under writes, deletes, corrections, merges and other policies is asked at random seconds
 * what it knows; a store that is restored to one of them answers the same. What is acknowledged
 * before a second begins belongs to it, what is logged in it or later does not: so it is asked in
 * the quiet end of the second before.
 */
final class PointInTimeTest {
  private static final long HOUR = 3_600_000L;
  private static final List<String> CREDENTIALS =
      List.of("aws.accessKeyId", "aws.secretAccessKey", "aws.region");

  @TempDir Path folder;

  private record Result(int exit, String out, String err) {}

  private static Result run(List<String> args) {
    PrintStream out = System.out;
    PrintStream err = System.err;
    ByteArrayOutputStream outBytes = new ByteArrayOutputStream();
    ByteArrayOutputStream errBytes = new ByteArrayOutputStream();
    try {
      System.setOut(new PrintStream(outBytes, true, StandardCharsets.UTF_8));
      System.setErr(new PrintStream(errBytes, true, StandardCharsets.UTF_8));
      int exit = VarveCommand.run(args.toArray(String[]::new));
      return new Result(
          exit,
          outBytes.toString(StandardCharsets.UTF_8),
          errBytes.toString(StandardCharsets.UTF_8));
    } finally {
      System.setOut(out);
      System.setErr(err);
    }
  }

  private static List<String> args(List<String> place, String... command) {
    List<String> all = new ArrayList<>(List.of("backup"));
    all.addAll(List.of(command));
    all.addAll(place);
    return all;
  }

  private static String yaml(Path data, List<String> place, String retention) {
    StringBuilder yaml = new StringBuilder("listen: 127.0.0.1:0\ndata_dir: " + data + "\n");
    yaml.append("http:\n  admin_api: true\n  lifecycle: true\n");
    yaml.append("storage:\n  retention: ").append(retention).append('\n');
    yaml.append("backup:\n");
    for (int i = 0; i < place.size(); i += 2) {
      yaml.append("  ").append(place.get(i).substring(2).replace('-', '_'));
      yaml.append(": \"").append(place.get(i + 1)).append("\"\n");
    }
    return yaml.toString();
  }

  /** What is written and asked; the same for each life of the store. */
  private static final class Workload {
    final Random random;

    /**
     * A policy that keeps samples up to the noon of a day, and samples around the midnight before
     * it: so that what it lets go is the same for hours.
     */
    final long hours = 39 * 24 - 12 + System.currentTimeMillis() / HOUR % 24;

    final long base =
        (System.currentTimeMillis() - hours * HOUR) / (24 * HOUR) * (24 * HOUR) - 2 * HOUR;
    final List<String[]> queries = new ArrayList<>();
    int round;
    boolean shortened;

    Workload(Random random) {
      this.random = random;
      String[] functions = {
        "rate", "increase", "sum_over_time", "count_over_time", "last_over_time"
      };
      for (int i = 0; i < 8; i++) {
        String matcher = "m{s=~\"x[0-" + random.nextInt(10) + "]\"}";
        String query =
            switch (i % 4) {
              case 0 -> matcher;
              case 1 -> "sum(" + functions[i % 5] + "(" + matcher + "[1h]))";
              case 2 -> "count by (s) (m)";
              default -> "quantile(0." + random.nextInt(10) + ", " + matcher + ")";
            };
        queries.add(new String[] {query, Integer.toString(600 * (1 + random.nextInt(6)))});
      }
    }

    void step(ApiClient client) throws Exception {
      switch (round % 7 == 6 ? random.nextInt(4) : 4) {
        case 0 ->
            assertThat(
                    client
                        .form(
                            "POST",
                            "/api/v1/admin/deletes",
                            "match[]",
                            "m{s=\"x" + random.nextInt(10) + "\"}",
                            "start",
                            Long.toString(base / 1000),
                            "end",
                            Long.toString(base / 1000 + random.nextInt(30_000)))
                        .statusCode())
                .isEqualTo(200);
        case 1 ->
            assertThat(client.form("POST", "/api/v1/admin/tsdb/merge").statusCode()).isEqualTo(204);
        case 2 ->
            assertThat(client.form("POST", "/api/v1/admin/tsdb/clean_tombstones").statusCode())
                .isEqualTo(204);
        default -> write(client);
      }
      round++;
    }

    private void write(ApiClient client) throws Exception {
      RemoteWriteBody body = new RemoteWriteBody();
      long from = base + (random.nextInt(4) == 0 ? random.nextInt(round + 1) : round) * 300_000L;
      for (int s = 0; s < 10; s++) {
        for (int i = 0; i < 10; i++) {
          body.sample(
              from + i * 30_000L, round * 100 + random.nextInt(100), "__name__", "m", "s", "x" + s);
        }
      }
      int status =
          round % 9 == 8 ? correct(client, body).statusCode() : client.write(body).statusCode();
      // Under the short policy, samples of the first day are too old.
      assertThat(status).isIn(shortened ? List.of(204, 400) : List.of(204));
    }

    private static HttpResponse<String> correct(ApiClient client, RemoteWriteBody body)
        throws Exception {
      return client.send(
          client
              .to("/api/v1/admin/correct")
              .header("Content-Type", "application/x-protobuf")
              .header("Content-Encoding", "snappy")
              .POST(HttpRequest.BodyPublishers.ofByteArray(body.compressed()))
              .build());
    }

    List<JsonNode> answers(ApiClient client) throws Exception {
      List<JsonNode> answers = new ArrayList<>();
      for (String[] query : queries) {
        answers.add(
            client.data(
                "/api/v1/query_range",
                "query",
                query[0],
                "start",
                Long.toString(base / 1000 - 1_800),
                "end",
                Long.toString(base / 1000 + 12 * 3_600),
                "step",
                query[1]));
      }
      answers.add(client.data("/api/v1/series", "match[]", "{__name__=~\".+\"}"));
      return answers;
    }
  }

  /** Waits for the next second and gives it; nobody writes meanwhile. */
  private static long nextSecond() throws InterruptedException {
    long second = System.currentTimeMillis() / 1000 + 1;
    while (System.currentTimeMillis() < second * 1000) {
      Thread.sleep(1);
    }
    return second;
  }

  private void travels(long seed, List<String> place) throws Exception {
    Random random = new Random(seed);
    Workload work = new Workload(random);
    List<String> archived = new ArrayList<>(place);
    archived.addAll(List.of("--archive", "1s"));
    Path data = folder.resolve("data");
    String[] policies = {"90d", work.hours + "h", "60d"};
    AtomicReference<String> policy = new AtomicReference<>("90d");
    TreeMap<Long, List<JsonNode>> then = new TreeMap<>();
    TreeMap<Long, String> policyThen = new TreeMap<>();
    for (int life = 0; life < 2; life++) {
      try (Server server =
          new Server(
              ServerConfig.parse("test.yaml", yaml(data, archived, String.valueOf(policy.get()))),
              () ->
                  ServerConfig.parse(
                      "test.yaml", yaml(data, archived, String.valueOf(policy.get()))),
              () -> {})) {
        server.recover();
        try (ApiClient client = new ApiClient(server.address().getPort())) {
          awaitBackup(client, life);
          for (int moment = 0; moment < 3; moment++) {
            for (int step = 5 + random.nextInt(15); step > 0; step--) {
              work.step(client);
            }
            if (moment == 1) {
              policy.set(policies[life + 1]);
              work.shortened = life == 0;
              assertThat(client.form("POST", "/-/reload").statusCode()).isEqualTo(200);
              work.step(client);
            }
            List<JsonNode> answers = work.answers(client);
            long second = nextSecond();
            then.put(second, answers);
            policyThen.put(second, policy.get());
            if (life == 0 && moment == 1) {
              assertThat(client.form("POST", "/api/v1/admin/backups").statusCode()).isEqualTo(200);
            }
          }
          work.step(client);
          assertThat(client.get("/metrics").body())
              .contains("varve_archive_last_failed 0.0", "varve_archive_gaps_total 0.0")
              .doesNotContain("varve_archive_records_total 0.0");
        }
      }
    }
    assertThat(then.values().stream().distinct().count()).isEqualTo(6);
    Result listed = run(args(place, "list"));
    assertThat(listed.exit()).as(listed.err()).isZero();
    assertThat(listed.out()).contains("can be restored with --at");
    assertThat(run(args(place, "verify")).out()).contains(" of the log, no problem");
    List<Long> moments = new ArrayList<>(then.keySet());
    Collections.shuffle(moments, random);
    for (long moment : moments.subList(0, 3)) {
      Path restored = folder.resolve("restored-" + moment);
      Result result =
          run(args(place, "restore", "--at", Long.toString(moment), restored.toString()));
      assertThat(result.exit()).as(result.err() + listed.out()).isZero();
      String settings = yaml(restored, place, String.valueOf(policyThen.get(moment)));
      try (Server server = new Server(ServerConfig.parse("test.yaml", settings))) {
        server.recover();
        try (ApiClient client = new ApiClient(server.address().getPort())) {
          assertThat(work.answers(client)).as(result.out()).isEqualTo(then.get(moment));
        }
      }
    }
    Result unknown =
        run(args(place, "restore", "--at", "2001-01-01T00:00:00Z", folder.resolve("x").toString()));
    assertThat(unknown.exit()).isEqualTo(1);
    assertThat(unknown.err()).contains("those of these seconds are:\n  20");
  }

  private static void awaitBackup(ApiClient client, int life) throws Exception {
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (life == 0 && client.data("/api/v1/admin/backups").path("made").asInt() == 0) {
      assertThat(System.nanoTime()).isLessThan(until);
      Thread.sleep(20);
    }
  }

  @Test
  void inFolder() throws Exception {
    travels(Seeds.usual(8_601), List.of("--store", folder.resolve("backups").toString()));
  }

  @Test
  void encryptedInObjectStore() throws Exception {
    Path key =
        Files.writeString(folder.resolve("key"), "00112233445566778899aabbccddeeff".repeat(2));
    for (String name : CREDENTIALS) {
      System.setProperty(name, name.equals("aws.region") ? "eu-central-1" : "key");
    }
    try (S3Mock mock = S3Mock.start(folder)) {
      List<String> place =
          List.of(
              "--store",
              "s3://" + S3Mock.BUCKET + "/in/time",
              "--endpoint",
              mock.endpoint(),
              "--encryption-key-file",
              key.toString());
      travels(Seeds.usual(8_608), place);
      // An object of the log is the one that begins with its name in the mock's folder.
      Path damaged = null;
      try (Stream<Path> walk = Files.walk(mock.objects())) {
        for (Path file : walk.filter(Files::isRegularFile).sorted().toList()) {
          Path meta = file.resolveSibling("objectMetadata.json");
          if (file.getFileName().toString().equals("binaryData")
              && Files.readString(meta).matches("(?s).*/log/[^\"]*/[0-9]{8}/.*")) {
            damaged = file;
          }
        }
      }
      Path object = Objects.requireNonNull(damaged);
      String name =
          Files.readString(object.resolveSibling("objectMetadata.json"))
              .replaceFirst("(?s).*in/time/(log/[^\"]*)\".*", "$1");
      byte[] bytes = Files.readAllBytes(object);
      bytes[bytes.length / 2] ^= 1;
      Files.write(object, bytes);
      Result verified = run(args(place, "verify"));
      assertThat(verified.exit()).isEqualTo(1);
      assertThat(verified.out()).contains("PROBLEM object " + name + " is damaged", "1 problems");
    } finally {
      CREDENTIALS.forEach(System::clearProperty);
    }
  }
}
