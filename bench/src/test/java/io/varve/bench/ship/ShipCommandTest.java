package io.varve.bench.ship;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

final class ShipCommandTest {
  @TempDir Path dir;

  @Test
  void aStoreIsPulledAndOpened() {
    assertThat(run("--mib", "8", "--least", "0.1")).isZero();
    assertThat(dir.resolve("copy")).doesNotExist();
    // What is there is taken as it is; the limit holds, and so does the bar.
    long begin = System.nanoTime();
    assertThat(run("--max-bytes-per-second", "8000000", "--least", "1000")).isEqualTo(1);
    assertThat(System.nanoTime() - begin).isGreaterThan(800_000_000L);
  }

  private int run(String... options) {
    String[] args = new String[options.length + 2];
    System.arraycopy(options, 0, args, 2, options.length);
    args[0] = "--work";
    args[1] = dir.toString();
    return new CommandLine(new ShipCommand()).execute(args);
  }
}
