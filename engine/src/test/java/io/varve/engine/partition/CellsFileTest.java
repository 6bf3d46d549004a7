package io.varve.engine.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.engine.Seeds;
import io.varve.engine.model.SampleColumns;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/** Files of cells of version 1, written once, are read for ever. */
@NullMarked
final class CellsFileTest {
  private static final Path DATA = Path.of("data");
  private static final long DAY = 86_400_000L;
  private static final long WINDOW = 1_763_683_200_000L;
  private static final long WIDTH = 30_000;

  /** The worked example in the package's documentation. */
  private static final String EXAMPLE =
      """
      56 61 72 76 65 54 43 48 01 00 01 00 01 00 07 00
      10 00 00 00 00 00 00 00 00 ec b5 a3 9a 01 00 00
      00 5c 26 05 00 00 00 00 64 00 00 00 00 00 00 00
      d0 07 00 00 00 00 00 00 30 75 00 00 46 ab 5f 49
      00 00 03 08 02 06 0b 85 b0 ea 01 b0 9a b1 bb d4
      66 02 06 0c 98 75 00 01 01 00 00 00 04 85 08 58
      01 03 08 01 02 00 00 04 85 06 0e 01 00 02 80 02
      02 80 1e 02 80 27 00 02 80 14 00 00 00 00 00 02
      80 54 02 80 04 00 01 02 02 03 b0 9a b1 bb d4 66
      b0 ea 01 00 00 1a 0c 18 07 00 00 1a 0c 18 3a 18
      06 87 85 00 00 00 00 00 00 00 1d 00 00 00 dc ee
      0e 3e 48 43 54 65 76 72 61 56
      """;

  private final MemoryFileSystem fs = new MemoryFileSystem();

  private static ChunkInfo info() {
    return new ChunkInfo(WINDOW, DAY, 7, 16, 1, false, "", 100, 2000).ofCells(WIDTH);
  }

  private static SampleColumns rows() {
    SampleColumns rows = new SampleColumns(8);
    rows.add(WINDOW + 15_000, 1.5, 0);
    rows.add(WINDOW + 30_000, 2.5, 0);
    rows.add(WINDOW + 45_000, 0.5, 0);
    return rows;
  }

  @Test
  void theWorkedExample() throws Exception {
    byte[] bytes = HexFormat.of().parseHex(EXAMPLE.replaceAll("\\s", ""));
    String path = "w=20251121/" + info().fileName();
    assertThat(path).isEqualTo("w=20251121/b=07/a-30000-00000000000007d0-L1.tch");
    fs.put(DATA.resolve(path), bytes);
    byte[] hash = MessageDigest.getInstance("SHA-256").digest(bytes);
    ChunkFile file =
        new ChunkFile(
            info(),
            path,
            bytes.length,
            HexFormat.of().formatHex(hash),
            1,
            2,
            3,
            WINDOW + 15_000,
            WINDOW + 45_000);
    read(file);
  }

  private void read(ChunkFile file) throws IOException {
    try (Arena arena = Arena.ofConfined();
        ChunkReader reader = ChunkReader.open(fs, DATA, file, arena)) {
      reader.verify(problem -> assertThat(problem).isNull());
      assertThat(reader.seriesCount()).isEqualTo(1);
      int row = reader.rowOf(42);
      assertThat(reader.endBlock(row) - reader.firstBlock(row)).isEqualTo(2);
      BlockStats cell = new BlockStats();
      assertThat(reader.stats(0, cell)).isTrue();
      assertThat(cell.count).isEqualTo(2);
      assertThat(cell.firstTime).isEqualTo(WINDOW + 15_000);
      assertThat(cell.lastTime).isEqualTo(WINDOW + 30_000);
      assertThat(cell.min).isEqualTo(1.5);
      assertThat(cell.max).isEqualTo(2.5);
      assertThat(cell.last).isEqualTo(2.5);
      assertThat(cell.sum).isEqualTo(4);
      assertThat(reader.lacks(0)).isEqualTo(ChunkReader.LACKS_RESETS);
      assertThat(reader.stats(1, cell)).isTrue();
      assertThat(cell.count).isEqualTo(1);
      assertThat(cell.last).isEqualTo(0.5);
      SampleColumns none = new SampleColumns();
      assertThatThrownBy(() -> reader.read(0, none, new ChunkScratch()))
          .isInstanceOf(RuntimeException.class);
    }
  }

  @Test
  void isWrittenAsItStands() throws Exception {
    ChunkFile file;
    try (ChunkWriter writer = new ChunkWriter(fs, DATA, "w=20251121", info())) {
      writer.series(42);
      writer.cell(rows(), 0, 2, ChunkReader.LACKS_RESETS);
      writer.cell(rows(), 2, 3, ChunkReader.LACKS_RESETS);
      file = writer.finish();
    }
    read(file);
    byte[] bytes = fs.bytes(DATA.resolve(file.path()));
    String hex = HexFormat.ofDelimiter(" ").formatHex(bytes);
    assertThat(hex).isEqualTo(EXAMPLE.strip().replaceAll("\\s+", " "));
  }

  /** Values that often end as they began, so that what is lacking could be mistaken for known. */
  @Test
  void keepsWhatItDoesNotLack() throws IOException {
    Random random = new Random(Seeds.usual(77));
    double[] some = {7, 7, 7, 3.5, 12, -7};
    List<SampleColumns> all = new ArrayList<>();
    ChunkFile file;
    try (ChunkWriter writer = new ChunkWriter(fs, DATA, "w=20251121", info())) {
      for (int lacks = 0; lacks < 16; lacks++) {
        writer.series(lacks);
        for (int cell = 0; cell < 50; cell++) {
          SampleColumns rows = new SampleColumns(8);
          for (int i = random.nextInt(6); i >= 0; i--) {
            rows.add(WINDOW + (cell + 1) * WIDTH - 1000 * i, some[random.nextInt(some.length)], 0);
          }
          writer.cell(rows, 0, rows.size, lacks);
          all.add(rows);
        }
      }
      file = writer.finish();
    }
    try (Arena arena = Arena.ofConfined();
        ChunkReader reader = ChunkReader.open(fs, DATA, file, arena)) {
      BlockStats found = new BlockStats();
      BlockStats expected = new BlockStats();
      for (int cell = 0; cell < all.size(); cell++) {
        SampleColumns rows = all.get(cell);
        assertThat(expected.collect(rows, 0, rows.size)).isTrue();
        assertThat(reader.stats(cell, found)).isTrue();
        assertThat(found.count).isEqualTo(expected.count);
        assertThat(found.last).isEqualTo(expected.last);
        int lacks = reader.lacks(cell);
        assertThat(lacks).isEqualTo(cell / 50);
        if ((lacks & ChunkReader.LACKS_FIRST) == 0) {
          assertThat(found.first).isEqualTo(expected.first);
        }
        if ((lacks & (ChunkReader.LACKS_FIRST | ChunkReader.LACKS_RESETS)) == 0) {
          assertThat(found.resets).isEqualTo(expected.resets);
          assertThat(found.resetCorrection).isEqualTo(expected.resetCorrection);
        }
        if ((lacks & ChunkReader.LACKS_SUM) == 0) {
          assertThat(found.sum).isEqualTo(expected.sum);
        }
        if ((lacks & ChunkReader.LACKS_BOUNDS) == 0) {
          assertThat(found.min).isEqualTo(expected.min);
          assertThat(found.max).isEqualTo(expected.max);
        }
      }
    }
  }

  @Test
  void takesNoSamplesAndNoOddWidths() throws IOException {
    assertThatThrownBy(() -> info().ofCells(7_000)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> info().ofCells(-1)).isInstanceOf(IllegalArgumentException.class);
    ChunkInfo samples = new ChunkInfo(WINDOW, DAY, 7, 16, 1, false, "", 100, 2000);
    try (ChunkWriter writer = new ChunkWriter(fs, DATA, "w=20251121", samples)) {
      writer.series(1);
      assertThatThrownBy(() -> writer.cell(rows(), 0, 1, 0))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }
}
