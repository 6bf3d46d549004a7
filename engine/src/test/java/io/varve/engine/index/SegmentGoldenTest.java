package io.varve.engine.index;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.io.RealFileSystem;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.roaringbitmap.RoaringBitmap;

/**
 * Files of version 1 are read for ever: the example of the package description, and a larger one.
 */
class SegmentGoldenTest {
  private static final IndexSegmentId EXAMPLE_ID =
      new IndexSegmentId(1_700_006_400_000L, 86_400_000, 1, 2, 7);
  private static final String EXAMPLE =
      """
      89 56 41 52 56 45 0d 0a 69 6e 64 65 78 00 00 00 01 00 00 00
      00 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00 e7 a5 d8 be
      00 10 47 d0 8b 01 00 00 00 5c 26 05 00 00 00 00 01 00 00 00
      00 00 00 00 02 00 00 00 07 00 00 00 03 00 00 00 00 00 00 00
      23 00 00 00 00 03 02 07 09 00 08 5f 5f 6e 61 6d 65 5f 5f 01
      04 06 00 03 6a 6f 62 03 09 0c 00 04 7a 6f 6e 65 01 03 06 00
      00 00 00 00 00 00 00 02 00 00 00 05 00 00 00 02 00 00 03 00
      00 00 00 00 01 01 00 03 00 08 00 00 00 00 00 03 00 00 00 00
      02 75 70 02 0c 00 02 0c 00 00 00 00 00 03 00 00 00 00 01 61
      00 01 62 00 01 63 02 0c 00 02 02 02 04 00 04 01 04 02 00 00
      00 00 03 00 00 00 00 01 78 02 04 02 02 04 02 50 00 00 00 00
      00 00 00 07 00 00 00 03 00 00 00 fa 3a 33 d5 e7 00 00 00 00
      00 00 00 d7 00 00 00 00 00 00 00 01 00 00 00 35 9d 50 b2 e8
      37 d9 14 56 49 44 58
      """;

  @TempDir Path folder;

  @Test
  void theExampleIsRead() throws IOException {
    byte[] bytes = HexFormat.of().parseHex(EXAMPLE.replaceAll("\\s", ""));
    Files.write(folder.resolve("example.tix"), bytes);
    try (Arena arena = Arena.ofShared()) {
      IndexSegment segment =
          IndexSegment.open(RealFileSystem.INSTANCE, folder, "example.tix", bytes.length, arena);
      assertThat(segment.id()).isEqualTo(EXAMPLE_ID);
      assertThat(segment.firstId()).isEqualTo(7);
      assertThat(segment.count()).isEqualTo(3);
      SeriesList series = example();
      for (int i = 0; i < series.size(); i++) {
        assertThat(segment.labels(7 + i)).isEqualTo(series.labels(i));
      }
      assertThat(segment.select("", List.of(Matcher.equal("job", "b"))))
          .isEqualTo(RoaringBitmap.bitmapOf(8));
      assertThat(segment.select("", List.of(Matcher.equal("zone", ""))))
          .isEqualTo(RoaringBitmap.bitmapOf(7, 8));
    }
  }

  @Test
  void theExampleIsWritten() throws IOException {
    assertThat(write(EXAMPLE_ID, example()))
        .isEqualTo(HexFormat.of().parseHex(EXAMPLE.replaceAll("\\s", "")));
  }

  @Test
  void theGoldenFileIsRead() throws IOException {
    byte[] bytes = golden();
    Files.write(folder.resolve("golden.tix"), bytes);
    SeriesList series = goldenSeries();
    try (Arena arena = Arena.ofShared()) {
      IndexSegment segment =
          IndexSegment.open(RealFileSystem.INSTANCE, folder, "golden.tix", bytes.length, arena);
      List<String> problems = new ArrayList<>();
      segment.verify(problems::add);
      assertThat(problems).isEmpty();
      assertThat(segment.id()).isEqualTo(goldenId());
      assertThat(segment.count()).isEqualTo(series.size());
      for (int i = 0; i < series.size(); i++) {
        assertThat(segment.tenant(goldenId().firstId() + i)).isEqualTo(series.tenant(i));
        assertThat(segment.canonical(goldenId().firstId() + i)).isEqualTo(series.array(i));
      }
    }
  }

  @Test
  void theEncoderStillWritesTheGoldenFile() throws IOException {
    assertThat(write(goldenId(), goldenSeries())).isEqualTo(golden());
  }

  private byte[] write(IndexSegmentId id, SeriesList series) throws IOException {
    IndexSegmentWriter.write(
        RealFileSystem.INSTANCE, folder, "written.tix", id, series, series.size());
    return Files.readAllBytes(folder.resolve("written.tix"));
  }

  private static byte[] golden() throws IOException {
    try (InputStream in =
        Objects.requireNonNull(SegmentGoldenTest.class.getResourceAsStream("segment-v1.tix"))) {
      return in.readAllBytes();
    }
  }

  private static SeriesList example() {
    SeriesList series = new SeriesList();
    series.add("", Labels.of("__name__", "up", "job", "a"));
    series.add("", Labels.of("__name__", "up", "job", "b"));
    series.add("", Labels.of("__name__", "up", "job", "c", "zone", "x"));
    return series;
  }

  static IndexSegmentId goldenId() {
    return new IndexSegmentId(-86_400_000, 86_400_000, 4_000_000_000L, 1, 65_000);
  }

  /** All forms of postings and columns, two tenants, text beyond ASCII, a series without labels. */
  static SeriesList goldenSeries() {
    SeriesList series = new SeriesList();
    long state = 1;
    for (int i = 0; i < 6000; i++) {
      state = state * 6364136223846793005L + 1442695040888963407L;
      int random = (int) (state >>> 40);
      Labels.Builder labels = new Labels.Builder();
      labels.set("__name__", "metric_" + i / 2000);
      labels.set("instance", "host-" + 1000 + i % 200 + ":9100");
      labels.set("coin", (random & 1) == 0 ? "heads" : "tails");
      labels.set("dice", random % 6 == 0 ? "" : "\uD83C\uDFB2" + random % 6);
      labels.set("n", "" + i);
      series.add(i < 5500 ? "" : "größe", labels.build());
    }
    series.add("größe", Labels.EMPTY);
    return series.inFileOrder();
  }
}
