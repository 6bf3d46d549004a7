package io.varve.engine.codec;

import java.util.Arrays;

/**
 * Plans and writes a stream of signed values as CONST, PFOR, RICE or HUFFMAN over a base: the
 * codecs that do not contain others. The plan stays valid until the next one, as long as the values
 * do.
 */
final class LeafEncoder {
  /** Values per PFOR mini. */
  static final int MINI = 256;

  /** Longest remainder of a Rice code. */
  static final int MOST_RICE_BITS = 32;

  /** Longer streams are not Rice-coded: each value waits for the one before it. */
  private static final int MOST_RICE_VALUES = 256;

  private final HuffmanEncoder huffman = new HuffmanEncoder();
  private final BitWriter writer = new BitWriter();
  private final int[] fine = new int[MagnitudeClass.MOST];
  private final int[] widths = new int[65];
  private final long[] high = new long[MINI];
  private long[] packed = new long[0];
  private long[] coded = new long[0];
  private int codec;
  private int baseMode;
  private long base;
  private int bytes;
  private int count;
  private int riceBits;

  // What the last look at a base found: estimates in 1/256 bit.
  private long packCost;
  private long codeCost;
  private int codeMantissa;

  /** Codec and base mode as they stand in a head byte. */
  int headBits() {
    return codec << 3 | baseMode << 6;
  }

  int codec() {
    return codec;
  }

  /** Upper bound of the bytes that {@link #write} will write. */
  int bytes() {
    return bytes;
  }

  private void choose(int codec, int baseMode, long base, int payload) {
    this.codec = codec;
    this.baseMode = baseMode;
    this.base = base;
    this.bytes = payload + baseBytes(baseMode, base);
  }

  static int baseBytes(int mode, long base) {
    return mode == Codecs.BASE_OFFSET ? Codecs.varintBytes(Codecs.zigzag(base)) : 0;
  }

  /** Plans {@code q[0, count)} and returns {@link #bytes}. */
  int plan(long[] q, int count, boolean fast) {
    this.count = count;
    if (packed.length < count) {
      packed = new long[Math.max(count, 512)];
      coded = new long[packed.length];
    }
    long min = Long.MAX_VALUE;
    long max = Long.MIN_VALUE;
    for (int i = 0; i < count; i++) {
      min = Math.min(min, q[i]);
      max = Math.max(max, q[i]);
    }
    if (count == 0 || min == max) {
      boolean zero = count == 0 || min == 0;
      choose(Codecs.CONST, zero ? Codecs.BASE_NONE : Codecs.BASE_OFFSET, zero ? 0 : min, 0);
      return bytes;
    }
    if (fast) {
      planFast(q, min, max);
    } else {
      planBest(q, min, max);
    }
    return bytes;
  }

  /** True if an offset may be worth a second look: it narrows the range, or moves the classes. */
  private static boolean offsetMayPay(long min, long max) {
    return min > 0
        || Codecs.bitLength(max - min)
            < Codecs.bitLength(Codecs.zigzag(min) | Codecs.zigzag(max)) - (min == 0 ? 1 : 0);
  }

  private void planFast(long[] q, long min, long max) {
    int mode;
    long b = 0;
    if (min >= 0 && Codecs.bitLength(max) <= Codecs.bitLength(max - min)) {
      mode = Codecs.BASE_NONE;
    } else if (Codecs.bitLength(Codecs.zigzag(min) | Codecs.zigzag(max))
        > Codecs.bitLength(max - min)) {
      mode = Codecs.BASE_OFFSET;
      b = min;
    } else {
      mode = Codecs.BASE_ZIGZAG;
    }
    transform(q, count, mode, b, packed);
    choose(Codecs.PFOR, mode, b, pforBytes(packed));
    // Small magnitudes of both signs: what Rice codes like.
    int riceMode = min >= 0 ? Codecs.BASE_NONE : Codecs.BASE_ZIGZAG;
    transform(q, count, riceMode, 0, coded);
    int rice = riceBytes(coded);
    if (rice < bytes) {
      choose(Codecs.RICE, riceMode, 0, rice);
    }
  }

  private void planBest(long[] q, long min, long max) {
    long bestPack = Long.MAX_VALUE;
    long bestCode = Long.MAX_VALUE;
    int packMode = 0;
    long packBase = 0;
    int codeMode = 0;
    long codeBase = 0;
    int mantissa = 0;
    int rounds = offsetMayPay(min, max) ? 2 : 1;
    for (int round = 0; round < rounds; round++) {
      int mode = round > 0 ? Codecs.BASE_OFFSET : min >= 0 ? Codecs.BASE_NONE : Codecs.BASE_ZIGZAG;
      long b = round > 0 ? min : 0;
      transform(q, count, mode, b, coded);
      estimate(coded, count);
      long overhead = 256L * 8 * baseBytes(mode, b);
      if (packCost + overhead < bestPack) {
        bestPack = packCost + overhead;
        packMode = mode;
        packBase = b;
      }
      if (codeCost + overhead < bestCode) {
        bestCode = codeCost + overhead;
        codeMode = mode;
        codeBase = b;
        mantissa = codeMantissa;
      }
    }
    transform(q, count, packMode, packBase, packed);
    choose(Codecs.PFOR, packMode, packBase, pforBytes(packed));
    transform(q, count, codeMode, codeBase, coded);
    int overhead = baseBytes(codeMode, codeBase);
    int rice = count <= MOST_RICE_VALUES ? riceBytes(coded) : Integer.MAX_VALUE - 16;
    int huffmanBytes =
        bestCode / (256 * 8) < bytes ? huffman.plan(coded, count, mantissa) : Integer.MAX_VALUE;
    if (huffmanBytes < rice && worthwhile(huffmanBytes + overhead, bytes)) {
      choose(Codecs.HUFFMAN, codeMode, codeBase, huffmanBytes);
    } else if (worthwhile(rice + overhead, bytes)) {
      choose(Codecs.RICE, codeMode, codeBase, rice);
    }
  }

  /** Indices {@code 0 … values − 1}: as above, but Huffman codes may stand for each of them. */
  int planIndices(long[] q, int count, int values) {
    plan(q, count, false);
    int mantissa = Math.max(2, Codecs.bitLength(values - 1) - 1);
    if (mantissa <= 7 && codec != Codecs.CONST) {
      System.arraycopy(q, 0, coded, 0, count);
      int huffmanBytes = huffman.plan(coded, count, mantissa);
      if (worthwhile(huffmanBytes, bytes)) {
        choose(Codecs.HUFFMAN, Codecs.BASE_NONE, 0, huffmanBytes);
      } else if (codec != Codecs.PFOR) {
        plan(q, count, false);
      }
    }
    return bytes;
  }

  /** Codes that are read bit by bit must be 6 % smaller than packed bits to be worth their time. */
  private static boolean worthwhile(int slow, int fast) {
    return slow < fast - fast / 16;
  }

  private static void transform(long[] q, int count, int mode, long base, long[] out) {
    if (mode == Codecs.BASE_ZIGZAG) {
      for (int i = 0; i < count; i++) {
        out[i] = (q[i] << 1) ^ (q[i] >> 63);
      }
    } else {
      for (int i = 0; i < count; i++) {
        out[i] = q[i] - base;
      }
    }
  }

  /** Estimates both ways of writing u: packed in one width, and as classes with 0 to 2 bits. */
  private void estimate(long[] u, int count) {
    Arrays.fill(fine, 0);
    for (int i = 0; i < count; i++) {
      fine[MagnitudeClass.of(u[i], 2)]++;
    }
    codeCost = Long.MAX_VALUE;
    for (int m = 2; m >= 0; m--) {
      long cost = 0;
      int symbols = 0;
      int used = m == 2 ? MagnitudeClass.MOST : m == 1 ? 130 : 66;
      for (int s = 0; s < used; s++) {
        int c = fine[s];
        if (c > 0) {
          symbols++;
          cost += (long) c * ((MagnitudeClass.extra(s, m) << 8) - Log2.of(c));
        }
      }
      cost += (long) count * Log2.of(count) + symbols * (5L << 8) + (24L << 8);
      if (cost < codeCost) {
        codeCost = cost;
        codeMantissa = m;
      }
      if (m > 0) {
        for (int s = 1 << m; s < used; s++) {
          int c = fine[s];
          fine[s] = 0;
          fine[MagnitudeClass.coarser(s, m)] += c;
        }
      }
    }
    // Classes with no mantissa bits are bit lengths.
    System.arraycopy(fine, 0, widths, 0, 65);
    packCost = packBits(count, cheapestWidth(count)) << 8;
  }

  /** Bits of a mini, or of several, whose bit lengths were counted. */
  private long packBits(int count, int width) {
    int over = 0;
    int widest = 0;
    for (int w = 64; w > width; w--) {
      if (widths[w] > 0) {
        widest = Math.max(widest, w);
        over += widths[w];
      }
    }
    long bits = 8 + (long) count * width;
    return over == 0 ? bits : bits + 16 + over * (8L + widest - width);
  }

  private int cheapestWidth(int count) {
    int widest = 64;
    while (widest > 0 && widths[widest] == 0) {
      widest--;
    }
    int best = widest;
    long bestBits = (long) count * widest;
    int over = 0;
    for (int w = widest - 1; w >= 0; w--) {
      over += widths[w + 1];
      long bits = (long) count * w + 16 + over * (8L + widest - w);
      if (bits < bestBits) {
        bestBits = bits;
        best = w;
      }
    }
    return best;
  }

  private void countWidths(long[] u, int from, int count) {
    Arrays.fill(widths, 0);
    for (int i = from; i < from + count; i++) {
      widths[64 - Long.numberOfLeadingZeros(u[i])]++;
    }
  }

  private int pforBytes(long[] u) {
    int total = 0;
    for (int from = 0; from < count; from += MINI) {
      int n = Math.min(MINI, count - from);
      countWidths(u, from, n);
      int width = cheapestWidth(n);
      int over = 0;
      int widest = width;
      for (int w = width + 1; w <= 64; w++) {
        if (widths[w] > 0) {
          over += widths[w];
          widest = w;
        }
      }
      total += 1 + BitPacking.bytes(n, width);
      if (over > 0) {
        total += 2 + over + BitPacking.bytes(over, widest - width);
      }
    }
    return total;
  }

  /** Bytes as Rice codes with the best remainder, which is kept. */
  private int riceBytes(long[] u) {
    long sum = 0;
    for (int i = 0; i < count; i++) {
      sum += Math.min(u[i] >>> 1, 1L << 40);
    }
    // The best remainder is about as long as the mean times ln 2.
    int middle = Math.max(1, Codecs.bitLength((sum / count) * 11 / 8) - 1);
    long best = Long.MAX_VALUE;
    for (int k = middle - 1; k <= Math.min(MOST_RICE_BITS, middle + 1); k++) {
      long ones = 0;
      for (int i = 0; i < count; i++) {
        ones += Math.min(u[i] >>> k & Long.MAX_VALUE, 1L << 32);
      }
      long bytes = 1 + BitPacking.bytes(count, k) + ((ones + count + 7) >>> 3);
      if (bytes < best) {
        best = bytes;
        riceBits = k;
      }
    }
    return (int) Math.min(best, Integer.MAX_VALUE / 2);
  }

  /** Writes base and payload; returns the end. */
  int write(byte[] out, int at) {
    int pos = at;
    if (baseMode == Codecs.BASE_OFFSET) {
      pos = Codecs.putVarint(out, pos, Codecs.zigzag(base));
    }
    return switch (codec) {
      case Codecs.PFOR -> writePfor(out, pos);
      case Codecs.RICE -> writeRice(out, pos);
      case Codecs.HUFFMAN -> huffman.write(coded, count, out, pos);
      default -> pos;
    };
  }

  private int writePfor(byte[] out, int at) {
    int pos = at;
    for (int from = 0; from < count; from += MINI) {
      int n = Math.min(MINI, count - from);
      countWidths(packed, from, n);
      int width = cheapestWidth(n);
      int widest = width;
      for (int w = width + 1; w <= 64; w++) {
        widest = widths[w] > 0 ? w : widest;
      }
      if (widest == width) {
        out[pos++] = (byte) width;
        pos = BitPacking.pack(packed, from, n, width, out, pos);
        continue;
      }
      int countAt = pos + 1;
      out[pos] = (byte) (width | 0x80);
      out[pos + 2] = (byte) (widest - width);
      pos = BitPacking.pack(packed, from, n, width, out, pos + 3);
      int over = 0;
      for (int i = 0; i < n; i++) {
        long above = width == 64 ? 0 : packed[from + i] >>> width;
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

  private int writeRice(byte[] out, int at) {
    out[at] = (byte) riceBits;
    int pos = BitPacking.pack(coded, 0, count, riceBits, out, at + 1);
    writer.on(out, pos);
    for (int i = 0; i < count; i++) {
      long quotient = coded[i] >>> riceBits;
      for (; quotient >= 32; quotient -= 32) {
        writer.put(0, 32);
      }
      writer.put(1L << quotient, (int) quotient + 1);
    }
    return writer.end();
  }
}
