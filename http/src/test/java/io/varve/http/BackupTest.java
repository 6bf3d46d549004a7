package io.varve.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.varve.engine.S3Mock;
import io.varve.http.cli.VarveCommand;
import io.varve.http.config.BackupConfig;
import io.varve.http.config.ServerConfig;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Backups of a server, in a folder and against an S3 mock in a process of its own. */
final class BackupTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long T = 1_700_000_400_000L;
  private static final String KEY = "00112233445566778899aabbccddeeff".repeat(2);

  @TempDir static Path shared;
  @TempDir Path folder;

  private static @Nullable S3Mock mock;

  private record Result(int exit, String out, String err) {}

  @BeforeAll
  static void start() throws Exception {
    System.setProperty("aws.accessKeyId", "key");
    System.setProperty("aws.secretAccessKey", "secret");
    System.setProperty("aws.region", "eu-central-1");
  }

  @AfterAll
  static void stop() {
    S3Mock running = mock;
    if (running != null) {
      running.close();
    }
    for (String name : List.of("aws.accessKeyId", "aws.secretAccessKey", "aws.region")) {
      System.clearProperty(name);
    }
  }

  private static S3Mock mock() throws Exception {
    S3Mock running = mock;
    if (running == null) {
      running = S3Mock.start(shared);
      mock = running;
    }
    return running;
  }

  private static Result run(String... args) {
    PrintStream out = System.out;
    PrintStream err = System.err;
    ByteArrayOutputStream outBytes = new ByteArrayOutputStream();
    ByteArrayOutputStream errBytes = new ByteArrayOutputStream();
    try {
      System.setOut(new PrintStream(outBytes, true, StandardCharsets.UTF_8));
      System.setErr(new PrintStream(errBytes, true, StandardCharsets.UTF_8));
      int exit = VarveCommand.run(args);
      return new Result(
          exit,
          outBytes.toString(StandardCharsets.UTF_8),
          errBytes.toString(StandardCharsets.UTF_8));
    } finally {
      System.setOut(out);
      System.setErr(err);
    }
  }

  private static Result good(List<String> args) {
    Result result = run(args.toArray(String[]::new));
    assertThat(result.exit()).as(result.err() + result.out()).isZero();
    return result;
  }

  private static List<String> args(List<String> options, String... command) {
    List<String> all = new ArrayList<>(List.of("backup"));
    all.addAll(List.of(command));
    all.addAll(options);
    return all;
  }

  /** What a store answers to a set of queries. */
  private static Map<String, JsonNode> answers(ApiClient client) throws Exception {
    Map<String, JsonNode> answers = new LinkedHashMap<>();
    for (String query :
        List.of("m", "sum by (s) (rate(m[5m]))", "count_over_time(m[1h])", "quantile(0.9, m)")) {
      answers.put(
          query,
          client.data(
              "/api/v1/query_range",
              "query",
              query,
              "start",
              Long.toString(T / 1000 - 86_400),
              "end",
              Long.toString(T / 1000 + 7_200),
              "step",
              "600"));
    }
    answers.put("series", client.data("/api/v1/series", "match[]", "{__name__=~\".+\"}"));
    answers.put("metadata", client.data("/api/v1/metadata"));
    return answers;
  }

  private static void write(ApiClient client, int round) throws Exception {
    RemoteWriteBody body = new RemoteWriteBody();
    for (int s = 0; s < 20; s++) {
      for (int i = 0; i < 40; i++) {
        long time = T + (round * 40L + i) * 10_000L - (s == 7 ? 86_400_000L : 0);
        body.sample(time, round + i * s / 7.0, "__name__", "m", "s", "x" + s);
      }
    }
    assertThat(client.write(body).statusCode()).isEqualTo(204);
  }

  private ServerConfig config(Path data, List<String> place) {
    StringBuilder yaml = new StringBuilder("listen: 127.0.0.1:0\ndata_dir: " + data + "\n");
    yaml.append("http:\n  admin_api: true\n");
    if (!place.isEmpty()) {
      yaml.append("backup:\n");
    }
    for (int i = 0; i < place.size(); i += 2) {
      yaml.append("  ").append(place.get(i).substring(2).replace('-', '_'));
      yaml.append(": \"").append(place.get(i + 1)).append("\"\n");
    }
    return ServerConfig.parse("test.yaml", yaml.toString());
  }

  /** Backups between writes, deletes and merges come back exactly as it was then. */
  private void goesBackInTime(List<String> place) throws Exception {
    List<String> names = new ArrayList<>();
    List<Map<String, JsonNode>> then = new ArrayList<>();
    try (Server server = new Server(config(folder.resolve("data"), place))) {
      server.recover();
      int port = server.address().getPort();
      try (ApiClient client = new ApiClient(port)) {
        for (int round = 0; round < 4; round++) {
          write(client, round);
          switch (round) {
            case 1 ->
                assertThat(client.form("POST", "/api/v1/admin/tsdb/merge").statusCode())
                    .isEqualTo(204);
            case 2 ->
                assertThat(
                        client
                            .form("POST", "/api/v1/admin/deletes", "match[]", "m{s=~\"x1.*\"}")
                            .statusCode())
                    .isEqualTo(200);
            case 3 ->
                assertThat(client.form("POST", "/api/v1/admin/tsdb/clean_tombstones").statusCode())
                    .isEqualTo(204);
            default -> then.clear();
          }
          then.add(answers(client));
          Result made = run("backup", "create", "--url", "http://127.0.0.1:" + port);
          assertThat(made.exit()).as(made.err()).isZero();
          names.add(made.out().split("[ :]", 3)[1]);
        }
        assertThat(client.get("/metrics").body())
            .contains("varve_backups_total 4.0")
            .contains("varve_backup_last_failed 0.0")
            .doesNotContain("varve_archive_");
        assertThat(folder.resolve("data/backup")).doesNotExist();
      }
    }
    Result listed = good(args(place, "list"));
    assertThat(listed.out().lines().skip(1).map(line -> line.split(" ", 2)[0]))
        .containsExactlyElementsOf(names);
    assertThat(good(args(place, "verify")).out()).contains("4 backups of", "no problem");
    for (int i = 0; i < names.size(); i++) {
      Path restored = folder.resolve("restored-" + i);
      good(args(place, "restore", i == 3 ? "latest" : names.get(i), restored.toString()));
      assertThat(run("verify", restored.toString()).out()).contains("no problem");
      try (Server server = new Server(config(restored, place))) {
        server.recover();
        try (ApiClient client = new ApiClient(server.address().getPort())) {
          assertThat(answers(client)).as(names.get(i)).isEqualTo(then.get(i));
        }
      }
    }
    Result pruned = good(args(place, "prune", "--keep-last", "2"));
    assertThat(pruned.out()).contains("removed " + names.get(0), "2 backups removed, 2 kept");
    assertThat(good(args(place, "verify")).out()).contains("2 backups of", "no problem");
    good(args(place, "restore", names.get(2), folder.resolve("again").toString()));
  }

  @Test
  void inFolder() throws Exception {
    goesBackInTime(List.of("--store", folder.resolve("backups").toString()));
  }

  @Test
  void inObjectStore() throws Exception {
    goesBackInTime(
        List.of("--store", "s3://" + S3Mock.BUCKET + "/plain", "--endpoint", mock().endpoint()));
  }

  @Test
  void encryptedInObjectStore() throws Exception {
    Path key = folder.resolve("backup.key");
    Files.writeString(key, KEY + "\n");
    List<String> place =
        List.of(
            "--store",
            "s3://" + S3Mock.BUCKET + "/encrypted",
            "--endpoint",
            mock().endpoint(),
            "--encryption-key-file",
            key.toString());
    goesBackInTime(place);
    Result without = run(args(place.subList(0, 4), "list").toArray(String[]::new));
    assertThat(without.exit()).isEqualTo(1);
    assertThat(without.err()).contains("encrypted; the key is needed");
    Files.writeString(key, "ff".repeat(32));
    Result wrong = run(args(place, "verify").toArray(String[]::new));
    assertThat(wrong.exit()).isEqualTo(1);
    assertThat(wrong.err()).contains("were encrypted with another key");
    Files.writeString(key, "short");
    assertThat(run(args(place, "list").toArray(String[]::new)).exit()).isEqualTo(2);
  }

  @Test
  void namesDamagedObjectsOfAnObjectStore() throws Exception {
    List<String> place =
        List.of("--store", "s3://" + S3Mock.BUCKET + "/damage", "--endpoint", mock().endpoint());
    String name = backUpFolder(place);
    Path file = newestFile(mock().objects());
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 1;
    Files.write(file, bytes);
    Result verified = run(args(place, "verify").toArray(String[]::new));
    assertThat(verified.exit()).isEqualTo(1);
    assertThat(verified.out())
        .contains("PROBLEM object objects/", "is damaged", "of backup " + name, "1 problems");
  }

  /** The file of a data folder that the mock has stored last. */
  private static Path newestFile(Path objects) throws IOException {
    try (Stream<Path> walk = Files.walk(objects)) {
      long newest = 0;
      Path found = objects;
      for (Path path : walk.filter(Files::isRegularFile).toList()) {
        if (path.getFileName().toString().equals("binaryData")
            && Files.size(path) > 1_000
            && Files.readAllBytes(path)[0] != '{' // a listing
            && Files.getLastModifiedTime(path).toMillis() > newest) {
          newest = Files.getLastModifiedTime(path).toMillis();
          found = path;
        }
      }
      return found;
    }
  }

  private String backUpFolder(List<String> place) throws Exception {
    Path data = folder.resolve("single");
    try (Server server = new Server(config(data, place))) {
      server.recover();
      try (ApiClient client = new ApiClient(server.address().getPort())) {
        write(client, 0);
        client.form("POST", "/api/v1/admin/tsdb/merge");
        write(client, 1);
      }
    }
    Result made = good(args(place, "create", "--data-dir", data.toString()));
    return made.out().split("[ :]", 3)[1];
  }

  @Test
  void aServerMakesBackupsByItself() throws Exception {
    List<String> place = List.of("--store", folder.resolve("backups").toString());
    ServerConfig base = config(folder.resolve("data"), place);
    BackupConfig b = base.backup();
    String yaml = base.yaml().replace("every: never", "every: 1m");
    ServerConfig config = ServerConfig.parse("test.yaml", yaml);
    assertThat(config.backup().everyMillis()).isEqualTo(60_000);
    assertThat(b.everyMillis()).isZero();
    try (Server server = new Server(config)) {
      server.recover();
      try (ApiClient client = new ApiClient(server.address().getPort())) {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        JsonNode status = client.data("/api/v1/admin/backups");
        while (status.path("made").asInt() == 0 && System.nanoTime() < until) {
          Thread.sleep(20);
          status = client.data("/api/v1/admin/backups");
        }
        assertThat(status.path("made").asInt()).as(status.toString()).isEqualTo(1);
        assertThat(status.path("failure").asText()).isEmpty();
      }
    }
    assertThat(good(args(place, "list")).out().lines()).hasSize(2);
  }

  @Test
  void aServerWithoutPlaceSaysSo() throws Exception {
    try (Server server = new Server(config(folder.resolve("data"), List.of()))) {
      server.recover();
      try (ApiClient client = new ApiClient(server.address().getPort())) {
        var refused = client.form("POST", "/api/v1/admin/backups");
        assertThat(refused.statusCode()).isEqualTo(400);
        assertThat(JSON.readTree(refused.body()).path("error").asText())
            .contains("set backup.store");
      }
    }
  }
}
