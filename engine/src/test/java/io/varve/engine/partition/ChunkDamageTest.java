package io.varve.engine.partition;

import static io.varve.engine.partition.ChunkFiles.DATA;
import static io.varve.engine.partition.ChunkFiles.FOLDER;
import static io.varve.engine.partition.ChunkFiles.INFO;
import static io.varve.engine.partition.ChunkFiles.WINDOW;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.varve.engine.Seeds;
import io.varve.engine.format.ByteWriter;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.format.Crc32c;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Metadata;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.engine.partition.ChunkFormat.Section;
import io.varve.engine.partition.RandomSeries.Series;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/** Damaged files are told from sound ones, by name and place, and by nothing but one exception. */
@NullMarked
final class ChunkDamageTest {
  private final MemoryFileSystem fs = new MemoryFileSystem();
  private final Arena arena = Arena.ofShared();

  private ChunkFile write(long seed, int series, int rows) throws IOException {
    try (ChunkWriter writer = new ChunkWriter(fs, DATA, FOLDER, INFO)) {
      for (Series one : RandomSeries.series(new Random(seed), series, 4, rows, WINDOW)) {
        writer.series(one.windowId());
        for (SampleColumns block : one.blocks()) {
          writer.add(block, 0, block.size);
        }
        byte[] labels = Labels.of("trace_id", "abc" + seed).canonical();
        writer.exemplar(one.windowId(), WINDOW + 5, 1.5, labels, 0, labels.length);
        writer.metadata("", "metric_" + one.windowId(), new Metadata("gauge", "", "Some help."));
      }
      return writer.finish();
    }
  }

  private ChunkReader open(ChunkFile file, byte[] bytes) throws IOException {
    fs.put(DATA.resolve(file.path()), bytes);
    return ChunkReader.open(fs, DATA, file, arena, new DirectoryCache(1 << 20));
  }

  /** Reads everything that there is. */
  private static void readAll(ChunkReader reader) {
    ChunkScratch scratch = new ChunkScratch();
    SampleColumns into = new SampleColumns();
    BlockStats stats = new BlockStats();
    for (int row = 0; row < reader.seriesCount(); row++) {
      assertThat(reader.rowOf(reader.windowIdAt(row))).isEqualTo(row);
      for (int block = reader.firstBlock(row); block < reader.endBlock(row); block++) {
        into.clear();
        reader.read(block, into, scratch);
        assertThat(into.size).isEqualTo(reader.count(block));
        boolean some = reader.stats(block, stats);
        assertThat(some).isEqualTo(some && !reader.isHistogram(block));
        assertThat(reader.maxTime(block)).isGreaterThanOrEqualTo(reader.minTime(block));
      }
    }
    reader.exemplars(id -> true, TimeRange.ALL, (id, t, v, labels, offset, length) -> {});
    reader.metadata((tenant, metric, about) -> {});
  }

  @Test
  void aFlippedBitInAnyPageIsFoundWhenItIsRead() throws IOException {
    ChunkFile file = write(1, 400, 150);
    byte[] sound = fs.bytes(DATA.resolve(file.path())).clone();
    int pages = sound.length / ChunkFormat.PAGE_BYTES;
    assertThat(pages).isGreaterThan(5);
    Random random = new Random(Seeds.usual(2));
    for (int page = 0; page < pages; page++) {
      int at =
          Math.max(
              ChunkFormat.HEADER_BYTES,
              page * ChunkFormat.PAGE_BYTES + random.nextInt(ChunkFormat.PAGE_BYTES));
      byte[] bytes = sound.clone();
      bytes[at] ^= (byte) (1 << random.nextInt(8));
      long start = (long) page * ChunkFormat.PAGE_BYTES;
      try (ChunkReader reader = open(file, bytes)) {
        assertThat(catchThrowable(() -> readAll(reader)))
            .isInstanceOfSatisfying(
                CorruptDataException.class,
                e -> {
                  assertThat(e.source()).isEqualTo(file.path());
                  assertThat(e.offset()).isEqualTo(start);
                });
        // It stays broken, and the other pages stay readable.
        assertThatThrownBy(() -> readAll(reader)).isInstanceOf(CorruptDataException.class);
        List<String> problems = new ArrayList<>();
        reader.verify(problems::add);
        assertThat(problems).singleElement().asString().contains(file.path(), "byte " + start);
      }
    }
  }

  @Test
  void aFlippedBitInAnySectionIsNamed() throws IOException {
    ChunkFile file = write(3, 300, 150);
    byte[] sound = fs.bytes(DATA.resolve(file.path())).clone();
    long[] sections;
    try (ChunkReader reader = open(file, sound)) {
      sections = reader.footer().sections();
    }
    for (Section section : Section.values()) {
      byte[] bytes = sound.clone();
      int at = (int) ((sections[section.index] + sections[section.index + 1]) / 2);
      bytes[at] ^= 4;
      try (ChunkReader reader = open(file, bytes)) {
        assertThatThrownBy(() -> readAll(reader)).isInstanceOf(CorruptDataException.class);
        List<String> problems = new ArrayList<>();
        reader.verify(problems::add);
        String first = sectionOf(sections, at - at % ChunkFormat.PAGE_BYTES);
        assertThat(problems).singleElement().asString().contains(file.path(), first);
      }
    }
  }

  private static String sectionOf(long[] sections, long offset) {
    String name = "HEADER";
    for (Section section : Section.values()) {
      if (sections[section.index] <= offset) {
        name = section.name();
      }
    }
    return name;
  }

  @Test
  void aFlippedBitInHeaderOrFooterIsFoundAtOpen() throws IOException {
    ChunkFile file = write(4, 20, 20);
    byte[] sound = fs.bytes(DATA.resolve(file.path())).clone();
    int footer =
        (int)
            ByteBuffer.wrap(sound)
                .order(ByteOrder.LITTLE_ENDIAN)
                .getLong(sound.length - ChunkFormat.TRAILER_BYTES);
    for (int at = 0; at < sound.length; at++) {
      if (at == ChunkFormat.HEADER_BYTES) {
        at = footer;
      }
      byte[] bytes = sound.clone();
      bytes[at] ^= (byte) (1 << at % 8);
      assertThatThrownBy(() -> open(file, bytes))
          .as("byte %d", at)
          .isInstanceOf(CorruptDataException.class)
          .hasMessageContaining(file.path());
    }
  }

  @Test
  void aTruncatedFileIsFoundAtOpen() throws IOException {
    ChunkFile file = write(5, 20, 20);
    byte[] sound = fs.bytes(DATA.resolve(file.path())).clone();
    for (int length = 0; length < sound.length; length += 1 + length / 50) {
      byte[] bytes = Arrays.copyOf(sound, length);
      assertThatThrownBy(() -> open(file, bytes)).isInstanceOf(CorruptDataException.class);
      // Also if the manifest had the same idea of its size.
      ChunkFile shorter =
          new ChunkFile(
              file.info(),
              file.path(),
              length,
              file.sha256(),
              file.series(),
              file.blocks(),
              file.samples(),
              file.minTime(),
              file.maxTime());
      assertThatThrownBy(() -> open(shorter, bytes)).isInstanceOf(CorruptDataException.class);
    }
  }

  @Test
  void anotherFileUnderTheNameIsFoundAtOpen() throws IOException {
    ChunkFile file = write(6, 20, 20);
    byte[] sound = fs.bytes(DATA.resolve(file.path())).clone();
    ChunkInfo i = INFO;
    List<ChunkInfo> others =
        List.of(
            new ChunkInfo(i.windowStart() + 1, i.windowMillis(), 7, 16, 0, false, "", 100, 2000),
            new ChunkInfo(i.windowStart(), i.windowMillis(), 6, 16, 0, false, "", 100, 2000),
            new ChunkInfo(i.windowStart(), i.windowMillis(), 7, 16, 1, false, "", 100, 2000),
            new ChunkInfo(i.windowStart(), i.windowMillis(), 7, 16, 0, true, "", 100, 2000),
            new ChunkInfo(i.windowStart(), i.windowMillis(), 7, 16, 0, false, "x", 100, 2000),
            new ChunkInfo(i.windowStart(), i.windowMillis(), 7, 16, 0, false, "", 101, 2000));
    for (ChunkInfo other : others) {
      ChunkFile expected =
          new ChunkFile(
              other,
              file.path(),
              file.bytes(),
              file.sha256(),
              file.series(),
              file.blocks(),
              file.samples(),
              file.minTime(),
              file.maxTime());
      assertThatThrownBy(() -> open(expected, sound))
          .isInstanceOf(CorruptDataException.class)
          .hasMessageContaining(file.path());
    }
    ChunkFile moreSamples =
        new ChunkFile(
            i,
            file.path(),
            file.bytes(),
            file.sha256(),
            file.series(),
            file.blocks(),
            file.samples() + 1,
            file.minTime(),
            file.maxTime());
    assertThatThrownBy(() -> open(moreSamples, sound)).isInstanceOf(CorruptDataException.class);
  }

  @Test
  void aWrongHashIsReportedByVerify() throws IOException {
    ChunkFile file = write(7, 20, 20);
    byte[] sound = fs.bytes(DATA.resolve(file.path())).clone();
    ChunkFile other =
        new ChunkFile(
            file.info(),
            file.path(),
            file.bytes(),
            "00".repeat(32),
            file.series(),
            file.blocks(),
            file.samples(),
            file.minTime(),
            file.maxTime());
    List<String> problems = new ArrayList<>();
    try (ChunkReader reader = open(other, sound)) {
      reader.verify(problems::add);
    }
    assertThat(problems).singleElement().asString().contains("SHA-256");
  }

  /** Bytes that lie although all checksums match: whoever writes such a file is hostile. */
  @Test
  void hostileBytesEndInOneException() throws IOException {
    long seed = Seeds.usual(77);
    Random random = new Random(seed);
    int refused = 0;
    List<ChunkFile> files = new ArrayList<>();
    List<byte[]> sound = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      files.add(write(i, 1 + i, 1 + i));
      sound.add(fs.bytes(DATA.resolve(files.get(i).path())).clone());
    }
    for (int round = 0; round < 2000; round++) {
      ChunkFile file = files.get(round % 30);
      byte[] bytes = sound.get(round % 30).clone();
      int footer = footerOffset(bytes);
      for (int k = 1 + random.nextInt(3); k > 0; k--) {
        // Values are the codecs' affair; most damage goes behind them.
        int from = random.nextInt(3) == 0 ? ChunkFormat.HEADER_BYTES : footer / 2;
        int at = from + random.nextInt(bytes.length - ChunkFormat.TRAILER_BYTES - from);
        bytes[at] = (byte) (random.nextBoolean() ? random.nextInt(256) : bytes[at] + 1);
      }
      reseal(bytes);
      try (ChunkReader reader = open(file, bytes)) {
        reader.verify(problem -> {});
        readAll(reader);
      } catch (CorruptDataException e) {
        refused++;
        assertThat(e.getMessage()).as("seed %d round %d", seed, round).contains(file.path());
      } catch (AssertionError e) {
        refused++; // the file says that a series has two places: wrong, but harmless
      }
    }
    assertThat(refused).isGreaterThan(500);
  }

  private static int footerOffset(byte[] bytes) {
    return (int)
        ByteBuffer.wrap(bytes)
            .order(ByteOrder.LITTLE_ENDIAN)
            .getLong(bytes.length - ChunkFormat.TRAILER_BYTES);
  }

  /** Makes all checksums match again. */
  private static void reseal(byte[] bytes) {
    int footer = footerOffset(bytes);
    int trailer = bytes.length - ChunkFormat.TRAILER_BYTES;
    ByteBuffer out = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int pages = (footer + ChunkFormat.PAGE_BYTES - 1) / ChunkFormat.PAGE_BYTES;
    for (int page = 0; page < pages; page++) {
      int from = page * ChunkFormat.PAGE_BYTES;
      int length = Math.min(ChunkFormat.PAGE_BYTES, footer - from);
      out.putInt(trailer - 4 * (pages - page), Crc32c.of(bytes, from, length));
    }
    ByteWriter covered = new ByteWriter(trailer + 12 - footer);
    covered.bytes(bytes, footer, trailer + 12 - footer);
    out.putInt(trailer + 12, Crc32c.of(covered.array(), 0, covered.size()));
  }
}
