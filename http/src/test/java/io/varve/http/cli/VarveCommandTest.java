package io.varve.http.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class VarveCommandTest {
  private static CommandResult run(String... arguments) throws Exception {
    return CommandResult.of(() -> Launch.run(arguments));
  }

  @Test
  void whatIsNotUnderstoodExitsWithTwo(@TempDir Path folder) throws Exception {
    Path bad = folder.resolve("bad.yaml");
    Files.writeString(bad, "query:\n  time_out: 1m\n");
    for (List<String> command :
        List.of(
            List.<String>of(),
            List.of("nonsense"),
            List.of("serve", "--nonsense"),
            List.of("serve", "--fsync", "never"),
            List.of("serve", "--listen", "9201"),
            List.of("serve", "--config", folder.resolve("missing.yaml").toString()),
            List.of("serve", "--config", bad.toString()),
            List.of("inspect"))) {
      CommandResult result = run(command.toArray(new String[0]));
      assertThat(result.exit()).as("%s: %s", command, result).isEqualTo(2);
      assertThat(result.err()).doesNotContain("\tat ").isNotBlank();
      assertThat(result.out()).isEmpty();
    }
    assertThat(run("serve", "--config", bad.toString()).err().strip())
        .isEqualTo("varve: " + bad + ":2: unknown setting query.time_out; did you mean timeout?");
    assertThat(run("serve", "--listen", "9201").err().strip())
        .isEqualTo("varve: --listen: \"9201\" is not HOST:PORT");
    assertThat(run("serve", "--fsync", "never").err())
        .contains("'--fsync': \"never\" is none of always, interval, os");
  }

  @Test
  void whatCannotBeReadExitsWithOne(@TempDir Path folder) throws Exception {
    for (String command : new String[] {"inspect", "verify"}) {
      CommandResult result = run(command, folder.toString());
      assertThat(result.exit()).isEqualTo(1);
      assertThat(result.err().strip())
          .isEqualTo("varve: there is no " + folder + " with a store in it");
    }
    Path shard = Files.createDirectories(folder.resolve("shards/0"));
    Files.writeString(shard.resolve("CURRENT"), "x");
    assertThat(run("verify", folder.toString()).err().strip())
        .isEqualTo("varve: " + folder + " is of a node of a cluster, whose store is in " + shard);
    Path config = Files.writeString(folder.resolve("varve.yaml"), "");
    assertThat(
            run("retention", "plan", "--config", config.toString(), "--data-dir", folder.toString())
                .err())
        .contains("whose store is in " + shard);
    Path file = Files.createFile(folder.resolve("file"));
    CommandResult result = run("serve", "--listen", "127.0.0.1:0", "--data-dir", file.toString());
    assertThat(result.exit()).as(result.toString()).isEqualTo(1);
    assertThat(result.err()).contains(file + " is there already, and is no folder");
  }

  @Test
  void aRangeThatEndsBeforeItBeginsIsNotUnderstood() throws Exception {
    CommandResult result = run("delete", "up", "--start", "1800000000", "--end", "1700000000");
    assertThat(result.exit()).as(result.toString()).isEqualTo(2);
    assertThat(result.err()).contains("--end is before --start");
  }

  @Test
  void aFailureOfTheFileSystemSaysWhy() {
    assertThat(Failures.whyNotOpened(new AccessDeniedException("/x")))
        .isEqualTo("permission denied");
    for (FileSystemException failure :
        List.of(
            new AccessDeniedException("/x"),
            new NotDirectoryException("/x"),
            new FileAlreadyExistsException("/x"),
            new FileSystemException("/x", null, "No space left on device"))) {
      assertThat(Failures.text(failure)).startsWith("/x").contains(" ").doesNotContain("Exception");
    }
  }

  @Test
  void theRehearsalGoesThrough() throws Exception {
    CommandResult result = run("rehearse");
    assertThat(result.exit()).as(result.toString()).isZero();
    assertThat(run("help").out()).doesNotContain("rehearse");
  }

  @Test
  void helpIsThere() throws Exception {
    for (List<String> help :
        List.of(
            List.of("help"),
            List.of("--help"),
            List.of("help", "serve"),
            List.of("serve", "--help"),
            List.of("verify", "--help"))) {
      CommandResult result = run(help.toArray(new String[0]));
      assertThat(result.exit()).as(result.toString()).isZero();
      assertThat(result.out()).contains("Usage: varve");
    }
    assertThat(run("help").out())
        .contains("serve")
        .contains("inspect")
        .contains("verify")
        .contains("version")
        .contains("Exit codes:");
    assertThat(run("help", "serve").out()).contains("--config").contains("--fsync");
    assertThat(run("version").out()).startsWith("varve ").contains("Prometheus 3.14");
    assertThat(run("--version").out()).startsWith("varve ");
  }
}
