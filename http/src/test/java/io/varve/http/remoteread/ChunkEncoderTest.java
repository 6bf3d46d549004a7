package io.varve.http.remoteread;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.model.Histogram;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.StaleMarker;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What goes into a chunk comes out of it, read by a decoder written for this test alone. */
final class ChunkEncoderTest {
  private record Chunk(long from, long to, int encoding, byte[] bytes) {}

  @Test
  void theExampleOfThePackageDescription() {
    SampleColumns rows = new SampleColumns();
    rows.add(1_000, 1.5, 0);
    rows.add(16_000, 1.5, 0);
    List<Chunk> chunks = encode(rows);
    assertThat(chunks).hasSize(1);
    assertThat(HexFormat.of().withUpperCase().formatHex(chunks.getFirst().bytes()))
        .isEqualTo("0002" + "D00F" + "3FF8000000000000" + "9875" + "00");
    assertThat(chunks.getFirst().encoding()).isEqualTo(1);
  }

  @Test
  void floatsComeBackBitForBit() {
    Random random = new Random(11);
    SampleColumns rows = new SampleColumns();
    long time = -5_000;
    for (int i = 0; i < 5_000; i++) {
      time +=
          switch (random.nextInt(6)) {
            case 0 -> 1 + random.nextInt(20_000);
            case 1 -> 1 + random.nextInt(200_000);
            case 2 -> 1 + random.nextInt(2_000_000);
            case 3 -> 1 + random.nextLong(1L << 40);
            default -> 15_000;
          };
      rows.add(
          time,
          switch (random.nextInt(5)) {
            case 0 -> Double.longBitsToDouble(random.nextLong());
            case 1 -> StaleMarker.VALUE;
            case 2 -> i;
            default -> 42.25;
          },
          0);
    }
    int row = 0;
    for (Chunk chunk : encode(rows)) {
      assertThat(chunk.from()).isEqualTo(rows.times[row]);
      BitReader in = new BitReader(chunk.bytes());
      int count = (int) in.bits(16);
      assertThat(count).isBetween(1, 120);
      long t = 0;
      long delta = 0;
      XorReader value = new XorReader();
      for (int i = 0; i < count; i++, row++) {
        if (i == 0) {
          long zigzag = in.varint();
          t = (zigzag >>> 1) ^ -(zigzag & 1);
        } else {
          delta = i == 1 ? in.varint() : delta + in.timeChange();
          t += delta;
        }
        assertThat(t).isEqualTo(rows.times[row]);
        assertThat(i == 0 ? value.first(in) : value.next(in))
            .isEqualTo(Double.doubleToRawLongBits(rows.values[row]));
      }
      assertThat(chunk.to()).isEqualTo(t);
    }
    assertThat(row).isEqualTo(rows.size);
  }

  @Test
  void histogramsComeBackWithTheirHints() {
    Random random = new Random(12);
    SampleColumns rows = new SampleColumns();
    long[] deltas = {5, -3, 2};
    long count = 100;
    for (int i = 0; i < 400; i++) {
      boolean reset = i == 150;
      if (reset) {
        deltas = new long[] {1, 0, 0};
        count = 3;
      } else {
        deltas[0] += random.nextInt(3);
        count += 10;
      }
      if (i == 300) {
        rows.add(i * 15_000L, StaleMarker.VALUE, 0); // a float between them
        continue;
      }
      rows.add(
          i * 15_000L, integers(3, 0.001, count, i / 3.0, i == 151 ? 1 : 0, deltas.clone()), 0);
    }
    int row = 0;
    List<Chunk> chunks = encode(rows);
    for (Chunk chunk : chunks) {
      if (chunk.encoding() == 1) {
        row++;
        continue;
      }
      assertThat(chunk.encoding()).isEqualTo(2);
      BitReader in = new BitReader(chunk.bytes());
      int n = (int) in.bits(16);
      int header = (int) in.bits(8) >> 6;
      assertThat(header).isEqualTo(row == 151 ? 0b10 : 0);
      readLayout(in, histogram(rows, row));
      long[] last = new long[7];
      long[] change = new long[7];
      XorReader sum = new XorReader();
      for (int i = 0; i < n; i++, row++) {
        Histogram h = histogram(rows, row);
        long[] expected = {
          rows.times[row],
          h.countBits(),
          h.zeroCountBits(),
          h.positiveDeltas()[0],
          h.positiveDeltas()[1],
          h.positiveDeltas()[2],
          h.negativeDeltas()[0]
        };
        for (int field = 0; field < 7; field++) {
          if (i == 0) {
            last[field] = field == 1 || field == 2 ? in.unsignedVarbit() : in.varbit();
          } else {
            change[field] += in.varbit();
            last[field] += change[field];
          }
          assertThat(last[field]).as("row %d field %d", row, field).isEqualTo(expected[field]);
          if (field == 2) {
            assertThat(i == 0 ? sum.first(in) : sum.next(in))
                .isEqualTo(Double.doubleToRawLongBits(h.sum()));
          }
        }
      }
    }
    assertThat(row).isEqualTo(400);
    // Cut by size, by the reset that the counts show, by the hint, and around the float.
    assertThat(chunks.stream().map(chunk -> chunk.from() / 15_000).toList())
        .containsExactly(0L, 120L, 150L, 151L, 271L, 300L, 301L);
  }

  @Test
  void floatHistogramsAndCustomBucketsComeBack() {
    double[] bounds = {0.005, 1, 2.5, 1e9, -1};
    SampleColumns rows = new SampleColumns();
    for (int i = 0; i < 10; i++) {
      rows.add(
          1_000L * i,
          new Histogram(
              -53,
              0,
              true,
              Double.doubleToRawLongBits(3.5 * i),
              0,
              i,
              3,
              new int[] {0, 2},
              new int[0],
              new long[0],
              new long[0],
              new double[] {0.5 * i, 3 * i},
              new double[0],
              bounds),
          0);
    }
    List<Chunk> chunks = encode(rows);
    assertThat(chunks).hasSize(1);
    assertThat(chunks.getFirst().encoding()).isEqualTo(3);
    BitReader in = new BitReader(chunks.getFirst().bytes());
    assertThat(in.bits(16)).isEqualTo(10);
    assertThat(in.bits(8) >> 6).isEqualTo(0b11);
    readLayout(in, histogram(rows, 0));
    XorReader[] columns = new XorReader[5];
    long time = 0;
    long delta = 0;
    for (int i = 0; i < 10; i++) {
      if (i == 0) {
        time = in.varbit();
      } else {
        delta += in.varbit();
        time += delta;
      }
      assertThat(time).isEqualTo(1_000L * i);
      double[] expected = {3.5 * i, 0, i, 0.5 * i, 3 * i};
      for (int c = 0; c < 5; c++) {
        columns[c] = i == 0 ? new XorReader() : columns[c];
        long bits = i == 0 ? columns[c].first(in) : columns[c].next(in);
        assertThat(Double.longBitsToDouble(bits)).isEqualTo(expected[c]);
      }
    }
  }

  private static Histogram histogram(SampleColumns rows, int row) {
    return Objects.requireNonNull(rows.histogram(row));
  }

  private static Histogram integers(
      int schema, double zeroThreshold, long count, double sum, int hint, long[] deltas) {
    return new Histogram(
        schema,
        zeroThreshold,
        false,
        count,
        2,
        sum,
        hint,
        new int[] {-2, 2, 3, 1},
        new int[] {1, 1},
        deltas,
        new long[] {1},
        new double[0],
        new double[0],
        new double[0]);
  }

  private static void readLayout(BitReader in, Histogram h) {
    int code = (int) in.bits(8);
    double threshold =
        code == 0
            ? 0
            : code == 255 ? Double.longBitsToDouble(in.bits(64)) : Math.scalb(0.5, code - 243);
    assertThat(threshold).isEqualTo(h.zeroThreshold());
    assertThat(in.varbit()).isEqualTo(h.schema());
    for (int[] spans : new int[][] {h.positiveSpans(), h.negativeSpans()}) {
      int n = (int) in.unsignedVarbit();
      assertThat(n).isEqualTo(spans.length / 2);
      for (int i = 0; i < n; i++) {
        assertThat(in.unsignedVarbit()).isEqualTo(spans[2 * i + 1]);
        assertThat(in.varbit()).isEqualTo(spans[2 * i]);
      }
    }
    if (h.schema() == -53) {
      int n = (int) in.unsignedVarbit();
      assertThat(n).isEqualTo(h.customValues().length);
      for (int i = 0; i < n; i++) {
        long whole = in.unsignedVarbit();
        double bound = whole == 0 ? Double.longBitsToDouble(in.bits(64)) : (whole - 1) / 1000.0;
        assertThat(bound).isEqualTo(h.customValues()[i]);
      }
    }
  }

  private static List<Chunk> encode(SampleColumns rows) {
    List<Chunk> chunks = new ArrayList<>();
    new ChunkEncoder()
        .encode(
            rows, (from, to, encoding, bytes) -> chunks.add(new Chunk(from, to, encoding, bytes)));
    return chunks;
  }

  /** Reads what {@link BitStream} writes. */
  private static final class BitReader {
    private final byte[] bytes;
    private int at;

    BitReader(byte[] bytes) {
      this.bytes = bytes;
    }

    long bits(int count) {
      long value = 0;
      for (int i = 0; i < count; i++, at++) {
        value = value << 1 | (bytes[at >> 3] >> (7 - (at & 7)) & 1);
      }
      return value;
    }

    private long signed(int count) {
      long value = bits(count);
      return count < 64 && value > 1L << (count - 1) ? value - (1L << count) : value;
    }

    private int ones(int most) {
      int ones = 0;
      while (ones < most && bits(1) == 1) {
        ones++;
      }
      return ones;
    }

    long varint() {
      long value = 0;
      for (int shift = 0; ; shift += 7) {
        long part = bits(8);
        value |= (part & 0x7F) << shift;
        if (part < 0x80) {
          return value;
        }
      }
    }

    long timeChange() {
      int[] sizes = {0, 14, 17, 20, 64};
      int size = sizes[ones(4)];
      return size == 0 ? 0 : signed(size);
    }

    private int size() {
      int[] sizes = {0, 3, 6, 9, 12, 18, 25, 56, 64};
      return sizes[ones(8)];
    }

    long varbit() {
      int size = size();
      return size == 0 ? 0 : signed(size);
    }

    long unsignedVarbit() {
      int size = size();
      return size == 0 ? 0 : bits(size);
    }
  }

  /** Reads what {@link XorValue} writes. */
  private static final class XorReader {
    private long last;
    private int leading;
    private int trailing;

    long first(BitReader in) {
      last = in.bits(64);
      return last;
    }

    long next(BitReader in) {
      if (in.bits(1) == 1) {
        if (in.bits(1) == 1) {
          leading = (int) in.bits(5);
          int length = (int) in.bits(6);
          trailing = 64 - leading - (length == 0 ? 64 : length);
        }
        last ^= in.bits(64 - leading - trailing) << trailing;
      }
      return last;
    }
  }
}
