package io.varve.engine.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import io.varve.engine.Seeds;
import io.varve.engine.format.CorruptDataException;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What every block codec does: gives back what it was given, bit for bit, from bytes that depend on
 * nothing else, and survives any bytes. A codec's test extends this and says how to encode and
 * decode a column.
 *
 * @param <C> an array of values
 */
@Timeout(60)
abstract class BlockContract<C> {
  private static final long SEED = Seeds.usual(20261121);

  /** Encodes a whole column into an array of just its size. */
  abstract byte[] encode(C column);

  /** A codec that shares nothing with the one that {@link #encode} uses. */
  abstract byte[] encodeFresh(C column);

  /** Decodes n values from a range of bytes, and checks that nothing outside is written. */
  abstract C decode(byte[] in, int offset, int length, int n);

  /** Columns of n values by what they look like. */
  abstract Map<String, C> columns(int n, SplittableRandom random);

  abstract int size(C column);

  abstract boolean same(C a, C b);

  /** Counts that columns have in this test. */
  int[] counts() {
    return new int[] {
      1, 2, 3, 4, 7, 8, 9, 31, 32, 33, 63, 64, 65, 127, 128, 129, 130, 255, 256, 257, 479, 480, 513,
      2000, 65535
    };
  }

  @Test
  void givesBackEveryBit() {
    for (int n : counts()) {
      columns(n, new SplittableRandom(SEED))
          .forEach(
              (shape, column) -> {
                byte[] block = encode(column);
                C back = decode(block, 0, block.length, n);
                assertThat(same(column, back)).as("%s, %d values", shape, n).isTrue();
              });
    }
  }

  @Test
  void bytesDependOnlyOnTheValues() {
    // Small columns after large ones and the reverse, so that old scratch memory would show.
    for (int n : new int[] {480, 64, 1000, 2, 480}) {
      columns(n, new SplittableRandom(SEED + 1))
          .forEach(
              (shape, column) ->
                  assertThat(encode(column))
                      .as("%s, %d values", shape, n)
                      .isEqualTo(encodeFresh(column)));
    }
  }

  @Test
  void readsNothingOutsideItsRange() {
    SplittableRandom random = new SplittableRandom(SEED + 2);
    for (int n : new int[] {1, 5, 64, 480}) {
      columns(n, random)
          .forEach(
              (shape, column) -> {
                byte[] block = encode(column);
                for (byte around : new byte[] {0, -1, 0x55}) {
                  byte[] in = new byte[block.length + 40];
                  Arrays.fill(in, around);
                  System.arraycopy(block, 0, in, 20, block.length);
                  assertThat(same(column, decode(in, 20, block.length, n)))
                      .as("%s, %d values amid %d", shape, n, around)
                      .isTrue();
                }
              });
    }
  }

  @Test
  void truncatedBlocksAreCorruptOrWrong() {
    for (int n : new int[] {2, 33, 130, 480}) {
      columns(n, new SplittableRandom(SEED + 3))
          .forEach(
              (shape, column) -> {
                byte[] block = encode(column);
                int stride = Math.max(1, block.length / 200);
                for (int length = 0; length < block.length; length += stride) {
                  survives(block, length, n, shape);
                }
              });
    }
  }

  @Test
  void bytesAfterTheEndAreCorrupt() {
    for (int n : new int[] {1, 64, 480}) {
      columns(n, new SplittableRandom(SEED + 4))
          .forEach(
              (shape, column) -> {
                byte[] block = encode(column);
                byte[] longer = Arrays.copyOf(block, block.length + 1);
                assertThatThrownBy(() -> decode(longer, 0, longer.length, n))
                    .as("%s, %d values", shape, n)
                    .isInstanceOf(CorruptDataException.class);
              });
    }
  }

  @Test
  void flippedBitsAreCorruptOrWrong() {
    SplittableRandom random = new SplittableRandom(SEED + 5);
    for (int n : new int[] {1, 2, 20, 64, 129, 480}) {
      columns(n, random)
          .forEach(
              (shape, column) -> {
                byte[] block = encode(column);
                // Every bit of the first bytes, which steer the rest, then some of the others.
                for (int bit = 0; bit < Math.min(96, block.length * 8); bit++) {
                  flipped(block, bit, n, shape);
                }
                for (int i = 0; i < 200; i++) {
                  flipped(block, random.nextInt(block.length * 8), n, shape);
                }
              });
    }
  }

  private void flipped(byte[] block, int bit, int n, String shape) {
    byte[] bad = block.clone();
    bad[bit >>> 3] ^= (byte) (1 << (bit & 7));
    survives(bad, bad.length, n, shape + ", bit " + bit + " flipped");
  }

  @Test
  void randomBytesAreCorruptOrWrong() {
    SplittableRandom random = new SplittableRandom(SEED + 6);
    int[] counts = counts();
    for (int i = 0; i < 60_000; i++) {
      byte[] bytes = new byte[random.nextInt(80)];
      random.nextBytes(bytes);
      int n = counts[random.nextInt(counts.length - 1)];
      survives(bytes, bytes.length, n, "random bytes, round " + i);
    }
    for (int i = 0; i < 200; i++) {
      byte[] bytes = new byte[random.nextInt(3000)];
      random.nextBytes(bytes);
      survives(bytes, bytes.length, 65535, "random bytes, large, round " + i);
    }
  }

  @Test
  void countsAreChecked() {
    byte[] block = encode(columns(4, new SplittableRandom(SEED)).values().iterator().next());
    assertThatThrownBy(() -> decode(block, 0, block.length, 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> decode(block, 0, block.length, 65536))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> decode(block, 1, block.length, 4))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  private void survives(byte[] bytes, int length, int n, String what) {
    try {
      C wrong = decode(bytes, 0, length, n);
      assertThat(size(wrong)).isEqualTo(n);
    } catch (CorruptDataException e) {
      assertThat(e.source()).endsWithIgnoringCase(source());
      assertThat(e.offset()).isBetween(0L, (long) length);
    } catch (RuntimeException | Error e) {
      fail(what + " of " + n + " values ended in " + e, e);
    }
  }

  /** What errors name as their source. */
  abstract String source();
}
