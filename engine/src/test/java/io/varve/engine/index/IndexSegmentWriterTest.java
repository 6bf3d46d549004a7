package io.varve.engine.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.engine.format.ByteWriter;
import io.varve.engine.io.FileSystem;
import io.varve.engine.io.RealFileSystem;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SeriesKey;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.roaringbitmap.RoaringBitmap;

/** What the writer promises about its files, its answers and its refusals. */
class IndexSegmentWriterTest {
  private static final FileSystem FS = RealFileSystem.INSTANCE;
  private static final IndexSegmentId ID = new IndexSegmentId(0, 86_400_000, 0, 0, 10);

  @TempDir Path folder;

  @Test
  void saysWhatItWrote() throws IOException, NoSuchAlgorithmException {
    Files.createDirectory(folder.resolve("w=19700101"));
    SeriesList series = new SeriesList();
    series.add("", Labels.of("__name__", "a"));
    series.add("", Labels.of("__name__", "b"));
    String path = "w=19700101/index-0-0.tix";
    IndexSegmentFile file = IndexSegmentWriter.write(FS, folder, path, ID, series, 2);
    byte[] bytes = Files.readAllBytes(folder.resolve(path));
    assertThat(file)
        .isEqualTo(
            new IndexSegmentFile(
                path,
                bytes.length,
                HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes)),
                10,
                2));
    assertThat(names("w=19700101")).containsExactly("index-0-0.tix");
  }

  @Test
  void theSameSeriesGiveTheSameBytesWhereverTheyLie() throws IOException {
    SeriesList series = new SeriesList();
    for (int i = 0; i < 3000; i++) {
      series.add(
          i < 2000 ? "" : "x", Labels.of("__name__", "m" + i / 100, "n", "" + i * 7919 % 1000));
    }
    SeriesList sorted = series.inFileOrder();
    LabelSource decoding =
        new LabelSource() {
          private byte[] buffer = new byte[0];

          @Override
          public String tenant(int id) {
            return new String(sorted.tenant(id).toCharArray());
          }

          @Override
          public byte[] array(int id) {
            java.util.Arrays.fill(buffer, (byte) -1); // what was read before is gone
            ByteWriter bytes = new ByteWriter(16);
            bytes.fixed64(id);
            bytes.bytes(sorted.array(id));
            bytes.u8(99);
            buffer = bytes.toByteArray();
            return buffer;
          }

          @Override
          public int offset(int id) {
            return 8;
          }

          @Override
          public int length(int id) {
            return sorted.length(id);
          }
        };
    IndexSegmentFile a = IndexSegmentWriter.write(FS, folder, "a", ID, sorted, sorted.size());
    IndexSegmentFile b = IndexSegmentWriter.write(FS, folder, "b", ID, decoding, sorted.size());
    assertThat(b.sha256()).isEqualTo(a.sha256());
    assertThat(Files.readAllBytes(folder.resolve("b")))
        .isEqualTo(Files.readAllBytes(folder.resolve("a")));
  }

  @Test
  void anEmptySegmentIsASegment() throws IOException {
    IndexSegmentFile file = IndexSegmentWriter.write(FS, folder, "empty", ID, new SeriesList(), 0);
    try (Arena arena = Arena.ofShared()) {
      IndexSegment segment = IndexSegment.open(FS, folder, "empty", file.bytes(), arena);
      assertThat(segment.count()).isZero();
      assertThat(segment.select("", List.of()).isEmpty()).isTrue();
      segment.verify(problem -> assertThat(problem).isNull());
      segment.keys(new SeriesKey.Hash(0), new long[0], new long[0]);
      assertThatThrownBy(() -> segment.labels(10)).isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  @Test
  void manyTenantsStayApart() throws IOException {
    SeriesList series = new SeriesList();
    for (int t = 0; t < 700; t++) {
      for (int i = 0; i <= t % 4; i++) {
        series.add("tenant-" + t, Labels.of("__name__", "m", "i", "" + i, "l" + t, "x"));
      }
    }
    SeriesList sorted = series.inFileOrder();
    IndexSegmentFile file =
        IndexSegmentWriter.write(FS, folder, "tenants", ID, sorted, sorted.size());
    try (Arena arena = Arena.ofShared()) {
      IndexSegment segment = IndexSegment.open(FS, folder, "tenants", file.bytes(), arena);
      List<String> problems = new ArrayList<>();
      segment.verify(problems::add);
      assertThat(problems).isEmpty();
      SeriesKey.Hash hash = new SeriesKey.Hash(77);
      long[] high = new long[sorted.size()];
      long[] low = new long[sorted.size()];
      segment.keys(hash, high, low);
      for (int i = 0; i < sorted.size(); i++) {
        assertThat(segment.tenant(10 + i)).isEqualTo(sorted.tenant(i));
        assertThat(segment.canonical(10 + i)).isEqualTo(sorted.array(i));
        assertThat(new SeriesKey(high[i], low[i]))
            .isEqualTo(hash.of(sorted.tenant(i), sorted.array(i), 0, sorted.length(i)));
      }
      RoaringBitmap all = new RoaringBitmap();
      for (int t = 0; t < 700; t++) {
        RoaringBitmap found =
            segment.select("tenant-" + t, List.of(Matcher.equal("__name__", "m")));
        assertThat(found.getCardinality()).isEqualTo(t % 4 + 1);
        assertThat(RoaringBitmap.intersects(all, found)).isFalse();
        all.or(found);
        List<String> names = new ArrayList<>();
        segment.labelNames("tenant-" + t, null, names::add);
        assertThat(names).containsExactlyInAnyOrder("__name__", "i", "l" + t);
      }
      assertThat(segment.select("tenant-700", List.of()).isEmpty()).isTrue();
    }
  }

  @Test
  void largeValuesAndManyNamesComeBack() throws IOException {
    SeriesList series = new SeriesList();
    Labels.Builder wide = new Labels.Builder();
    for (int i = 0; i < 500; i++) {
      wide.add("name_%03d".formatted(i), "value " + i);
    }
    series.add("", wide.build());
    series.add("", Labels.of("__name__", "big", "value", "v".repeat(70_000)));
    series.add("", Labels.of("__name__", "big", "value", "v".repeat(69_999) + "w"));
    SeriesList sorted = series.inFileOrder();
    IndexSegmentFile file = IndexSegmentWriter.write(FS, folder, "large", ID, sorted, 3);
    try (Arena arena = Arena.ofShared()) {
      IndexSegment segment = IndexSegment.open(FS, folder, "large", file.bytes(), arena);
      for (int i = 0; i < 3; i++) {
        assertThat(segment.canonical(10 + i)).isEqualTo(sorted.array(i));
      }
      assertThat(segment.select("", List.of(Matcher.equal("value", "v".repeat(70_000)))))
          .isEqualTo(RoaringBitmap.bitmapOf(11));
      segment.verify(problem -> assertThat(problem).isNull());
    }
  }

  @Test
  void refusesWhatIsNotInOrderOrNotCanonical() throws IOException {
    SeriesList tenants = new SeriesList();
    tenants.add("b", Labels.of("x", "y"));
    tenants.add("a", Labels.of("x", "y"));
    refused(tenants, "comes after");
    SeriesList apart = new SeriesList();
    apart.add("a", Labels.of("x", "1"));
    apart.add("b", Labels.of("x", "1"));
    apart.add("a", Labels.of("x", "2"));
    refused(apart, "comes after");
    refused(oneSeries(label("b", "1"), label("a", "1")), "out of order");
    refused(oneSeries(label("a", "1"), label("a", "2")), "out of order");
    refused(oneSeries(label("a", "")), "without a name or value");
    refused(oneSeries(label("", "x")), "without a name or value");
    refused(oneSeries(new byte[] {0x0A, 3, 0x0A, 1}), "not canonical");
    refused(oneSeries(new byte[] {0x0A, (byte) 0x86, 0, 0x0A, 1, 'a', 0x12, 1, 'b'}), "canonical");
    assertThatThrownBy(
            () ->
                IndexSegmentWriter.write(
                    FS,
                    folder,
                    "x",
                    new IndexSegmentId(0, 1, 0, 0, Integer.MAX_VALUE - 1),
                    tenants,
                    2))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private void refused(SeriesList series, String why) throws IOException {
    assertThatThrownBy(() -> IndexSegmentWriter.write(FS, folder, "x", ID, series, series.size()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(why);
    assertThat(names("")).isEmpty();
  }

  private static SeriesList oneSeries(byte[]... parts) {
    ByteWriter bytes = new ByteWriter(32);
    for (byte[] part : parts) {
      bytes.bytes(part);
    }
    SeriesList series = new SeriesList();
    series.add("", bytes.toByteArray());
    return series;
  }

  private static byte[] label(String name, String value) {
    byte[] n = name.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    byte[] v = value.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    byte[] label = new byte[LabelCursor.labelSize(n.length, v.length)];
    LabelCursor.writeLabel(label, 0, n, n.length, v, 0, v.length);
    return label;
  }

  private List<String> names(String in) throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve(in))) {
      return files.map(file -> String.valueOf(file.getFileName())).toList();
    }
  }
}
