package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A Java process that says what it has done, until it is killed as by {@code kill -9}. */
final class KilledProcess {
  private KilledProcess() {}

  /**
   * Runs a class of the tests in a process of its own, and kills it.
   *
   * @param killAfterMillis how long after its first line
   * @param lines is told of every line that it prints
   */
  static void run(Class<?> main, long killAfterMillis, Consumer<String> lines, String... arguments)
      throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-XX:TieredStopAtLevel=1",
                "-Xmx256m",
                "-cp",
                System.getProperty("varve.test.class.path", System.getProperty("java.class.path")),
                main.getName()));
    command.addAll(List.of(arguments));
    Process victim =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    Thread killer = null;
    try (BufferedReader out =
        new BufferedReader(
            new InputStreamReader(victim.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        lines.accept(line);
        killer = killer == null ? killAfter(victim, killAfterMillis) : killer;
      }
    } finally {
      victim.destroyForcibly();
      assertThat(victim.waitFor(30, TimeUnit.SECONDS)).isTrue();
      join(killer);
    }
    assertThat(killer).as("the process came to its first line").isNotNull();
  }

  private static Thread killAfter(Process victim, long millis) {
    return Thread.ofPlatform()
        .start(
            () -> {
              try {
                Thread.sleep(millis);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
              // Through its handle: Process.destroyForcibly also closes what we read.
              victim.toHandle().destroyForcibly();
            });
  }

  private static void join(@Nullable Thread killer) throws InterruptedException {
    if (killer != null) {
      killer.join();
    }
  }
}
