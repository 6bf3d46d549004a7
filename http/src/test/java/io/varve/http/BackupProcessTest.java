package io.varve.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.varve.engine.Seeds;
import io.varve.http.cli.VarveCommand;
import io.varve.http.config.ServerConfig;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Backups when processes are killed, and when a store does not answer. */
final class BackupProcessTest {
  private static final Pattern LISTENING = Pattern.compile("listening on http://[^:]+:(\\d+)");
  private static final long T = 1_700_000_400_000L;
  private static final String KEY = "00112233445566778899aabbccddeeff".repeat(2);
  private static final String VARIABLE = "VARVE_TEST_BACKUP_KEY";

  @TempDir Path folder;

  private int runs;

  private record Result(int exit, String out) {}

  private static Result run(String... args) {
    PrintStream out = System.out;
    PrintStream err = System.err;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
      System.setErr(new PrintStream(bytes, true, StandardCharsets.UTF_8));
      int exit = VarveCommand.run(args);
      return new Result(exit, bytes.toString(StandardCharsets.UTF_8));
    } finally {
      System.setOut(out);
      System.setErr(err);
    }
  }

  /** A process of the program, with the key in its environment. */
  private ChildProcess start(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of("env", VARIABLE + "=" + KEY));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    for (String flag : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
      if (flag.startsWith("--add-")
          || flag.startsWith("--enable-native")
          || flag.startsWith("--sun-misc")) {
        command.add(flag);
      }
    }
    String classPath =
        System.getProperty(
            "varve.test.class.path",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
    command.addAll(List.of("-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
    command.addAll(List.of("-cp", classPath, "io.varve.http.Main"));
    command.addAll(Arrays.asList(arguments));
    return ChildProcess.start(folder, "run" + runs++, command);
  }

  private static int ready(ChildProcess server) throws Exception {
    server.awaitOutput("ready after");
    Matcher matcher = LISTENING.matcher(server.output());
    assertThat(matcher.find()).as(server.output()).isTrue();
    return Integer.parseInt(matcher.group(1));
  }

  private static void write(ApiClient client, int round) throws Exception {
    RemoteWriteBody body = new RemoteWriteBody();
    for (int s = 0; s < 20; s++) {
      for (int i = 0; i < 20; i++) {
        body.sample(T + (round * 20L + i) * 10_000L, round + i * s, "__name__", "m", "s", "x" + s);
      }
    }
    assertThat(client.write(body).statusCode()).isEqualTo(204);
  }

  private static JsonNode answer(ApiClient client) throws Exception {
    return client.data(
        "/api/v1/query_range",
        "query",
        "m",
        "start",
        Long.toString(T / 1000),
        "end",
        Long.toString(T / 1000 + 7_200),
        "step",
        "10");
  }

  private static JsonNode await(ApiClient client, Predicate<JsonNode> wanted) throws Exception {
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(40);
    JsonNode status = client.data("/api/v1/admin/backups");
    while (!wanted.test(status)) {
      assertThat(System.nanoTime()).as(status.toString()).isLessThan(until);
      Thread.sleep(20);
      status = client.data("/api/v1/admin/backups");
    }
    return status;
  }

  private String yaml(String name, String backup) throws IOException {
    String yaml =
        "listen: 127.0.0.1:0\ndata_dir: data\nhttp:\n  admin_api: true\n  lifecycle: true\n"
            + "storage: {fsync: always}\nbackup: "
            + backup
            + "\n";
    Files.writeString(folder.resolve(name), yaml);
    return yaml;
  }

  private static long nextSecond() {
    return System.currentTimeMillis() / 1_000 + 1;
  }

  /** Waits for a second, writes in it, and waits until the archive reaches to there. */
  private static void writeInSecond(ApiClient client, long second, int number) throws Exception {
    while (System.currentTimeMillis() < second * 1_000) {
      Thread.sleep(1);
    }
    write(client, number);
    await(client, status -> status.path("archive").path("archivedTo").asLong() >= second);
  }

  @Test
  void killedWhileBackingUpAndWhileRestoring() throws Exception {
    Random random = new Random(Seeds.usual(8_607));
    yaml("varve.yaml", "{store: store, encryption_key_env: " + VARIABLE + ", archive: 1s}");
    Path key = Files.writeString(folder.resolve("key"), KEY);
    String[] place = {
      "--store", folder.resolve("store").toString(), "--encryption-key-file", key.toString()
    };
    JsonNode then = null;
    long second = 0;
    for (int life = 0; life < 3; life++) {
      try (ChildProcess server = start("serve", "--config", "varve.yaml")) {
        try (ApiClient client = new ApiClient(ready(server))) {
          write(client, 2 * life);
          if (life == 0) {
            await(client, status -> status.path("made").asInt() > 0);
          }
          if (life < 2) {
            CompletableFuture<?> making =
                CompletableFuture.runAsync(
                    () -> {
                      try {
                        client.form("POST", "/api/v1/admin/backups");
                      } catch (Exception e) {
                        System.out.println("killed: " + e); // it is meant to be
                      }
                    });
            Thread.sleep(random.nextInt(120));
            write(client, 2 * life + 1);
            server.kill();
            making.join();
          } else {
            write(client, 2 * life + 1);
            // From when on the archive knows the seconds of this life is for it to say.
            writeInSecond(client, nextSecond(), 2 * life + 2);
            then = answer(client);
            second = nextSecond();
            writeInSecond(client, second, 2 * life + 3); // not in that state any more
            server.kill();
          }
          assertThat(server.await(10)).isNotNull();
        }
      }
    }
    Result verified = run(concat(new String[] {"backup", "verify"}, place));
    assertThat(verified.out()).contains("no problem");
    Result listed = run(concat(new String[] {"backup", "list"}, place));
    assertThat(listed.exit()).as(listed.out()).isZero();
    // Kills of the restore, each at another moment of it.
    Path restored = folder.resolve("restored");
    String[] restore = {"backup", "restore", "--at", Long.toString(second), restored.toString()};
    for (int kill = 0; kill < 2; kill++) {
      String[] args =
          concat(
              restore,
              "--store",
              folder.resolve("store").toString(),
              "--encryption-key-env",
              VARIABLE);
      try (ChildProcess restoring = start(args)) {
        while (restoring.isAlive() && !Files.exists(restored.resolve("RESTORING"))) {
          Thread.sleep(1);
        }
        Thread.sleep(random.nextInt(30));
        restoring.kill();
        assertThat(restoring.await(10)).isNotNull();
      }
    }
    assertThat(restored).as(listed.out()).exists();
    if (Files.exists(restored.resolve("RESTORING"))) {
      Result ended = run(concat(restore, place));
      assertThat(ended.exit()).as(ended.out() + listed.out()).isZero();
    }
    String yaml = "listen: 127.0.0.1:0\ndata_dir: " + restored + "\n";
    try (Server server = new Server(ServerConfig.parse("r.yaml", yaml))) {
      server.recover();
      assertThat(server.damage()).isEmpty();
      try (ApiClient client = new ApiClient(server.address().getPort())) {
        assertThat(answer(client)).isEqualTo(then);
      }
    }
  }

  private static String[] concat(String[] first, String... more) {
    String[] all = Arrays.copyOf(first, first.length + more.length);
    System.arraycopy(more, 0, all, first.length, more.length);
    return all;
  }

  /** Takes connections and says nothing. */
  private static final class Silence implements AutoCloseable {
    final ServerSocket socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    final List<Socket> taken = new ArrayList<>();

    Silence() throws IOException {
      Thread.ofPlatform()
          .daemon()
          .start(
              () -> {
                try {
                  while (true) {
                    taken.add(socket.accept());
                  }
                } catch (IOException e) {
                  System.out.println("silence ends"); // the socket was closed
                }
              });
    }

    @Override
    public void close() throws IOException {
      socket.close();
      for (Socket one : List.copyOf(taken)) {
        one.close();
      }
    }
  }

  /** Another place takes over while a backup hangs in the one before. */
  @Test
  void aStoreThatDoesNotAnswerHoldsNobodyUp() throws Exception {
    Path secret = Files.writeString(folder.resolve("secret"), "secret");
    try (Silence silence = new Silence()) {
      String hanging =
          "{store: s3://bucket/p, endpoint: 'http://127.0.0.1:"
              + silence.socket.getLocalPort()
              + "', access_key: key, secret_key_file: '"
              + secret
              + "', region: us-east-1, timeout: 1s, archive: 1s}";
      String head = yaml("unused.yaml", "").replace("backup: \n", "");
      head = head.replace("data_dir: data", "data_dir: " + folder.resolve("data"));
      String withHanging = head + "backup: " + hanging + "\n";
      String withFolder = head + "backup: {store: " + folder.resolve("store") + ", archive: 1s}\n";
      AtomicReference<String> settings = new AtomicReference<>(withHanging);
      long closed;
      try (Server server =
          new Server(
              ServerConfig.parse("c.yaml", withHanging),
              () -> ServerConfig.parse("c.yaml", String.valueOf(settings.get())),
              () -> {})) {
        server.recover();
        try (ApiClient client = new ApiClient(server.address().getPort())) {
          CompletableFuture<Integer> making =
              CompletableFuture.supplyAsync(
                  () -> {
                    try {
                      return client.form("POST", "/api/v1/admin/backups").statusCode();
                    } catch (Exception e) {
                      throw new AssertionError(e);
                    }
                  });
          await(client, status -> !status.path("running").isMissingNode());
          for (int round = 0; round < 20; round++) {
            long begin = System.nanoTime();
            write(client, round);
            assertThat(answer(client).path("result").size()).isEqualTo(20);
            assertThat(System.nanoTime() - begin).isLessThan(TimeUnit.SECONDS.toNanos(3));
          }
          JsonNode failed =
              await(client, s -> !s.path("archive").path("failure").asText().isEmpty());
          assertThat(failed.path("archive").path("failure").asText()).contains("s3://bucket/p");
          settings.set(withFolder);
          assertThat(client.form("POST", "/-/reload").statusCode()).isEqualTo(200);
          JsonNode done =
              await(
                  client,
                  s ->
                      s.path("archive").path("archivedTo").asLong() > 0
                          && s.path("made").asInt() > 0);
          assertThat(done.path("archive").path("failure").asText()).isEmpty();
          assertThat(making.get(40, TimeUnit.SECONDS)).isEqualTo(500);
          settings.set(withHanging);
          assertThat(client.form("POST", "/-/reload").statusCode()).isEqualTo(200);
          write(client, 21);
          Thread.sleep(1_500);
        }
        closed = System.nanoTime();
      }
      assertThat(System.nanoTime() - closed).isLessThan(TimeUnit.SECONDS.toNanos(25));
    }
    Result verified = run("backup", "verify", "--store", folder.resolve("store").toString());
    assertThat(verified.out()).contains("no problem");
  }
}
