package io.varve.engine.partition;

import static io.varve.engine.partition.ChunkFiles.DATA;
import static io.varve.engine.partition.ChunkFiles.DAY;
import static io.varve.engine.partition.ChunkFiles.FOLDER;
import static io.varve.engine.partition.ChunkFiles.INFO;
import static io.varve.engine.partition.ChunkFiles.WINDOW;
import static io.varve.engine.partition.ChunkFiles.assertHolds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.engine.Seeds;
import io.varve.engine.io.RealFileSystem;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Metadata;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.engine.partition.RandomSeries.Series;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is written into a chunk file comes back, by row, by block, and from a copy. */
@NullMarked
final class ChunkFileTest {
  private final MemoryFileSystem fs = new MemoryFileSystem();
  private final Arena arena = Arena.ofShared();

  private static long[] seeds() {
    return Seeds.range(1, 8);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void everythingComesBack(long seed) throws IOException {
    Random random = new Random(seed);
    List<Series> all =
        RandomSeries.series(random, 1 + random.nextInt(400), 6, 1 + random.nextInt(200), WINDOW);
    ChunkFile file = ChunkFiles.write(fs, INFO, all);
    try (ChunkReader reader = ChunkReader.open(fs, DATA, file, arena)) {
      assertHolds(reader, all);
      assertThat(reader.rowOf(1_000_000)).isEqualTo(-1);
      assertStats(reader, all);
      List<String> problems = new ArrayList<>();
      reader.verify(problems::add);
      assertThat(problems).isEmpty();
    }
  }

  private static void assertStats(ChunkReader reader, List<Series> all) {
    BlockStats expected = new BlockStats();
    BlockStats actual = new BlockStats();
    int block = 0;
    int some = 0;
    for (Series series : all) {
      for (SampleColumns rows : series.blocks()) {
        boolean has = expected.collect(rows, 0, rows.size);
        assertThat(reader.stats(block, actual)).isEqualTo(has);
        if (has) {
          some++;
          BlockStatsTest.assertSame(actual, expected);
        }
        block++;
      }
    }
    assertThat(some).isPositive();
  }

  @Test
  void aFileOfManyPagesComesBack() throws IOException {
    long seed = Seeds.usual(99);
    List<Series> all = RandomSeries.series(new Random(seed), 2500, 2, 8, WINDOW);
    ChunkFile file = ChunkFiles.write(fs, INFO, all);
    assertThat(file.blocks()).isGreaterThan(3 * ChunkFormat.PAGE_ENTRIES);
    DirectoryCache small = new DirectoryCache(200_000);
    try (ChunkReader reader = ChunkReader.open(fs, DATA, file, arena, small)) {
      assertHolds(reader, all);
      assertStats(reader, all);
      assertThat(small.residentBytes()).isBetween(100_000L, 200_000L);
    }
    assertThat(small.residentBytes()).isZero();
  }

  @Test
  void decodedPagesStayWithinTheCache() throws IOException {
    List<Series> all = RandomSeries.series(new Random(5), 3000, 2, 3, WINDOW);
    ChunkFile file = ChunkFiles.write(fs, INFO, all);
    DirectoryCache cache = new DirectoryCache(150_000);
    try (ChunkReader reader = ChunkReader.open(fs, DATA, file, arena, cache)) {
      long idle = reader.residentBytes();
      assertHolds(reader, all);
      assertThat(cache.residentBytes()).isBetween(1L, 150_000L);
      assertThat(reader.residentBytes() - idle).isEqualTo(cache.residentBytes());
    }
  }

  @Test
  void aFileIsWhatTheManifestSays() throws Exception {
    List<Series> all = RandomSeries.series(new Random(3), 40, 4, 30, WINDOW);
    ChunkFile file = ChunkFiles.write(fs, INFO, all);
    byte[] bytes = fs.readAll(DATA.resolve(file.path()));
    assertThat(file.bytes()).isEqualTo(bytes.length);
    assertThat(file.sha256())
        .isEqualTo(HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes)));
    assertThat(file.path()).isEqualTo("w=20251121/b=07/c-00000000000007d0-L0.tch");
    assertThat(file.series()).isEqualTo(40);
    long samples = 0;
    long min = Long.MAX_VALUE;
    long max = Long.MIN_VALUE;
    for (Series series : all) {
      for (SampleColumns block : series.blocks()) {
        samples += block.size;
        min = Math.min(min, block.times[0]);
        max = Math.max(max, block.times[block.size - 1]);
      }
    }
    assertThat(file.samples()).isEqualTo(samples);
    assertThat(file.minTime()).isEqualTo(min);
    assertThat(file.maxTime()).isEqualTo(max);
    assertThat(fs.list(DATA.resolve(FOLDER).resolve("b=07"))).hasSize(1);
  }

  @Test
  void theSameInputMakesTheSameBytes(@TempDir Path folder) throws IOException {
    List<Series> all = RandomSeries.series(new Random(11), 300, 5, 100, WINDOW);
    ChunkFile one = ChunkFiles.write(fs, INFO, all);
    ChunkFile other;
    try (ChunkWriter writer = new ChunkWriter(RealFileSystem.INSTANCE, folder, FOLDER, INFO)) {
      for (Series series : all) {
        writer.series(series.windowId());
        for (SampleColumns block : series.blocks()) {
          writer.add(block, 0, block.size);
        }
      }
      other = writer.finish();
    }
    assertThat(other).isEqualTo(one);
    assertThat(RealFileSystem.INSTANCE.readAll(folder.resolve(other.path())))
        .isEqualTo(fs.readAll(DATA.resolve(one.path())));
    try (ChunkReader reader = ChunkReader.open(RealFileSystem.INSTANCE, folder, other, arena)) {
      assertHolds(reader, all);
    }
  }

  @Test
  void aCopyOfAllBlocksIsTheSameFile() throws IOException {
    List<Series> all = RandomSeries.series(new Random(12), 300, 5, 100, WINDOW);
    ChunkFile source = ChunkFiles.write(fs, INFO, all);
    ChunkInfo info = new ChunkInfo(WINDOW, DAY, 7, 16, 1, false, "", 100, 2000);
    ChunkFile copied;
    try (ChunkReader reader = ChunkReader.open(fs, DATA, source, arena);
        ChunkWriter writer = new ChunkWriter(fs, DATA, FOLDER, info)) {
      ChunkScratch scratch = new ChunkScratch();
      for (int row = 0; row < reader.seriesCount(); row++) {
        writer.series(reader.windowIdAt(row));
        for (int block = reader.firstBlock(row); block < reader.endBlock(row); block++) {
          writer.copy(reader, block, scratch);
        }
      }
      copied = writer.finish();
    }
    ChunkFile written = ChunkFiles.write(new MemoryFileSystem(), info, all);
    assertThat(copied).isEqualTo(written);
  }

  @Test
  void blocksOfSeveralFilesMergeWithNewOnes() throws IOException {
    Random random = new Random(Seeds.usual(13));
    List<Series> all = RandomSeries.series(random, 60, 6, 50, WINDOW);
    List<Series> early = new ArrayList<>();
    List<Series> later = new ArrayList<>();
    for (Series series : all) {
      int cut = series.blocks().size() / 2;
      if (cut > 0) {
        early.add(new Series(series.windowId(), series.blocks().subList(0, cut)));
      }
      later.add(
          new Series(series.windowId(), series.blocks().subList(cut, series.blocks().size())));
    }
    ChunkFile one = ChunkFiles.write(fs, INFO, early);
    ChunkFile two =
        ChunkFiles.write(fs, new ChunkInfo(WINDOW, DAY, 7, 16, 0, true, "", 1, 3000), later);
    ChunkInfo info = new ChunkInfo(WINDOW, DAY, 7, 16, 1, false, "hot", 1, 3000);
    ChunkFile merged;
    try (ChunkReader a = ChunkReader.open(fs, DATA, one, arena);
        ChunkReader b = ChunkReader.open(fs, DATA, two, arena);
        ChunkWriter writer = new ChunkWriter(fs, DATA, FOLDER, info)) {
      ChunkScratch scratch = new ChunkScratch();
      SampleColumns rows = new SampleColumns();
      for (Series series : all) {
        writer.series(series.windowId());
        int row = a.rowOf(series.windowId());
        for (int block = row < 0 ? 0 : a.firstBlock(row); row >= 0 && block < a.endBlock(row); ) {
          writer.copy(a, block++, scratch);
        }
        row = b.rowOf(series.windowId());
        for (int block = b.firstBlock(row); block < b.endBlock(row); block++) {
          if (random.nextBoolean()) {
            writer.copy(b, block, scratch);
          } else {
            rows.clear();
            b.read(block, rows, scratch);
            writer.add(rows, 0, rows.size);
          }
        }
      }
      merged = writer.finish();
    }
    // However a block got there, its bytes are the same.
    assertThat(merged).isEqualTo(ChunkFiles.write(new MemoryFileSystem(), info, all));
    try (ChunkReader reader = ChunkReader.open(fs, DATA, merged, arena)) {
      assertHolds(reader, all);
      assertStats(reader, all);
      assertThat(reader.file().info().retentionClass()).isEqualTo("hot");
    }
  }

  @Test
  void seriesOfOneTargetShareTheirTimes() throws IOException {
    Random random = new Random(Seeds.usual(21));
    SampleColumns shared = new SampleColumns();
    List<Series> all = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      SampleColumns block = new SampleColumns();
      for (int k = 0; k < 480; k++) {
        long time = i == 0 ? WINDOW + 77 + 15_000L * k + random.nextInt(5) : shared.times[k];
        block.add(time, random.nextInt(1000), 0);
      }
      if (i == 0) {
        shared = block;
      }
      all.add(new Series(i, List.of(block)));
    }
    ChunkFile file = ChunkFiles.write(fs, INFO, all);
    try (ChunkReader reader = ChunkReader.open(fs, DATA, file, arena)) {
      ChunkFooter footer = reader.footer();
      long timeBytes =
          footer.end(ChunkFormat.Section.COLUMNS) - footer.start(ChunkFormat.Section.TIMES);
      assertThat(footer.columns()).isEqualTo(1);
      assertThat(timeBytes / (double) file.samples()).isLessThan(0.001);
      assertHolds(reader, all);
    }
  }

  @Test
  void timesAreSharedAlsoBeyondThoseThatAreKeptToCompare() throws IOException {
    List<SampleColumns> distinct = new ArrayList<>();
    for (int c = 0; c < 40; c++) {
      SampleColumns block = new SampleColumns(50_000);
      for (int k = 0; k < 50_000; k++) {
        block.add(WINDOW + 1 + k * 1000L + c, 1, 0);
      }
      distinct.add(block);
    }
    List<Series> all = new ArrayList<>();
    for (int i = 0; i < 80; i++) {
      all.add(new Series(i, List.of(distinct.get(i % 40))));
    }
    ChunkFile file = ChunkFiles.write(fs, INFO, all);
    try (ChunkReader reader = ChunkReader.open(fs, DATA, file, arena)) {
      assertThat(reader.footer().columns()).isEqualTo(40);
      SampleColumns into = new SampleColumns();
      reader.read(79, into, new ChunkScratch());
      ChunkFiles.assertRows(into, 0, distinct.get(39));
    }
  }

  @Test
  void exemplarsAndMetadataComeBack() throws IOException {
    Random random = new Random(Seeds.usual(8));
    ChunkFile file;
    try (ChunkWriter writer = new ChunkWriter(fs, DATA, FOLDER, INFO)) {
      for (int i = 0; i < 5000; i++) {
        byte[] labels = Labels.of("trace_id", "t" + random.nextInt(100)).canonical();
        writer.exemplar(i / 10, WINDOW + i, i * 0.5, labels, 0, labels.length);
      }
      for (int i = 0; i < 3000; i++) {
        String metric = "metric_" + i;
        writer.metadata(
            i % 2 == 0 ? "" : "tenant", metric, new Metadata("counter", "bytes", "Help of " + i));
      }
      file = writer.finish();
    }
    try (ChunkReader reader = ChunkReader.open(fs, DATA, file, arena)) {
      List<String> found = new ArrayList<>();
      reader.exemplars(
          id -> id == 42,
          new TimeRange(WINDOW + 422, WINDOW + 425),
          (id, time, value, labels, offset, length) ->
              found.add(
                  id
                      + " "
                      + (time - WINDOW)
                      + " "
                      + value
                      + " "
                      + Labels.fromCanonical(labels, offset, length).get("trace_id").charAt(0)));
      assertThat(found).containsExactly("42 423 211.5 t", "42 424 212.0 t", "42 425 212.5 t");
      List<String> all = new ArrayList<>();
      reader.exemplars(id -> true, TimeRange.ALL, (id, t, v, l, o, n) -> all.add(id + "@" + t));
      assertThat(all).hasSize(5000).first().isEqualTo("0@" + WINDOW);
      List<String> metrics = new ArrayList<>();
      reader.metadata((tenant, metric, about) -> metrics.add(tenant + "/" + metric + about));
      assertThat(metrics)
          .hasSize(3000)
          .contains("tenant/metric_2999Metadata[type=counter, unit=bytes, help=Help of 2999]");
      assertThat(reader.seriesCount()).isZero();
      assertThat(reader.rowOf(0)).isEqualTo(-1);
    }
  }

  @Test
  void manyThreadsReadOneFile() throws Exception {
    List<Series> all = RandomSeries.series(new Random(31), 800, 4, 60, WINDOW);
    ChunkFile file = ChunkFiles.write(fs, INFO, all);
    try (ChunkReader reader = ChunkReader.open(fs, DATA, file, arena, new DirectoryCache(50_000));
        ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<Future<?>> done = new ArrayList<>();
      for (int t = 0; t < 4; t++) {
        done.add(threads.submit(() -> assertHolds(reader, all)));
      }
      for (Future<?> one : done) {
        one.get();
      }
    }
  }

  @Test
  void rowsFollowWhatTheColumnsHoldAlready() throws IOException {
    SampleColumns floats = RandomSeries.block(new Random(1), 5, WINDOW + 1, false);
    SampleColumns block = new SampleColumns();
    block.add(WINDOW + 100_000, 1.5, 0);
    ChunkFile file = ChunkFiles.write(fs, INFO, List.of(new Series(0, List.of(block))));
    SampleColumns into = new SampleColumns();
    for (int i = 0; i < floats.size; i++) {
      into.add(floats.times[i], RandomSeries.histogram(new Random(i), i), 17);
    }
    try (ChunkReader reader = ChunkReader.open(fs, DATA, file, arena)) {
      reader.read(0, into, new ChunkScratch());
    }
    assertThat(into.size).isEqualTo(6);
    assertThat(into.histogram(4)).isNotNull();
    assertThat(into.histogram(5)).isNull();
    assertThat(into.start(4)).isEqualTo(17);
    assertThat(into.start(5)).isZero();
  }

  @Test
  void aWriterRefusesWhatWouldBreakTheFile() throws IOException {
    SampleColumns rows = new SampleColumns();
    rows.add(WINDOW + 1, 1, 0);
    rows.add(WINDOW + DAY, 2, 0);
    rows.add(WINDOW + DAY + 1, 3, 0);
    SampleColumns edge = new SampleColumns();
    edge.add(WINDOW, 1, 0);
    SampleColumns mixed = new SampleColumns();
    mixed.add(WINDOW + 1, 1, 0);
    mixed.add(WINDOW + 2, RandomSeries.histogram(new Random(0), 1), 0);
    try (ChunkWriter writer = new ChunkWriter(fs, DATA, FOLDER, INFO)) {
      assertThatThrownBy(() -> writer.add(rows, 0, 1)).isInstanceOf(IllegalStateException.class);
      writer.series(4);
      assertThatThrownBy(() -> writer.add(rows, 0, 0)).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> writer.add(rows, 2, 3)).hasMessageContaining("after the window");
      assertThatThrownBy(() -> writer.add(edge, 0, 1)).hasMessageContaining("series 4");
      assertThatThrownBy(() -> writer.add(mixed, 0, 2)).hasMessageContaining("histograms");
      writer.add(rows, 0, 2);
      assertThatThrownBy(() -> writer.add(rows, 0, 1)).hasMessageContaining("series 4");
    }
    assertThat(fs.list(DATA.resolve(FOLDER).resolve("b=07"))).isEmpty();
  }

  @Test
  void aFailedWriteLeavesNoFile() throws IOException {
    List<Series> all = RandomSeries.series(new Random(3), 300, 4, 100, WINDOW);
    int changes;
    {
      MemoryFileSystem counted = new MemoryFileSystem();
      ChunkFiles.write(counted, INFO, all);
      changes = counted.changes;
    }
    for (int k = 1; k <= changes; k++) {
      MemoryFileSystem failing = new MemoryFileSystem();
      failing.failAt = k;
      failing.dies = false;
      assertThatThrownBy(() -> ChunkFiles.write(failing, INFO, all))
          .isInstanceOf(IOException.class);
      // Only the sync of the folder comes after the rename.
      Path target = DATA.resolve(FOLDER).resolve(INFO.fileName());
      assertThat(failing.list(target.resolveSibling("")))
          .isEqualTo(k == changes ? List.of(target) : List.of());
    }
  }

  @Test
  void fileNamesAreAFunctionOfTheInfo() {
    assertThat(INFO.fileName()).isEqualTo("b=07/c-00000000000007d0-L0.tch");
    assertThat(new ChunkInfo(0, DAY, 1000, 1024, 0, true, "", 1, 255).fileName())
        .isEqualTo("b=3e8/c-00000000000000ff-L0-late.tch");
    assertThat(new ChunkInfo(0, DAY, 0, 1, 1, false, "30 d/x", 1, 255).fileName())
        .isEqualTo("b=00/c-00000000000000ff-L1-30%20d%2fx.tch");
    assertThat(new ChunkInfo(0, DAY, 0, 1, 1, false, "late", 1, 2).fileName())
        .isNotEqualTo(new ChunkInfo(0, DAY, 0, 1, 1, true, "", 1, 2).fileName());
    assertThat(ChunkInfo.windowFolder(WINDOW)).isEqualTo("w=20251121");
    assertThat(ChunkInfo.windowFolder(WINDOW + 3_600_000)).isEqualTo("w=20251121T010000");
    assertThat(ChunkInfo.windowFolder(WINDOW + 1)).isEqualTo("w=20251121T000000001");
    assertThat(ChunkInfo.windowFolder(-DAY)).isEqualTo("w=19691231");
    assertThatThrownBy(() -> new ChunkInfo(0, DAY, 0, 3, 0, false, "", 0, 0))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
