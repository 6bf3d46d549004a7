package io.varve.engine.codec;

import java.util.Arrays;

/**
 * Plans and writes a stream of signed values as CONST, PFOR, RICE or HUFFMAN over a base: the
 * codecs that do not contain others. The plan stays valid until the next one, as long as the values
 * do.
 */
final class LeafEncoder {
  /** Longer streams are not Rice-coded: each value waits for the one before it. */
  private static final int MOST_RICE_VALUES = 256;

  /** Streams of so many values are estimated from the values, longer ones from counts. */
  private static final int FEW = 24;

  private final PforEncoder pfor = new PforEncoder();
  private final RiceEncoder rice = new RiceEncoder();
  private final HuffmanEncoder huffman = new HuffmanEncoder();
  private final int[] fine = new int[MagnitudeClass.MOST];
  private final int[] few = new int[FEW];
  private long[] packed = new long[0];
  private long[] coded = new long[0];
  private int codec;
  private int baseMode;
  private long base;
  private int bytes;
  private int count;

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
  int plan(long[] q, int count, Effort effort) {
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
    switch (effort) {
      case FAST -> planFast(q, min, max);
      case FEW -> planFew(q, min, max);
      case FULL -> planBest(q, min, max);
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
    choose(Codecs.PFOR, mode, b, pfor.bytes(packed, count));
    // Small magnitudes of both signs: what Rice codes like.
    int riceMode = min >= 0 ? Codecs.BASE_NONE : Codecs.BASE_ZIGZAG;
    transform(q, count, riceMode, 0, coded);
    int riceBytes = rice.plan(coded, count);
    if (riceBytes < bytes) {
      choose(Codecs.RICE, riceMode, 0, riceBytes);
    }
  }

  /** As the best plan, without Huffman codes and estimates for them. */
  private void planFew(long[] q, long min, long max) {
    int mode = min >= 0 ? Codecs.BASE_NONE : Codecs.BASE_ZIGZAG;
    transform(q, count, mode, 0, coded);
    int riceBytes = rice.plan(coded, count);
    int packMode = mode;
    if (offsetMayPay(min, max)) {
      transform(q, count, Codecs.BASE_OFFSET, min, packed);
      int baseBits = 8 * baseBytes(Codecs.BASE_OFFSET, min);
      if (pfor.estimateBits(packed, count) + baseBits < pfor.estimateBits(coded, count)) {
        packMode = Codecs.BASE_OFFSET;
      }
    }
    if (packMode == mode) {
      System.arraycopy(coded, 0, packed, 0, count);
    }
    choose(Codecs.PFOR, packMode, packMode == mode ? 0 : min, pfor.bytes(packed, count));
    if (worthwhile(riceBytes, bytes)) {
      choose(Codecs.RICE, mode, 0, riceBytes);
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
    choose(Codecs.PFOR, packMode, packBase, pfor.bytes(packed, count));
    transform(q, count, codeMode, codeBase, coded);
    int overhead = baseBytes(codeMode, codeBase);
    int riceBytes = count <= MOST_RICE_VALUES ? rice.plan(coded, count) : Integer.MAX_VALUE / 2;
    int huffmanBytes =
        bestCode / (256 * 8) < bytes ? huffman.plan(coded, count, mantissa) : Integer.MAX_VALUE;
    if (huffmanBytes < riceBytes && worthwhile(huffmanBytes + overhead, bytes)) {
      choose(Codecs.HUFFMAN, codeMode, codeBase, huffmanBytes);
    } else if (worthwhile(riceBytes + overhead, bytes)) {
      choose(Codecs.RICE, codeMode, codeBase, riceBytes);
    }
  }

  /** Indices {@code 0 … values − 1}: as above, but Huffman codes may stand for each of them. */
  int planIndices(long[] q, int count, int values) {
    plan(q, count, Effort.FULL);
    int mantissa = Math.max(2, Codecs.bitLength(values - 1) - 1);
    if (mantissa <= 7 && codec != Codecs.CONST) {
      System.arraycopy(q, 0, coded, 0, count);
      int huffmanBytes = huffman.plan(coded, count, mantissa);
      if (worthwhile(huffmanBytes, bytes)) {
        choose(Codecs.HUFFMAN, Codecs.BASE_NONE, 0, huffmanBytes);
      } else if (codec != Codecs.PFOR) {
        plan(q, count, Effort.FULL);
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
    if (count <= FEW) {
      estimateFew(u, count);
      return;
    }
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
    packCost = PforEncoder.estimateBits(fine, count, 64) << 8;
  }

  /** As {@link #estimate}, and with the same result, without a look at every possible class. */
  private void estimateFew(long[] u, int count) {
    // Sorted, so that equal classes are neighbours, for every m.
    for (int i = 0; i < count; i++) {
      int c = MagnitudeClass.of(u[i], 2);
      int at = i;
      for (; at > 0 && few[at - 1] > c; at--) {
        few[at] = few[at - 1];
      }
      few[at] = c;
    }
    Arrays.fill(fine, 0, 65, 0);
    codeCost = Long.MAX_VALUE;
    long fixed = (long) count * Log2.of(count) + (24L << 8);
    for (int m = 2; m >= 0; m--) {
      long cost = fixed;
      for (int i = 0; i < count; ) {
        int s = few[i];
        int first = i;
        while (i < count && few[i] == s) {
          few[i++] = m > 0 ? MagnitudeClass.coarser(s, m) : s;
        }
        int c = i - first;
        cost += (long) c * ((MagnitudeClass.extra(s, m) << 8) - Log2.of(c)) + (5L << 8);
        if (m == 0) {
          fine[s] = c;
        }
      }
      if (cost < codeCost) {
        codeCost = cost;
        codeMantissa = m;
      }
    }
    packCost = PforEncoder.estimateBits(fine, count, few[count - 1]) << 8;
  }

  /** Writes base and payload; returns the end. */
  int write(byte[] out, int at) {
    int pos = at;
    if (baseMode == Codecs.BASE_OFFSET) {
      pos = Codecs.putVarint(out, pos, Codecs.zigzag(base));
    }
    return switch (codec) {
      case Codecs.PFOR -> pfor.write(packed, count, out, pos);
      case Codecs.RICE -> rice.write(coded, count, out, pos);
      case Codecs.HUFFMAN -> huffman.write(coded, count, out, pos);
      default -> pos;
    };
  }
}
