package io.varve.engine.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.engine.Seeds;
import io.varve.engine.format.ByteWriter;
import io.varve.engine.format.CorruptDataException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Sample records come back bit for bit, and hostile bytes end in one exception. */
final class SampleRecordTest {
  private static final long[] AWKWARD = {
    0L,
    Long.MIN_VALUE,
    -1L,
    1L,
    0x7FF0000000000002L,
    0x7FF8000000000001L,
    0x7FF0000000000000L,
    0xFFF0000000000000L,
    0x000FFFFFFFFFFFFFL,
    Double.doubleToRawLongBits(42.0),
    Double.doubleToRawLongBits(0.1),
  };

  private final SampleRecordEncoder encoder = new SampleRecordEncoder();
  private final SampleRecordDecoder decoder = new SampleRecordDecoder();
  private final ByteWriter out = new ByteWriter(16);

  /** Encodes behind some other bytes, decodes, compares; returns the size. */
  private int roundTrip(int[] ids, long[] times, long[] bits, long @Nullable [] starts) {
    out.reset();
    out.fixed32(0xABCDEF);
    int size = encoder.encode(ids, times, bits, starts, 0, ids.length, out);
    assertThat(out.size()).isEqualTo(4 + size);
    assertThat(decoder.decode(out.array(), 4, size)).isEqualTo(ids.length);
    assertThat(decoder.count).isEqualTo(ids.length);
    assertThat(Arrays.copyOf(decoder.ids, ids.length)).isEqualTo(ids);
    assertThat(Arrays.copyOf(decoder.times, ids.length)).isEqualTo(times);
    assertThat(Arrays.copyOf(decoder.bits, ids.length)).isEqualTo(bits);
    long[] decoded = decoder.starts;
    if (starts == null) {
      assertThat(decoded).isNull();
    } else {
      assertThat(decoded).isNotNull();
      assertThat(Arrays.copyOf(decoded, ids.length)).isEqualTo(starts);
    }
    return size;
  }

  @Test
  void theExampleOfThePackageDescription() {
    byte[] first =
        HexFormat.ofDelimiter(" ")
            .parseHex("00 03 0A 07 D0 0F 00 03 05 31 45 40 07 9A 99 99 99 99 99 B9 3F");
    assertThat(decoder.decode(first, 0, first.length)).isEqualTo(3);
    assertThat(Arrays.copyOf(decoder.ids, 3)).containsExactly(5, 6, 7);
    assertThat(Arrays.copyOf(decoder.times, 3)).containsExactly(1000, 1000, 1000);
    assertThat(Arrays.copyOf(decoder.bits, 3))
        .containsExactly(Double.doubleToRawLongBits(42), 0, Double.doubleToRawLongBits(0.1));
    out.reset();
    encoder.encode(
        new int[] {5, 6, 7},
        new long[] {1000, 1000, 1000},
        new long[] {Double.doubleToRawLongBits(42), 0, Double.doubleToRawLongBits(0.1)},
        null,
        0,
        3,
        out);
    assertThat(out.toByteArray()).isEqualTo(first);
    byte[] second =
        HexFormat.ofDelimiter(" ").parseHex("01 01 0C 03 F0 2E 00 01 01 30 01 01 D0 0F");
    assertThat(decoder.decode(second, 0, second.length)).isEqualTo(1);
    assertThat(decoder.ids[0]).isEqualTo(6);
    assertThat(decoder.times[0]).isEqualTo(3000);
    assertThat(decoder.bits[0]).isEqualTo(0x0001000000000000L);
    assertThat(Objects.requireNonNull(decoder.starts)[0]).isEqualTo(1000);
  }

  @Test
  void anEmptyRecord() {
    assertThat(roundTrip(new int[0], new long[0], new long[0], null)).isEqualTo(2);
  }

  @Test
  void everyValueComesBackBitForBit() {
    for (int size : new int[] {1, 7, 8, 9, 63, 64, 65, 127, 128, 129, 1000}) {
      int[] ids = new int[size];
      long[] times = new long[size];
      long[] bits = new long[size];
      for (int i = 0; i < size; i++) {
        ids[i] = i;
        times[i] = 1_700_000_000_000L;
        bits[i] = AWKWARD[i % AWKWARD.length];
      }
      roundTrip(ids, times, bits, null);
      for (int i = 0; i < size; i++) {
        bits[i] = AWKWARD[(i * 7 + 3) % AWKWARD.length];
      }
      roundTrip(ids, times, bits, null);
    }
  }

  @Test
  void everyLengthAndPlaceOfAChange() {
    long[] bits = new long[36];
    int n = 0;
    for (int low = 0; low < 8; low++) {
      for (int high = low; high < 8; high++) {
        bits[n++] = (-1L >>> (56 - 8 * (high - low))) << (8 * low);
      }
    }
    int[] ids = new int[n];
    for (int i = 0; i < n; i++) {
      ids[i] = i;
    }
    roundTrip(ids, new long[n], bits, null);
  }

  @Test
  void anUnchangedScrapeTakesOneBitPerSample() {
    int size = 6400;
    int[] ids = new int[size];
    long[] times = new long[size];
    long[] bits = new long[size];
    Random random = new Random(Seeds.usual(1));
    for (int i = 0; i < size; i++) {
      ids[i] = 100 + i;
      bits[i] = random.nextLong();
      times[i] = 1_000_000;
    }
    assertThat(roundTrip(ids, times, bits, null)).isGreaterThan(size * 8);
    Arrays.fill(times, 1_015_000);
    assertThat(roundTrip(ids, times, bits, null)).isLessThan(size / 8 + 20);
    encoder.startSegment();
    decoder.startSegment();
    assertThat(roundTrip(ids, times, bits, null)).isGreaterThan(size * 8);
  }

  @Test
  void evenlySpacedBackfillOfOneSeriesIsShort() {
    int size = 6400;
    int[] ids = new int[size];
    long[] times = new long[size];
    long[] bits = new long[size];
    for (int i = 0; i < size; i++) {
      ids[i] = 77;
      times[i] = 1_000_000 + 60_000L * i;
      bits[i] = Double.doubleToRawLongBits(1.0);
    }
    assertThat(roundTrip(ids, times, bits, null)).isLessThan(size / 8 + 30);
  }

  @Test
  void randomRecordsComeBack() {
    for (long seed : Seeds.range(1, 300)) {
      Random random = new Random(seed);
      for (int record = 0; record < 8; record++) {
        int size = random.nextInt(400);
        int[] ids = new int[size];
        long[] times = new long[size];
        long[] bits = new long[size];
        long[] starts = random.nextInt(3) == 0 ? new long[size] : null;
        int id = random.nextInt(3000);
        long time = random.nextInt(10) == 0 ? random.nextLong() : random.nextInt(100_000);
        for (int i = 0; i < size; i++) {
          switch (random.nextInt(12)) {
            case 0 -> id = random.nextInt(3000);
            case 1, 2 -> {}
            default -> id++;
          }
          switch (random.nextInt(9)) {
            case 0 -> time = random.nextLong();
            case 1 -> time += random.nextInt(1000) - 300;
            default -> {}
          }
          ids[i] = id;
          times[i] = time;
          bits[i] =
              switch (random.nextInt(4)) {
                case 0 -> AWKWARD[random.nextInt(AWKWARD.length)];
                case 1 -> random.nextLong();
                default -> Double.doubleToRawLongBits(random.nextInt(5));
              };
          if (starts != null && random.nextBoolean()) {
            starts[i] = random.nextBoolean() ? random.nextLong() : 1000;
          }
        }
        roundTrip(ids, times, bits, starts);
        if (random.nextInt(5) == 0) {
          encoder.startSegment();
          decoder.startSegment();
        }
      }
      encoder.startSegment();
      decoder.startSegment();
    }
  }

  @Test
  void rowsOutsideTheRangeAreNotWritten() {
    int[] ids = {9, 1, 2, 9};
    long[] times = {9, 5, 6, 9};
    long[] bits = {9, 7, 8, 9};
    int size = encoder.encode(ids, times, bits, null, 1, 3, out);
    assertThat(decoder.decode(out.array(), 0, size)).isEqualTo(2);
    assertThat(Arrays.copyOf(decoder.ids, 2)).containsExactly(1, 2);
    assertThat(Arrays.copyOf(decoder.times, 2)).containsExactly(5, 6);
    assertThat(Arrays.copyOf(decoder.bits, 2)).containsExactly(7, 8);
  }

  @Test
  void idsOutOfRangeAreRefusedBeforeAnythingIsWritten() {
    for (int bad : new int[] {-1, SampleRecordEncoder.MAX_SERIES}) {
      int[] ids = {1, bad};
      assertThatThrownBy(() -> encoder.encode(ids, new long[2], new long[] {5, 5}, null, 0, 2, out))
          .isInstanceOf(IllegalArgumentException.class);
      assertThat(out.size()).isZero();
    }
    roundTrip(new int[] {1}, new long[1], new long[] {5}, null);
  }

  @Test
  void cutOffRecordsAreCorrupt() {
    int[] ids = {4, 5, 6, 900, 901};
    long[] times = {1, 1, 1, 2, 3};
    long[] bits = {1, -1, 0x7FF0000000000002L, 4, 5};
    long[] starts = {0, 1, 1, 0, 1};
    int size = encoder.encode(ids, times, bits, starts, 0, 5, out);
    byte[] bytes = out.toByteArray();
    for (int cut = 0; cut < size; cut++) {
      int length = cut;
      decoder.startSegment();
      assertThatThrownBy(() -> decoder.decode(bytes, 0, length))
          .as("cut at " + cut)
          .isInstanceOf(CorruptDataException.class);
      assertThat(decoder.count).isZero();
    }
    decoder.startSegment();
    assertThatThrownBy(() -> decoder.decode(Arrays.copyOf(bytes, size + 1), 0, size + 1))
        .isInstanceOf(CorruptDataException.class);
  }

  @Test
  void hostileBytesEndInCorruptDataOrInSamples() {
    for (long seed : Seeds.range(1, 10_000)) {
      Random random = new Random(seed);
      out.reset();
      encoder.startSegment();
      int size = 1 + random.nextInt(100);
      int[] ids = new int[size];
      long[] bits = new long[size];
      for (int i = 0; i < size; i++) {
        ids[i] = random.nextBoolean() ? i : random.nextInt(100);
        bits[i] = random.nextLong() >> random.nextInt(64);
      }
      encoder.encode(ids, bits, bits, random.nextBoolean() ? bits : null, 0, size, out);
      byte[] bytes = out.toByteArray();
      for (int flips = 1 + random.nextInt(4); flips > 0; flips--) {
        int at = random.nextBoolean() ? random.nextInt(bytes.length) : random.nextInt(12);
        bytes[Math.min(at, bytes.length - 1)] = (byte) random.nextInt();
      }
      decoder.startSegment();
      try {
        decoder.decode(bytes, 0, bytes.length);
      } catch (CorruptDataException e) {
        assertThat(e.offset()).as("seed " + seed).isBetween(0L, (long) bytes.length);
      }
    }
    assertThat(decoder.ids.length).isLessThan(50_000);
  }
}
