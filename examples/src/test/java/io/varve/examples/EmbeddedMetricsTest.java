package io.varve.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class EmbeddedMetricsTest {
  @TempDir Path dir;

  @Test
  void theExampleDoesWhatItSays() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    EmbeddedMetrics.run(
        dir, 1_700_000_000_000L, new PrintStream(bytes, true, StandardCharsets.UTF_8));
    assertThat(bytes.toString(StandardCharsets.UTF_8))
        .contains("code=\"200\"", "has 240 samples, the last is 7170.0")
        .contains("{code=\"200\"} rose by 3600")
        .contains("{code=\"500\"} rose by 11");
  }
}
