package io.varve.http.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** A plain command line means what it means to picocli; every other one is left to picocli. */
final class PlainServeTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "serve",
        "serve --data-dir d/e",
        "serve --listen 0.0.0.0:80 --fsync always",
        "serve --fsync=OS --data-dir=/x=y --listen=[::1]:0",
        "serve --fsync Interval"
      })
  void readsWhatPicocliReads(String line) {
    String[] args = line.split(" ");
    ServeCommand plain = Objects.requireNonNull(PlainServe.parse(args));
    ServeCommand other = new ServeCommand();
    new CommandLine(other)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .parseArgs(Arrays.copyOfRange(args, 1, args.length));
    assertThat(plain.settings()).isEqualTo(other.settings());
  }

  @Test
  void readsTheConfiguration(@TempDir Path folder) throws Exception {
    Path file = Files.writeString(folder.resolve("v.yaml"), "storage:\n  fsync: always\n");
    ServeCommand plain =
        Objects.requireNonNull(
            PlainServe.parse("serve", "--config", file.toString(), "--data-dir", "elsewhere"));
    ServeCommand other = new ServeCommand();
    new CommandLine(other).parseArgs("--config", file.toString(), "--data-dir", "elsewhere");
    assertThat(plain.settings()).isEqualTo(other.settings());
    assertThat(plain.settings().dataDir()).isEqualTo(Path.of("elsewhere"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "inspect d",
        "help serve",
        "serve --help",
        "serve --data-dir",
        "serve --data-dir d --data-dir e",
        "serve --data-dir --listen",
        "serve --data-dir @file",
        "serve @file",
        "serve --data-dir=",
        "serve --data-dir=\"d\"",
        "serve --fsync never",
        "serve --nonsense x",
        "serve d"
      })
  void leavesTheRest(String line) {
    assertThat(PlainServe.parse(line.split(" "))).isNull();
  }
}
