package io.varve.engine.partition;

import static io.varve.engine.partition.ChunkFiles.DATA;
import static io.varve.engine.partition.ChunkFiles.DAY;
import static io.varve.engine.partition.ChunkFiles.FOLDER;
import static io.varve.engine.partition.ChunkFiles.WINDOW;
import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.SharedData;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.partition.ChunkFormat.Section;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.Random;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How large the parts of a file are that holds real rows, each row once. */
@NullMarked
final class CaptureSizeTest {
  @ParameterizedTest
  @CsvSource({"1, 2", "15, 12"})
  void theDirectoryIsSmall(int stepSeconds, int hosts) throws IOException {
    Capture capture = Capture.read(SharedData.path("data/node_exporter.cap"));
    int rows = capture.rows() / stepSeconds / 480 * 480;
    long[][] times = times(stepSeconds, hosts, rows);
    ChunkInfo info = new ChunkInfo(WINDOW, DAY, 0, 1, 0, false, "", 1, 2);
    MemoryFileSystem fs = new MemoryFileSystem();
    ChunkFile file;
    try (ChunkWriter writer = new ChunkWriter(fs, DATA, FOLDER, info)) {
      SampleColumns block = new SampleColumns();
      for (int series = 0; series < capture.series(); series++) {
        for (int host = 0; host < hosts; host++) {
          writer.series(host * capture.series() + series);
          for (int row = 0; row < rows; row++) {
            double value = capture.value(row * stepSeconds + 137 * host, series);
            if (!Double.isNaN(value)) {
              block.add(times[host][row], value, 0);
            }
            if (row % 480 == 479) {
              if (block.size > 0) {
                writer.add(block, 0, block.size);
              }
              block.clear();
            }
          }
        }
      }
      file = writer.finish();
    }
    try (ChunkReader reader = ChunkReader.open(fs, DATA, file, Arena.ofAuto())) {
      ChunkFooter footer = reader.footer();
      double samples = file.samples();
      StringBuilder report = new StringBuilder();
      for (Section section : Section.values()) {
        report.append(
            String.format(
                "%s %.5f, ", section, (footer.end(section) - footer.start(section)) / samples));
      }
      double times1 = (footer.end(Section.TIMES) - footer.start(Section.TIMES)) / samples;
      double directory = (file.bytes() - footer.end(Section.TIMES)) / samples;
      System.out.printf(
          "%d s, %d hosts: %,d samples, %,d blocks, B/sample: %sdirectory and footer %.5f, "
              + "file %.4f; resident after reading %,d bytes%n",
          stepSeconds,
          hosts,
          file.samples(),
          file.blocks(),
          report,
          directory,
          file.bytes() / samples,
          touch(reader));
      assertThat(directory).isLessThan(0.02);
      // Two milliseconds of jitter would cost a third of a byte if every series had its own.
      assertThat(times1).isLessThan(0.01);
    }
  }

  /** Each host's scrapes: on a grid of its own, off it by up to two milliseconds. */
  private static long[][] times(int stepSeconds, int hosts, int rows) {
    Random random = new Random(7);
    long[][] times = new long[hosts][rows];
    for (int host = 0; host < hosts; host++) {
      long offset = 3L + random.nextInt(stepSeconds * 1000);
      for (int row = 0; row < rows; row++) {
        times[host][row] = WINDOW + offset + 1000L * stepSeconds * row + random.nextInt(5) - 2;
      }
    }
    return times;
  }

  private static long touch(ChunkReader reader) {
    BlockStats stats = new BlockStats();
    int some = 0;
    for (int block = 0; block < reader.blockCount(); block++) {
      some += reader.stats(block, stats) ? 1 : 0;
    }
    assertThat(some).isPositive();
    assertThat(reader.rowOf(0)).isNotNegative();
    return reader.residentBytes();
  }
}
