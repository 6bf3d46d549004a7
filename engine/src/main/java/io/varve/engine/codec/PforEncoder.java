package io.varve.engine.codec;

import java.util.Arrays;

/**
 * Writes unsigned values in minis of one width each, in which the few that are wider are patched.
 */
final class PforEncoder {
  /** Values per mini: a place in it is a byte. */
  static final int MINI = 256;

  private final int[] widths = new int[65];
  private final long[] high = new long[MINI];

  /**
   * Bits of {@code count} values, about, as if they were one mini.
   *
   * @param widths values by their bit length; entries past 64 do not count
   * @param most none is wider
   */
  static long estimateBits(int[] widths, int count, int most) {
    int widest = widest(widths, most);
    int width = cheapestWidth(widths, count, widest);
    int over = 0;
    for (int w = widest; w > width; w--) {
      over += widths[w];
    }
    long bits = 8 + (long) count * width;
    return over == 0 ? bits : bits + 16 + over * (8L + widest - width);
  }

  /** Bits of at most a mini of values. */
  long estimateBits(long[] u, int count) {
    return estimateBits(widths, count, countWidths(u, 0, count));
  }

  /** The width at which values and patches together take the fewest bits. */
  private static int cheapestWidth(int[] widths, int count, int widest) {
    int best = widest;
    long bestBits = (long) count * widest;
    int over = 0;
    // Where all would be patched, nothing is won any more.
    for (int w = widest - 1; w >= 0 && over + widths[w + 1] < count; w--) {
      over += widths[w + 1];
      long bits = (long) count * w + 16 + over * (8L + widest - w);
      if (bits < bestBits) {
        bestBits = bits;
        best = w;
      }
    }
    return best;
  }

  private static int widest(int[] widths, int most) {
    int widest = most;
    while (widest > 0 && widths[widest] == 0) {
      widest--;
    }
    return widest;
  }

  /** Counts values by their bit length and returns the largest. */
  private int countWidths(long[] u, int from, int count) {
    Arrays.fill(widths, 0);
    long any = 0;
    for (int i = from; i < from + count; i++) {
      any |= u[i];
      widths[Codecs.bitLength(u[i])]++;
    }
    return Codecs.bitLength(any);
  }

  /** Bytes that {@link #write} will write. */
  int bytes(long[] u, int count) {
    int total = 0;
    for (int from = 0; from < count; from += MINI) {
      int n = Math.min(MINI, count - from);
      int widest = countWidths(u, from, n);
      int width = cheapestWidth(widths, n, widest);
      int over = 0;
      for (int w = width + 1; w <= widest; w++) {
        over += widths[w];
      }
      total += 1 + BitPacking.bytes(n, width);
      if (over > 0) {
        total += 2 + over + BitPacking.bytes(over, widest - width);
      }
    }
    return total;
  }

  /** Writes {@code u[0, count)}; returns the end. */
  int write(long[] u, int count, byte[] out, int at) {
    int pos = at;
    for (int from = 0; from < count; from += MINI) {
      int n = Math.min(MINI, count - from);
      int widest = countWidths(u, from, n);
      int width = cheapestWidth(widths, n, widest);
      if (widest == width) {
        out[pos++] = (byte) width;
        pos = BitPacking.pack(u, from, n, width, out, pos);
        continue;
      }
      int countAt = pos + 1;
      out[pos] = (byte) (width | 0x80);
      out[pos + 2] = (byte) (widest - width);
      pos = BitPacking.pack(u, from, n, width, out, pos + 3);
      int over = 0;
      for (int i = 0; i < n; i++) {
        long above = width == 64 ? 0 : u[from + i] >>> width;
        if (above != 0) {
          high[over++] = above;
          out[pos++] = (byte) i;
        }
      }
      out[countAt] = (byte) over;
      pos = BitPacking.pack(high, 0, over, widest - width, out, pos);
    }
    return pos;
  }
}
