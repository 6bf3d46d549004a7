package io.varve.engine.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.engine.Seeds;
import io.varve.engine.format.ByteWriter;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.format.Crc32c;
import io.varve.engine.io.RealFileSystem;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SeriesKey;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.roaringbitmap.RoaringBitmap;

/** Flipped bits are found and named; hostile bytes under right checksums do no harm. */
class SegmentDamageTest {
  private static final String NAME = "damaged.tix";

  private static final int SERIES = 9000;

  @TempDir Path folder;
  private byte[] whole = new byte[0];
  private int count;

  @BeforeEach
  void write() throws IOException {
    SeriesList series = new SeriesList();
    Random random = new Random(Seeds.usual(5));
    for (int i = 0; i < SERIES; i++) {
      Labels.Builder labels = new Labels.Builder();
      labels.add("__name__", "metric_" + i % 7);
      labels.add("number", "n" + i);
      labels.add("mode", "mode-" + random.nextInt(3));
      if (i % 3 == 0) {
        labels.add("job", "job-" + random.nextInt(20));
      }
      series.add(i < SERIES - 500 ? "" : "t" + i % 2, labels.build());
    }
    SeriesList sorted = series.inFileOrder();
    count = sorted.size();
    IndexSegmentFile file =
        IndexSegmentWriter.write(
            RealFileSystem.INSTANCE,
            folder,
            NAME,
            new IndexSegmentId(0, 86_400_000, 2, 0, 100),
            sorted,
            count);
    whole = Files.readAllBytes(folder.resolve(file.path()));
  }

  @Test
  void everyFlippedBitIsFoundAndNamed() throws IOException {
    useAll(whole, true);
    Random random = new Random(Seeds.usual(6));
    for (int round = 0; round < 500; round++) {
      // Every byte of both ends, where the structure is densest, and some of the rest.
      int at =
          round < 100
              ? round
              : round < 250 ? whole.length - 1 - (round - 100) : random.nextInt(whole.length);
      byte[] bytes = whole.clone();
      bytes[at] ^= (byte) (1 << random.nextInt(8));
      List<String> problems = new ArrayList<>();
      try (Arena arena = Arena.ofShared()) {
        open(bytes, arena).verify(problems::add);
      } catch (CorruptDataException e) {
        problems.add(String.valueOf(e.getMessage()));
      }
      assertThat(problems).as("byte %d", at).isNotEmpty().allMatch(p -> p.startsWith(NAME));
    }
  }

  @Test
  void aDamagedPageIsNamedWhereItIsRead() throws IOException {
    byte[] bytes = whole.clone();
    assertThat(bodyBytes(bytes)).isGreaterThan(SegmentFormat.PAGE_BYTES + 500L);
    bytes[SegmentFormat.PAGE_BYTES + 500] ^= 1;
    assertThatThrownBy(() -> useAll(bytes, true))
        .isInstanceOfSatisfying(
            CorruptDataException.class,
            e -> {
              assertThat(e.source()).isEqualTo(NAME);
              assertThat(e.offset()).isEqualTo(SegmentFormat.PAGE_BYTES);
            });
  }

  @Test
  void aFileOfAnotherLengthIsRefused() throws IOException {
    for (int length : new int[] {0, 1, 79, 116, whole.length - 1}) {
      byte[] bytes = java.util.Arrays.copyOf(whole, length);
      try (Arena arena = Arena.ofShared()) {
        assertThatThrownBy(() -> open(bytes, arena)).isInstanceOf(CorruptDataException.class);
        assertThatThrownBy(
                () -> IndexSegment.open(RealFileSystem.INSTANCE, folder, NAME, whole.length, arena))
            .isInstanceOf(CorruptDataException.class)
            .hasMessageContaining(NAME);
      }
    }
  }

  private static long[] seeds() {
    return Seeds.range(11, 13);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void hostileBytesUnderRightChecksumsDoNoHarm(long seed) throws IOException {
    Random random = new Random(seed);
    int refused = 0;
    for (int round = 0; round < 70; round++) {
      byte[] bytes = whole.clone();
      int body = (int) bodyBytes(bytes);
      int changes = 1 + random.nextInt(4);
      for (int i = 0; i < changes; i++) {
        int at =
            switch (random.nextInt(4)) {
              case 0 -> SegmentFormat.HEADER_BYTES + random.nextInt(300); // names, sizes
              case 1 -> body - 1 - random.nextInt(600); // last section, table of tenants
              default -> random.nextInt(body);
            };
        bytes[at] =
            random.nextBoolean()
                ? (byte) random.nextInt(256)
                : (byte) (random.nextBoolean() ? 0xFF : 0);
      }
      seal(bytes);
      try {
        useAll(bytes, false);
      } catch (CorruptDataException e) {
        refused++;
      }
    }
    assertThat(refused).isPositive();
  }

  private static long bodyBytes(byte[] bytes) {
    long body = 0;
    for (int i = 7; i >= 0; i--) {
      body = body << 8 | (bytes[bytes.length - SegmentFormat.TRAILER_BYTES + i] & 0xFF);
    }
    return body;
  }

  /** Writes the page table and the trailer anew. */
  private static void seal(byte[] bytes) {
    int body = (int) bodyBytes(bytes);
    int pages = SegmentFormat.pages(body);
    ByteWriter end = new ByteWriter(4 * pages);
    for (int page = 0; page < pages; page++) {
      int from = page << SegmentFormat.PAGE_SHIFT;
      end.fixed32(Crc32c.of(bytes, from, Math.min(SegmentFormat.PAGE_BYTES, body - from)));
    }
    int table = Crc32c.of(end.array(), 0, end.size());
    System.arraycopy(end.array(), 0, bytes, body, end.size());
    int trailer = bytes.length - SegmentFormat.TRAILER_BYTES;
    end.reset();
    end.fixed32(table);
    System.arraycopy(end.array(), 0, bytes, trailer + 20, 4);
    end.reset();
    end.fixed32(Crc32c.of(bytes, trailer, 24));
    System.arraycopy(end.array(), 0, bytes, trailer + 24, 4);
  }

  private IndexSegment open(byte[] bytes, Arena arena) throws IOException {
    Files.write(folder.resolve(NAME), bytes);
    return IndexSegment.open(RealFileSystem.INSTANCE, folder, NAME, bytes.length, arena);
  }

  /** Calls every method; goes on to the next after a damage unless told to pass it on. */
  private void useAll(byte[] bytes, boolean passOn) throws IOException {
    try (Arena arena = Arena.ofShared()) {
      IndexSegment segment = open(bytes, arena);
      List<CorruptDataException> damages = new ArrayList<>();
      List<Runnable> uses = new ArrayList<>();
      for (String tenant : List.of("", "t0", "t1")) {
        for (Matcher matcher :
            List.of(
                Matcher.equal("__name__", "metric_3"),
                Matcher.equal("number", "n77"),
                new Matcher(Matcher.Type.NEQ, "mode", "mode-1"),
                new Matcher(Matcher.Type.RE, "job", ".*1.*"),
                new Matcher(Matcher.Type.NRE, "number", "n[0-9]"),
                new Matcher(Matcher.Type.EQ, "job", ""),
                new Matcher(Matcher.Type.RE, "number", "n1.*"))) {
          uses.add(() -> check(segment, segment.select(tenant, List.of(matcher))));
          uses.add(
              () ->
                  check(
                      segment,
                      segment.select(
                          tenant, List.of(matcher, Matcher.equal("__name__", "metric_4")))));
        }
        uses.add(() -> segment.labelNames(tenant, null, name -> {}));
        uses.add(() -> segment.labelValues(tenant, "number", null, value -> {}));
        uses.add(() -> segment.labelPairs(tenant, (name, value, n) -> {}));
        RoaringBitmap within = RoaringBitmap.bitmapOf(101, 110, 111, 2000, SERIES - 10);
        uses.add(() -> segment.labelNames(tenant, within, name -> {}));
        uses.add(() -> segment.labelValues(tenant, "job", within, value -> {}));
        RoaringBitmap most = RoaringBitmap.bitmapOfRange(100, SERIES);
        uses.add(() -> segment.labelNames(tenant, most, name -> {}));
        uses.add(() -> segment.labelValues(tenant, "mode", most, value -> {}));
      }
      for (int id = 100; id < 100 + count; id += 61) {
        int series = id;
        uses.add(
            () -> {
              if (series < segment.firstId() + segment.count()) {
                segment.labels(series);
                segment.tenant(series);
              }
            });
      }
      uses.add(
          () ->
              segment.keys(
                  new SeriesKey.Hash(1), new long[segment.count()], new long[segment.count()]));
      if (segment.count() <= 1 << 16) {
        for (Runnable use : uses) {
          try {
            use.run();
          } catch (CorruptDataException e) {
            assertThat(e.source()).isIn(NAME, "label set");
            damages.add(e);
          } catch (IndexOutOfBoundsException e) {
            // A hostile first id moves the range of ids.
            assertThat(e).hasMessageStartingWith("series ");
          }
        }
      }
      segment.verify(problem -> damages.add(new CorruptDataException("verify", -1, problem)));
      if (passOn && !damages.isEmpty()) {
        throw damages.getFirst();
      }
      if (!damages.isEmpty()) {
        throw damages.getLast();
      }
    }
  }

  private static void check(IndexSegment segment, RoaringBitmap found) {
    if (!found.isEmpty()) {
      assertThat(found.first()).isGreaterThanOrEqualTo(segment.firstId());
      assertThat(found.last()).isLessThan(segment.firstId() + segment.count());
    }
  }
}
