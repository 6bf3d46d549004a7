package io.varve.engine.partition;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.io.FileSystem;
import io.varve.engine.model.SampleColumns;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.NullMarked;

/** What the tests of chunk files share. */
@NullMarked
final class ChunkFiles {
  static final Path DATA = Path.of("data");
  static final long DAY = 86_400_000L;
  static final long WINDOW = 1_763_683_200_000L;
  static final String FOLDER = ChunkInfo.windowFolder(WINDOW);
  static final ChunkInfo INFO = new ChunkInfo(WINDOW, DAY, 7, 16, 0, false, "", 100, 2000);

  private ChunkFiles() {}

  static ChunkFile write(FileSystem fs, ChunkInfo info, List<RandomSeries.Series> all)
      throws IOException {
    try (ChunkWriter writer = new ChunkWriter(fs, DATA, FOLDER, info)) {
      for (RandomSeries.Series series : all) {
        writer.series(series.windowId());
        for (SampleColumns block : series.blocks()) {
          writer.add(block, 0, block.size);
        }
      }
      return writer.finish();
    }
  }

  /** Asserts that rows {@code [at, at + expected.size)} are those of a block, bit for bit. */
  static void assertRows(SampleColumns actual, int at, SampleColumns expected) {
    int n = expected.size;
    assertThat(Arrays.copyOfRange(actual.times, at, at + n))
        .isEqualTo(Arrays.copyOf(expected.times, n));
    for (int i = 0; i < n; i++) {
      assertThat(actual.start(at + i)).isEqualTo(expected.start(i));
      assertThat(actual.histogram(at + i)).isEqualTo(expected.histogram(i));
      assertThat(Double.doubleToRawLongBits(actual.values[at + i]))
          .isEqualTo(Double.doubleToRawLongBits(expected.values[i]));
    }
  }

  /** Asserts that a file holds exactly these series. */
  static void assertHolds(ChunkReader reader, List<RandomSeries.Series> all) {
    ChunkScratch scratch = new ChunkScratch();
    SampleColumns into = new SampleColumns(16);
    assertThat(reader.seriesCount()).isEqualTo(all.size());
    int block = 0;
    for (int row = 0; row < all.size(); row++) {
      RandomSeries.Series series = all.get(row);
      assertThat(reader.windowIdAt(row)).isEqualTo(series.windowId());
      assertThat(reader.rowOf(series.windowId())).isEqualTo(row);
      assertThat(reader.firstBlock(row)).isEqualTo(block);
      assertThat(reader.endBlock(row)).isEqualTo(block + series.blocks().size());
      into.clear();
      for (SampleColumns expected : series.blocks()) {
        int at = into.size;
        reader.read(block, into, scratch);
        assertThat(into.size).isEqualTo(at + expected.size);
        assertRows(into, at, expected);
        assertThat(reader.count(block)).isEqualTo(expected.size);
        assertThat(reader.minTime(block)).isEqualTo(expected.times[0]);
        assertThat(reader.maxTime(block)).isEqualTo(expected.times[expected.size - 1]);
        assertThat(reader.isHistogram(block)).isEqualTo(expected.histogram(0) != null);
        assertThat(reader.bytes(block)).isPositive();
        block++;
      }
    }
    assertThat(reader.blockCount()).isEqualTo(block);
  }
}
