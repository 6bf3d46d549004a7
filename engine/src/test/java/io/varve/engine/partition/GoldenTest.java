package io.varve.engine.partition;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.StaleMarker;
import io.varve.engine.model.TimeRange;
import io.varve.engine.partition.RandomSeries.Series;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.roaringbitmap.RoaringBitmap;

/** Files of version 1, written once, are read for ever. */
@NullMarked
final class GoldenTest {
  private static final Path DATA = Path.of("data");
  private static final long DAY = 86_400_000L;
  private static final long WINDOW = 1_763_683_200_000L;

  /** The worked example in the package's documentation. */
  private static final String ONE =
      """
      56 61 72 76 65 54 43 48 01 00 01 00 00 00 07 00
      10 00 00 00 00 00 00 00 00 ec b5 a3 9a 01 00 00
      00 5c 26 05 00 00 00 00 64 00 00 00 00 00 00 00
      d0 07 00 00 00 00 00 00 00 00 00 00 d7 23 2b 06
      02 0c 0a 05 02 09 01 b0 9a b1 bb d4 66 98 75 00
      00 02 80 06 07 80 b0 9a b1 bb d4 66 04 80 e0 d4
      03 02 80 12 00 00 02 80 18 00 02 80 0c 00 02 80
      10 00 02 80 02 02 80 1e 00 02 80 13 02 80 14 00
      00 00 02 80 02 02 80 14 00 00 02 80 54 02 80 02
      00 01 01 01 03 b0 9a b1 bb d4 66 b0 ea 01 06 09
      15 09 1c 07 00 00 15 09 1c f7 d6 9c 93 90 00 00
      00 00 00 00 00 1d 00 00 00 82 02 0d f0 48 43 54
      65 76 72 61 56
      """;

  /** The worked example of a tombstone file. */
  private static final String TOMBSTONE =
      """
      56 61 72 76 65 54 4d 42 01 00 00 00 01 00 00 00
      d1 07 00 00 00 00 00 00 00 ec b5 a3 9a 01 00 00
      80 da ec a3 9a 01 00 00 14 00 00 00 3a 30 00 00
      01 00 00 00 00 00 01 00 10 00 00 00 07 00 2a 00
      0b 73 4f 19
      """;

  private final MemoryFileSystem fs = new MemoryFileSystem();

  private static byte[] hex(String text) {
    return HexFormat.of().parseHex(text.replaceAll("\\s", ""));
  }

  private static byte[] resource(String name) throws IOException {
    String path = "/golden/partition/" + name;
    try (InputStream in = GoldenTest.class.getResourceAsStream(path)) {
      return Objects.requireNonNull(in, path).readAllBytes();
    }
  }

  private ChunkReader open(
      byte[] bytes, ChunkInfo info, int series, long blocks, long samples, long min, long max)
      throws Exception {
    String path = ChunkInfo.windowFolder(WINDOW) + "/" + info.fileName();
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
    ChunkFile file =
        new ChunkFile(
            info,
            path,
            bytes.length,
            HexFormat.of().formatHex(digest),
            series,
            blocks,
            samples,
            min,
            max);
    fs.put(DATA.resolve(path), bytes);
    ChunkReader reader = ChunkReader.open(fs, DATA, file, Arena.ofAuto());
    List<String> problems = new ArrayList<>();
    reader.verify(problems::add);
    assertThat(problems).isEmpty();
    return reader;
  }

  @Test
  void theWorkedExampleOfAChunkFile() throws Exception {
    ChunkInfo info = new ChunkInfo(WINDOW, DAY, 7, 16, 0, false, "", 100, 2000);
    SampleColumns rows = new SampleColumns();
    rows.add(WINDOW + 15_000, 1.5, 0);
    rows.add(WINDOW + 30_000, 2.5, 0);
    rows.add(WINDOW + 45_000, 0.5, 0);
    try (ChunkReader reader = open(hex(ONE), info, 1, 1, 3, WINDOW + 15_000, WINDOW + 45_000)) {
      ChunkFiles.assertHolds(reader, List.of(new Series(42, List.of(rows))));
      BlockStats stats = new BlockStats();
      assertThat(reader.stats(0, stats)).isTrue();
      assertThat(stats.sum).isEqualTo(4.5);
      assertThat(stats.min).isEqualTo(0.5);
      assertThat(stats.max).isEqualTo(2.5);
      assertThat(stats.resets).isEqualTo(1);
      assertThat(stats.resetCorrection).isEqualTo(2.5);
    }
  }

  /** What {@code kinds.tch} holds. */
  static List<Series> kinds() {
    SampleColumns counter = new SampleColumns();
    SampleColumns constant = new SampleColumns();
    SampleColumns gauge = new SampleColumns();
    SampleColumns special = new SampleColumns();
    SampleColumns starts = new SampleColumns();
    SampleColumns histograms = new SampleColumns();
    double[] odd = {
      StaleMarker.VALUE,
      Double.longBitsToDouble(0x7ff8_0000_0000_0001L),
      -0.0,
      Double.POSITIVE_INFINITY,
      Double.MIN_VALUE,
      1e300
    };
    for (int i = 0; i < 480; i++) {
      long time = WINDOW + 7 + 15_000L * (i + 1L);
      counter.add(time, 1000.0 + 37 * (i % 200) + i % 7, 0);
      constant.add(time, 0.1, 0);
      gauge.add(time, i == 479 ? StaleMarker.VALUE : (i * 7919L % 1000) / 100.0, 0);
      special.add(time, i % 20 == 0 ? odd[i / 20 % odd.length] : i * 0.001, 0);
      starts.add(time, i, WINDOW - 1000 - i / 100);
    }
    int[] spans = {-2, 2, 1, 1};
    int[] none = {};
    long[] noDeltas = {};
    double[] noCounts = {};
    for (int i = 0; i < 20; i++) {
      long time = WINDOW + 60_000L * (i + 1L);
      Histogram histogram =
          i % 2 == 0
              ? new Histogram(
                  3,
                  0.001,
                  false,
                  6L + 3L * i,
                  i,
                  1.25 * i,
                  0,
                  spans,
                  none,
                  new long[] {2 + i, 0, 1},
                  noDeltas,
                  noCounts,
                  noCounts,
                  noCounts)
              : new Histogram(
                  Histogram.CUSTOM_BUCKETS_SCHEMA,
                  0,
                  true,
                  Double.doubleToRawLongBits(2.5),
                  0,
                  1.5,
                  3,
                  new int[] {0, 2},
                  none,
                  noDeltas,
                  noDeltas,
                  new double[] {0.5, 2},
                  noCounts,
                  new double[] {1, 2.5});
      histograms.add(time, histogram, 0);
    }
    SampleColumns mixed = new SampleColumns();
    mixed.add(WINDOW + DAY, 5, 0);
    return List.of(
        new Series(70_000, List.of(counter)),
        new Series(3, List.of(constant)),
        new Series(12, List.of(gauge)),
        new Series(5, List.of(special)),
        new Series(6, List.of(starts)),
        new Series(9, List.of(histograms, mixed)));
  }

  @Test
  void aFileOfEveryKind() throws Exception {
    ChunkInfo info = new ChunkInfo(WINDOW, DAY, 300, 1024, 1, false, "30 d", 5, 1L << 40);
    try (ChunkReader reader =
        open(resource("kinds.tch"), info, 6, 7, 5 * 480 + 21, WINDOW + 15_007, WINDOW + DAY)) {
      ChunkFiles.assertHolds(reader, kinds());
      BlockStats expected = new BlockStats();
      BlockStats stats = new BlockStats();
      for (int block = 0; block < 3; block++) {
        SampleColumns rows = kinds().get(block).blocks().getFirst();
        assertThat(expected.collect(rows, 0, rows.size)).isTrue();
        assertThat(reader.stats(block, stats)).isTrue();
        BlockStatsTest.assertSame(stats, expected);
      }
      for (int block = 3; block < 6; block++) {
        assertThat(reader.stats(block, stats)).isFalse();
      }
      List<String> side = new ArrayList<>();
      reader.exemplars(
          id -> true,
          TimeRange.ALL,
          (id, time, value, labels, offset, length) ->
              side.add(
                  id
                      + " "
                      + time
                      + " "
                      + value
                      + " "
                      + Labels.fromCanonical(labels, offset, length).get("trace_id")));
      reader.metadata((tenant, metric, about) -> side.add(tenant + "/" + metric + " " + about));
      assertThat(side)
          .containsExactly(
              "12 1763683200500 0.25 abc",
              "9 1763683200501 7.5 def",
              "/up Metadata[type=gauge, unit=, help=Is it up?]",
              "team/rpc_seconds Metadata[type=histogram, unit=seconds, help=Latency]");
    }
  }

  @Test
  void theWorkedExampleOfATombstoneFile() {
    List<Tombstone> entries = TombstoneFile.decode(hex(TOMBSTONE), "example").entries();
    assertThat(entries)
        .containsExactly(
            new Tombstone(RoaringBitmap.bitmapOf(7, 42), WINDOW, WINDOW + 3_600_000, 2001));
  }

  @Test
  void theWorkedExampleOfAManifest() throws IOException {
    String text =
        """
        e2f962ac\tvarve-manifest version=1 number=1 lines=2
        595e3797\tstore id=cafebabe00000001 hashSeed=-5 hashVersion=1 encoder=1 \
        windowMillis=86400000\tflushed seq=0\tcheckpoint seq=0\tnextIndex generation=1
        3191940e\taddWindow w=1763683200000 buckets=16\tflushed seq=2000
        """;
    fs.put(DATA.resolve("CURRENT"), ManifestFile.current(1));
    fs.put(DATA.resolve("MANIFEST-1"), text.getBytes(StandardCharsets.US_ASCII));
    ManifestState state = Manifest.read(fs, DATA);
    assertThat(state.storeId()).isEqualTo(0xCAFE_BABE_0000_0001L);
    assertThat(state.flushedSequence()).isEqualTo(2000);
    assertThat(state.windows()).containsOnlyKeys(WINDOW);
  }

  @Test
  void aManifest() throws IOException {
    fs.put(DATA.resolve("CURRENT"), resource("CURRENT"));
    fs.put(DATA.resolve("MANIFEST-3"), resource("MANIFEST-3"));
    ManifestState state = Manifest.read(fs, DATA);
    ChunkInfo info = new ChunkInfo(WINDOW, DAY, 7, 16, 0, true, "30 d", 100, 2000);
    ChunkFile chunk =
        new ChunkFile(info, "w=20251121/" + info.fileName(), 197, "5a".repeat(32), 1, 2, 3, -4, 5);
    WindowState window =
        new WindowState(
            WINDOW,
            16,
            List.of(
                new IndexFile("index-1-0.tix", 77, "ab".repeat(32), 0, 10),
                new IndexFile("index-1-1.tix", 78, "cd".repeat(32), 10, 1)),
            List.of(chunk),
            "tomb-0000000000000011.rb");
    assertThat(state.window(WINDOW)).isEqualTo(window);
    assertThat(state.windows()).hasSize(1);
    assertThat(state.storeId()).isEqualTo(0xCAFE_BABE_0000_0001L);
    assertThat(state.hashSeed()).isEqualTo(-5);
    assertThat(state.windowMillis()).isEqualTo(DAY);
    assertThat(state.flushedSequence()).isEqualTo(2000);
    assertThat(state.checkpointSequence()).isEqualTo(1900);
    assertThat(state.checkpointFiles()).containsExactly("checkpoint/a", "checkpoint/b,c");
    assertThat(state.nextIndexGeneration()).isEqualTo(2);
    assertThat(state.watermarks()).containsExactly(java.util.Map.entry("agg 5m", "17 ü=%\t"));
    String text = new String(resource("MANIFEST-3"), StandardCharsets.US_ASCII);
    assertThat(text).contains("removeChunk", "dropWindow", "clearIndex", "encoder version=1");
  }
}
