package io.varve.engine.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.engine.Seeds;
import io.varve.engine.format.ByteReader;
import io.varve.engine.format.CorruptDataException;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The parts of integer streams, one by one. */
class IntegerStreamTest {
  private final SplittableRandom random = new SplittableRandom(Seeds.usual(11));

  @Test
  void packedBitsComeBackInEveryWidth() {
    for (int width = 0; width <= 64; width++) {
      for (int count : new int[] {1, 2, 3, 7, 8, 9, 63, 64, 65, 255, 256}) {
        long[] values = new long[count + 2];
        for (int i = 0; i < count; i++) {
          values[i + 1] = width == 0 ? 0 : random.nextLong() >>> (64 - width);
        }
        byte[] bytes = new byte[3 + BitPacking.bytes(count, width) + BitPacking.SLACK];
        int end = BitPacking.pack(values, 1, count, width, bytes, 3);
        assertThat(end).isEqualTo(3 + (count * width + 7) / 8);
        Arrays.fill(bytes, end, bytes.length, (byte) -1);
        long[] back = new long[count];
        BitPacking.unpack(bytes, 3, count, width, back, 0);
        assertThat(back)
            .as("%d values of %d bits", count, width)
            .isEqualTo(Arrays.copyOfRange(values, 1, count + 1));
      }
    }
  }

  @Test
  void classesHoldTheirValues() {
    for (int m = 0; m <= HuffmanEncoder.MOST_MANTISSA; m++) {
      for (int i = 0; i < 10_000; i++) {
        long u = random.nextLong() >>> random.nextInt(64 - 44, 64);
        int extra = MagnitudeClass.extraOf(u, m);
        int symbol = MagnitudeClass.of(u, m);
        assertThat(MagnitudeClass.extra(symbol, m)).isEqualTo(extra);
        assertThat(u - MagnitudeClass.smallest(symbol, m)).isBetween(0L, (1L << extra) - 1);
        if (m > 0) {
          assertThat(MagnitudeClass.coarser(symbol, m)).isEqualTo(MagnitudeClass.of(u, m - 1));
        }
      }
    }
  }

  @Test
  void huffmanCodesOfAnySkewFit() {
    HuffmanEncoder encoder = new HuffmanEncoder();
    HuffmanDecoder decoder = new HuffmanDecoder();
    for (int count : new int[] {1, 5, 31, 32, 33, 127, 128, 129, 130, 131, 1000, 20_000}) {
      for (int skew = 1; skew < 30; skew++) {
        long[] u = new long[count];
        for (int i = 0; i < count; i++) {
          // Fibonacci-like weights make the deepest trees, which must be cut to eight levels.
          int level = 0;
          while (level < 40 && random.nextInt(10 + skew) < 10) {
            level++;
          }
          u[i] = (1L << level) >>> 1;
        }
        int m = random.nextInt(3);
        int most = encoder.plan(u, count, m);
        byte[] bytes = new byte[most + 64];
        int end = encoder.write(u, count, bytes, 0);
        assertThat(end).isLessThanOrEqualTo(most);
        Arrays.fill(bytes, end, bytes.length, (byte) 0);
        long[] back = new long[count];
        ByteReader reader = new ByteReader().on(bytes, 0, end, "test", 0);
        decoder.decode(reader, count, back, 0);
        assertThat(back).as("%d values, skew %d", count, skew).isEqualTo(u);
        assertThat(reader.atEnd()).isTrue();
      }
    }
  }

  @Test
  void codesThatMakeNoTreeAreCorrupt() {
    for (byte[] table :
        new byte[][] {
          {0, 0, 1, 0x21}, // lengths 1 and 2: a code is missing
          {0, 0, 2, 0x11, 0x01}, // three of one bit
          {0, 0, 1, 0x09}, // nine bits
          {0, (byte) 200, 100}, // classes past 255
          {0, 60, 0}, // a class with 59 plain bits
          {8, 0, 0} // eight mantissa bits
        }) {
      ByteReader reader = new ByteReader(Arrays.copyOf(table, 40), "test");
      assertThatThrownBy(() -> new HuffmanDecoder().decode(reader, 8, new long[8], 0))
          .as(Arrays.toString(table))
          .isInstanceOf(CorruptDataException.class);
    }
  }

  @Test
  void dictionaryOfSecondDifferencesIsReadable() {
    // No encoder writes one; a reader takes it all the same.
    int n = 100;
    long[] seconds = new long[n - 2];
    long[] values = new long[n];
    values[0] = 1000;
    values[1] = 1007;
    for (int i = 2; i < n; i++) {
      seconds[i - 2] = 1_000_000_007L * random.nextInt(4);
      values[i] = values[i - 1] + (values[i - 1] - values[i - 2]) + seconds[i - 2];
    }
    DictEncoder dict = new DictEncoder();
    assertThat(dict.plan(seconds, n - 2)).isLessThan(200);
    byte[] bytes = new byte[1000];
    bytes[0] = (byte) (2 | dict.headBits());
    int end = Codecs.putVarint(bytes, 1, Codecs.zigzag(1000));
    end = Codecs.putVarint(bytes, end, Codecs.zigzag(7));
    end = dict.write(bytes, end);
    long[] back = new long[n];
    new LongBlockDecoder().decode(bytes, 0, end, n, back, 0);
    assertThat(back).isEqualTo(values);
  }

  @Test
  void logarithmsAreRounded() {
    assertThat(Log2.of(1)).isZero();
    assertThat(Log2.of(2)).isEqualTo(256);
    assertThat(Log2.of(3)).isEqualTo(406);
    for (int count : new int[] {4095, 4096, 5000, 65535}) {
      assertThat(Log2.of(count) / 256.0)
          .isCloseTo(Math.log(count) / Math.log(2), org.assertj.core.data.Offset.offset(0.01));
    }
  }
}
