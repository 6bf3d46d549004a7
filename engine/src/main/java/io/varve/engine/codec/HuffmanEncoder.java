package io.varve.engine.codec;

import java.util.Arrays;

/**
 * Plans and writes one Huffman-coded stream of unsigned values. The plan stays valid until the next
 * one. Layout in the package description.
 */
final class HuffmanEncoder {
  /** Longest code: 2^8 table entries are filled for each block that is decoded. */
  static final int LONGEST = 8;

  /** Most mantissa bits of classes: with 7, every value below 256 is a class of its own. */
  static final int MOST_MANTISSA = 7;

  /** Most plain bits after a code, so that both fit into one load. */
  static final int MOST_EXTRA = 44;

  private final int[] counts = new int[MagnitudeClass.MOST];
  private final int[] lengths = new int[MagnitudeClass.MOST];
  private final int[] codes = new int[MagnitudeClass.MOST];
  private final long[] order = new long[MagnitudeClass.MOST];
  private final long[] weights = new long[2 * MagnitudeClass.MOST];
  private final int[] parents = new int[2 * MagnitudeClass.MOST];
  private final BitWriter writer = new BitWriter();
  private int mantissa;
  private int low;
  private int high;

  /** Streams that {@code count} values are dealt to in turn. */
  static int streams(int count) {
    return count >= 128 ? 4 : count >= 32 ? 2 : 1;
  }

  /**
   * Plans the code for {@code u[0, count)}.
   *
   * @return an upper bound of the bytes; Integer.MAX_VALUE if these values cannot be coded
   */
  int plan(long[] u, int count, int m) {
    mantissa = m;
    Arrays.fill(counts, 0);
    long largest = 0;
    for (int i = 0; i < count; i++) {
      largest |= u[i];
    }
    if (MagnitudeClass.extraOf(largest, m) > MOST_EXTRA
        || MagnitudeClass.of(largest, m) >= MagnitudeClass.MOST) {
      return Integer.MAX_VALUE;
    }
    for (int i = 0; i < count; i++) {
      counts[MagnitudeClass.of(u[i], m)]++;
    }
    int symbols = 0;
    low = -1;
    for (int s = 0; s < MagnitudeClass.MOST; s++) {
      if (counts[s] > 0) {
        low = low < 0 ? s : low;
        high = s;
        order[symbols++] = (long) counts[s] << 8 | s;
      }
    }
    codeLengths(symbols);
    long bits = 0;
    for (int i = 0; i < symbols; i++) {
      int s = (int) order[i] & 0xFF;
      bits += (long) counts[s] * (lengths[s] + MagnitudeClass.extra(s, m));
    }
    int streams = streams(count);
    int header = 3 + (high == low ? 0 : (high - low + 2) / 2);
    long bytes = header + (bits + 7) / 8 + (streams - 1) * 4L;
    return (int) Math.min(bytes, Integer.MAX_VALUE);
  }

  /** Huffman's code lengths over {@code order}, none longer than {@link #LONGEST}. */
  private void codeLengths(int symbols) {
    Arrays.fill(lengths, 0);
    if (symbols == 1) {
      return;
    }
    Arrays.sort(order, 0, symbols);
    for (int i = 0; i < symbols; i++) {
      weights[i] = order[i] >>> 8;
    }
    // Two queues: leaves in order, and inner nodes, whose weights come out in order by themselves.
    int leaf = 0;
    int inner = symbols;
    for (int node = symbols; node < 2 * symbols - 1; node++) {
      long weight = 0;
      for (int child = 0; child < 2; child++) {
        int pick;
        if (leaf < symbols && (inner >= node || weights[leaf] <= weights[inner])) {
          pick = leaf++;
        } else {
          pick = inner++;
        }
        parents[pick] = node;
        weight += weights[pick];
      }
      weights[node] = weight;
    }
    // Depths from the root down; weights are no longer needed and hold them.
    weights[2 * symbols - 2] = 0;
    int room = 1 << LONGEST;
    for (int node = 2 * symbols - 3; node >= 0; node--) {
      weights[node] = weights[parents[node]] + 1;
      if (node < symbols) {
        int length = (int) Math.min(weights[node], LONGEST);
        lengths[(int) order[node] & 0xFF] = length;
        room -= 1 << (LONGEST - length);
      }
    }
    // Codes that were cut short took room from others: lengthen the rarest that still can be.
    while (room < 0) {
      for (int i = 0; i < symbols; i++) {
        int s = (int) order[i] & 0xFF;
        if (lengths[s] < LONGEST) {
          lengths[s]++;
          room += 1 << (LONGEST - lengths[s]);
          break;
        }
      }
    }
    // And give what is left to the most frequent that have use for it.
    for (int i = symbols - 1; i >= 0 && room > 0; i--) {
      int s = (int) order[i] & 0xFF;
      while (lengths[s] > 1 && 1 << (LONGEST - lengths[s]) <= room) {
        room -= 1 << (LONGEST - lengths[s]);
        lengths[s]--;
      }
    }
  }

  /**
   * Canonical codes: by length, then by symbol; bit-reversed, as bits are read from the low end.
   */
  private void assignCodes() {
    codes[low] = 0; // of no bits, if it is the only class
    int code = 0;
    for (int length = 1; length <= LONGEST; length++) {
      for (int s = low; s <= high; s++) {
        if (lengths[s] == length) {
          codes[s] = Integer.reverse(code) >>> (32 - length);
          code++;
        }
      }
      code <<= 1;
    }
  }

  /** Writes what was planned; returns the end. */
  int write(long[] u, int count, byte[] out, int at) {
    assignCodes();
    int pos = at;
    out[pos++] = (byte) mantissa;
    out[pos++] = (byte) low;
    out[pos++] = (byte) (high - low);
    if (high > low) {
      for (int s = low; s <= high; s += 2) {
        int second = s < high ? lengths[s + 1] : 0;
        out[pos++] = (byte) (lengths[s] | second << 4);
      }
    }
    int streams = streams(count);
    // Sizes first, so that a decoder knows where each stream begins.
    for (int stream = 0; stream < streams - 1; stream++) {
      long bits = 0;
      for (int i = stream; i < count; i += streams) {
        bits += lengths[MagnitudeClass.of(u[i], mantissa)] + MagnitudeClass.extraOf(u[i], mantissa);
      }
      pos = Codecs.putVarint(out, pos, (bits + 7) >>> 3);
    }
    for (int stream = 0; stream < streams; stream++) {
      writer.on(out, pos);
      for (int i = stream; i < count; i += streams) {
        long v = u[i];
        int extra = MagnitudeClass.extraOf(v, mantissa);
        int s = (extra << mantissa) + (int) (v >>> extra);
        long plain = v & ((1L << extra) - 1);
        writer.put(codes[s] | plain << lengths[s], lengths[s] + extra);
      }
      pos = writer.end();
    }
    return pos;
  }
}
