package io.varve.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The program as a process: start, signals, crashes, exit codes. */
@Timeout(60)
final class MainTest {
  private static final Pattern LISTENING =
      Pattern.compile("listening on http://127\\.0\\.0\\.1:(\\d+)");
  private static final long T = 1_700_000_400_000L;

  @TempDir Path folder;

  private final HttpClient client = HttpClient.newHttpClient();
  private int runs;

  @Test
  void stopsOnSigtermAndFindsItsDataAgain() throws Exception {
    try (ChildProcess server = serve()) {
      int port = ready(server);
      for (int value = 10; value > 0; value--) {
        assertThat(write(port, value)).isEqualTo(204);
      }
      assertThat(query(port)).contains("[1700000400,\"1\"]");
      long begin = System.nanoTime();
      server.terminate();
      assertThat(server.await(10)).as(server.output()).isEqualTo(0);
      assertThat((System.nanoTime() - begin) / 1e9).isLessThan(10);
      assertThat(server.output()).contains("SIGTERM: stopping").endsWith("stopped\n");
    }
    try (ChildProcess server = serve()) {
      int port = ready(server);
      assertThat(query(port)).contains("[1700000400,\"1\"]");
      assertThat(write(port, 2)).isEqualTo(204);
      server.kill();
      assertThat(server.await(10)).isNotEqualTo(0);
    }
    try (ChildProcess server = serve()) {
      int port = ready(server);
      assertThat(query(port)).contains("[1700000400,\"2\"]");

      // Beside the running server:
      Result inspect = run("inspect", folder.resolve("data").toString());
      assertThat(inspect.exit()).as(inspect.output()).isZero();
      assertThat(inspect.output()).contains("store ").contains("log: ");
      Result verify = run("verify", folder.resolve("data").toString());
      assertThat(verify.exit()).as(verify.output()).isZero();
      assertThat(verify.output()).contains("no problem");
      Result second = run("serve", "--listen", "127.0.0.1:0", "--data-dir", "data");
      assertThat(second.exit()).as(second.output()).isEqualTo(1);
      assertThat(second.output()).contains("varve: ").contains("data");
      Result taken = run("serve", "--listen", "127.0.0.1:" + port, "--data-dir", "other");
      assertThat(taken.exit()).as(taken.output()).isEqualTo(1);
      assertThat(taken.output()).contains("cannot listen on 127.0.0.1:" + port);
    }
    damageTheLog();
    Result verify = run("verify", folder.resolve("data").toString());
    assertThat(verify.exit()).as(verify.output()).isEqualTo(1);
    assertThat(verify.output()).contains("PROBLEM wal/0/").contains("at byte");
  }

  @Test
  void readsItsConfigurationAgainOnSighup() throws Exception {
    Path config = folder.resolve("varve.yaml");
    Files.writeString(config, "log_level: warn\n");
    try (ChildProcess server =
        start(
            "serve",
            "--config",
            config.toString(),
            "--data-dir",
            "data",
            "--listen",
            "127.0.0.1:0")) {
      int port = ready(server);
      Files.writeString(config, "log_level: info\nquery: {threads: 3}\nhttp: {lifecycle: true}\n");
      server.hangUp();
      server.awaitOutput("need a restart: query.threads, http.lifecycle");
      assertThat(server.output()).contains("configuration reloaded");
      Files.writeString(config, "log_level: loud\n");
      server.hangUp();
      server.awaitOutput("varve.yaml:1: log_level: \"loud\" is not one of");
      assertThat(query(port)).contains("success");
    }
  }

  @Test
  void aRequestThatRunsIsFinished() throws Exception {
    try (ChildProcess server = serve()) {
      int port = ready(server);
      assertThat(write(port, 1)).isEqualTo(204);
      // A heavy query: 11,000 steps of a nested subquery.
      URI slow =
          uri(
              port,
              "/api/v1/query_range?start=1700000000&end=1700011000&step=1&query=max_over_time(vector(1)%5B10m:1s%5D)");
      CompletableFuture<HttpResponse<String>> answer =
          client.sendAsync(
              HttpRequest.newBuilder(slow).build(), HttpResponse.BodyHandlers.ofString());
      while (running(port) < 1 && !answer.isDone()) {
        Thread.sleep(5);
      }
      server.terminate();
      // Finished, or ended after the drain time: never a broken answer taken for a whole one.
      assertThat(server.await(10)).as(server.output()).isEqualTo(0);
      if (!answer.isCompletedExceptionally()) {
        assertThat(answer.get().statusCode()).isIn(200, 499, 503);
        assertThat(answer.get().body()).endsWith("}");
      }
    }
  }

  private double running(int port) throws Exception {
    String metrics = get(port, "/metrics");
    Matcher found = Pattern.compile("(?m)^varve_queries_running (\\S+)$").matcher(metrics);
    assertThat(found.find()).isTrue();
    return Double.parseDouble(found.group(1));
  }

  @Test
  void theProcessExitsWithTheCommandsCode() throws Exception {
    assertThat(run("serve", "--nonsense").exit()).isEqualTo(2);
    Result missing = run("verify", "nothing");
    assertThat(missing.exit()).isEqualTo(1);
    assertThat(missing.output()).startsWith("varve: ").contains("nothing");
    assertThat(run("version").exit()).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"io/varve/engine/MetadataBook", "io/varve/http/EngineUpkeep"})
  void anErrorWhileRecoveringEndsTheProcess(String missing) throws Exception {
    // A program that is only half there: one class cannot be loaded that recovery needs, before or
    // after the engine is open, and one that closing needs.
    Path broken = folder.resolve("broken");
    for (String name :
        new String[] {missing, "org/jboss/threads/ContextClassLoaderSavingRunnable"}) {
      Path half = broken.resolve(name + ".class");
      Files.createDirectories(half.getParent());
      Files.write(half, new byte[] {1, 2, 3, 4});
    }
    String[] serve = {"serve", "--data-dir", "data", "--listen", "127.0.0.1:0"};
    try (ChildProcess server = start(broken + File.pathSeparator + classPath(), serve)) {
      assertThat(server.await(30)).as(server.output()).isEqualTo(1);
      assertThat(server.output())
          .contains("listening on")
          .contains("ClassFormatError")
          .contains("Server.recover")
          .doesNotContain("ready after");
    }
    // The folder is left as it can be opened again.
    try (ChildProcess server = serve()) {
      ready(server);
    }
  }

  // Processes

  private record Result(int exit, String output) {}

  private Result run(String... arguments) throws Exception {
    try (ChildProcess process = start(arguments)) {
      Integer exit = process.await(30);
      assertThat(exit).as(process.output()).isNotNull();
      return new Result(exit == null ? -1 : exit, process.output());
    }
  }

  private ChildProcess serve() throws IOException {
    return start("serve", "--data-dir", "data", "--listen", "127.0.0.1:0", "--fsync", "always");
  }

  private ChildProcess start(String... arguments) throws IOException {
    return start(classPath(), arguments);
  }

  private ChildProcess start(String classPath, String[] arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // The flags of this JVM are those that the launcher sets.
    for (String flag : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
      if (flag.startsWith("--add-")
          || flag.startsWith("--enable-native")
          || flag.startsWith("--sun-misc")) {
        command.add(flag);
      }
    }
    command.addAll(List.of("-Xmx512m", "-XX:TieredStopAtLevel=1", "-cp", classPath));
    command.add("io.varve.http.Main");
    command.addAll(Arrays.asList(arguments));
    return ChildProcess.start(folder, "run" + runs++, command);
  }

  /** Surefire hides the class path behind a jar that is made for this JVM. */
  private static String classPath() {
    return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
  }

  private static int ready(ChildProcess server) throws Exception {
    while (!server.output().contains("ready after")) {
      assertThat(server.isAlive()).as(server.output()).isTrue();
      Thread.sleep(20);
    }
    Matcher matcher = LISTENING.matcher(server.output());
    assertThat(matcher.find()).as(server.output()).isTrue();
    return Integer.parseInt(matcher.group(1));
  }

  private int write(int port, double value) throws Exception {
    byte[] body = new RemoteWriteBody().sample(T, value, "__name__", "m").compressed();
    HttpRequest request =
        HttpRequest.newBuilder(uri(port, "/api/v1/write"))
            .header("Content-Type", "application/x-protobuf")
            .header("Content-Encoding", "snappy")
            .POST(HttpRequest.BodyPublishers.ofByteArray(body))
            .build();
    return client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
  }

  private String query(int port) throws Exception {
    return get(port, "/api/v1/query?query=m&time=1700000400");
  }

  private String get(int port, String path) throws Exception {
    return client
        .send(HttpRequest.newBuilder(uri(port, path)).build(), HttpResponse.BodyHandlers.ofString())
        .body();
  }

  private static URI uri(int port, String path) {
    return URI.create("http://127.0.0.1:" + port + path);
  }

  /** Flips a bit in the first record of the log. */
  private void damageTheLog() throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve("data/wal/0"))) {
      Path segment = files.sorted().findFirst().orElseThrow();
      byte[] bytes = Files.readAllBytes(segment);
      assertThat(bytes).hasSizeGreaterThan(200);
      bytes[90] ^= 4;
      Files.write(segment, bytes, StandardOpenOption.TRUNCATE_EXISTING);
    }
  }
}
