package io.varve.bench.pages;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.bench.workload.Capture;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is measured is all that was written, and every codec gives it back. */
@NullMarked
final class ValueSectionsTest {
  @Test
  void everySampleIsInASectionThatEveryCodecGivesBack(@TempDir Path dir) throws IOException {
    Random random = new Random(5);
    List<Capture.Series> series = new ArrayList<>();
    double[][] columns = new double[20][600];
    for (int s = 0; s < columns.length; s++) {
      series.add(new Capture.Series("m" + s % 4, List.of("part", "p" + s), false));
      for (int r = 0; r < columns[s].length; r++) {
        columns[s][r] = random.nextInt(1000) / 8.0;
      }
    }
    ValueSections values = ValueSections.of(Capture.of(series, columns, 1), 3, 1, dir);
    assertThat(values.samples()).isEqualTo(3 * 20 * 600);
    assertThat(values.blocks()).isGreaterThanOrEqualTo(3 * 20);
    assertThat(values.bytes()).isBetween(values.samples(), values.fileBytes());
    for (PageCodec codec : PageCodec.all()) {
      try (codec) {
        for (byte[] section : values.sections()) {
          byte[] again = new byte[section.length];
          assertThat(codec.decompress(codec.compress(section), again)).isEqualTo(section.length);
          assertThat(Arrays.equals(again, section)).as(codec.name()).isTrue();
        }
      }
    }
  }
}
