package io.varve.engine.codec;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Values of one width in bits, back to back, least significant bit first. Readers may load up to
 * {@link #SLACK} bytes past the packed bytes, so their input is a padded copy; writers may store as
 * far past, so their output has that much room.
 */
final class BitPacking {
  /** Bytes past the end that {@link #unpack} may load and {@link #pack} may store. */
  static final int SLACK = 16;

  static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private BitPacking() {}

  /** Bytes of {@code count} values of {@code width} bits. */
  static int bytes(int count, int width) {
    return (int) (((long) count * width + 7) >>> 3);
  }

  /** Packs the low {@code width} bits of values {@code [from, from + count)}; returns the end. */
  static int pack(long[] values, int from, int count, int width, byte[] out, int at) {
    if (width == 0) {
      return at;
    }
    long mask = width == 64 ? -1L : (1L << width) - 1;
    long word = 0;
    int filled = 0;
    int pos = at;
    for (int i = from; i < from + count; i++) {
      long v = values[i] & mask;
      word |= v << filled;
      filled += width;
      if (filled >= 64) {
        LONG.set(out, pos, word);
        pos += 8;
        filled -= 64;
        // A shift by 64 is a shift by 0 in Java: nothing of v is left then.
        word = filled == 0 ? 0 : v >>> (width - filled);
      }
    }
    if (filled > 0) {
      LONG.set(out, pos, word);
    }
    return at + bytes(count, width);
  }

  /**
   * Unpacks {@code count} values. Several values come out of each eight-byte load where their width
   * allows it. A vertical layout, whose loops the compiler turns into SIMD, was measured for blocks
   * of 480 values: as fast (0.4 ns per value) only at widths that fill 60 lanes of 64 bits, up to
   * three times slower at others, and it must pad its lanes.
   */
  static void unpack(byte[] in, int at, int count, int width, long[] out, int outAt) {
    if (width == 0) {
      Arrays.fill(out, outAt, outAt + count, 0L);
    } else if (width <= 8) {
      unpackEight(in, at, count, width, out, outAt);
    } else if (width <= 14) {
      unpackFour(in, at, count, width, out, outAt);
    } else if (width <= 28) {
      unpackTwo(in, at, count, width, out, outAt);
    } else {
      unpackOne(in, at, 0, count, width, out, outAt);
    }
  }

  private static void unpackEight(byte[] in, int at, int count, int width, long[] out, int outAt) {
    long mask = (1L << width) - 1;
    int w2 = width * 2;
    int w3 = width * 3;
    int w4 = width * 4;
    int w5 = width * 5;
    int w6 = width * 6;
    int w7 = width * 7;
    int whole = count & ~7;
    int pos = at;
    for (int i = 0; i < whole; i += 8) {
      long word = (long) LONG.get(in, pos);
      pos += width;
      int o = outAt + i;
      out[o] = word & mask;
      out[o + 1] = word >>> width & mask;
      out[o + 2] = word >>> w2 & mask;
      out[o + 3] = word >>> w3 & mask;
      out[o + 4] = word >>> w4 & mask;
      out[o + 5] = word >>> w5 & mask;
      out[o + 6] = word >>> w6 & mask;
      out[o + 7] = word >>> w7 & mask;
    }
    unpackOne(in, at, whole, count, width, out, outAt);
  }

  private static void unpackFour(byte[] in, int at, int count, int width, long[] out, int outAt) {
    long mask = (1L << width) - 1;
    int w2 = width * 2;
    int w3 = width * 3;
    int whole = count & ~3;
    long bit = 0;
    for (int i = 0; i < whole; i += 4) {
      // Four widths of at most 14 bits and up to 7 bits of shift fit in one load.
      long word = (long) LONG.get(in, at + (int) (bit >>> 3)) >>> (bit & 7);
      bit += w2 + w2;
      int o = outAt + i;
      out[o] = word & mask;
      out[o + 1] = word >>> width & mask;
      out[o + 2] = word >>> w2 & mask;
      out[o + 3] = word >>> w3 & mask;
    }
    unpackOne(in, at, whole, count, width, out, outAt);
  }

  private static void unpackTwo(byte[] in, int at, int count, int width, long[] out, int outAt) {
    long mask = (1L << width) - 1;
    int w2 = width * 2;
    int whole = count & ~1;
    long bit = 0;
    for (int i = 0; i < whole; i += 2) {
      long word = (long) LONG.get(in, at + (int) (bit >>> 3)) >>> (bit & 7);
      bit += w2;
      int o = outAt + i;
      out[o] = word & mask;
      out[o + 1] = word >>> width & mask;
    }
    unpackOne(in, at, whole, count, width, out, outAt);
  }

  private static void unpackOne(
      byte[] in, int at, int from, int count, int width, long[] out, int outAt) {
    long mask = width == 64 ? -1L : (1L << width) - 1;
    long bit = (long) from * width;
    for (int i = from; i < count; i++) {
      int pos = at + (int) (bit >>> 3);
      int shift = (int) (bit & 7);
      long word = (long) LONG.get(in, pos) >>> shift;
      if (width > 57) {
        // The ninth byte; shifted twice because a shift by 64 would be a shift by 0.
        word |= (long) in[pos + 8] << 1 << (63 - shift);
      }
      out[outAt + i] = word & mask;
      bit += width;
    }
  }
}
