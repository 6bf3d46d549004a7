package io.varve.engine.codec;

import io.varve.engine.format.ByteReader;
import java.util.Arrays;

/**
 * Reads what {@link HuffmanEncoder} wrote. Up to four streams are read side by side, because each
 * code must be known before the next one of its stream begins; the processor overlaps them. Table
 * memory is reused.
 */
final class HuffmanDecoder {
  private final int[] lengths = new int[MagnitudeClass.MOST];
  private final int[] starts = new int[HuffmanEncoder.LONGEST + 2];
  private final int[] byLength = new int[MagnitudeClass.MOST];

  /**
   * By the next bits: bits in all | bits of the code &lt;&lt; 6 | smallest of the class &lt;&lt;
   * 12.
   */
  private final long[] table = new long[1 << HuffmanEncoder.LONGEST];

  private int tableMask;

  /** Most bits of a code and what follows it. */
  private int widest;

  /**
   * Reads {@code count} unsigned values.
   *
   * @param in on an array with {@link BitPacking#SLACK} bytes past its end
   */
  void decode(ByteReader in, int count, long[] out, int at) {
    readTable(in);
    switch (HuffmanEncoder.streams(count)) {
      case 1 -> {
        long end = (long) (in.position() + in.remaining()) << 3;
        skipTo(in, stream(in, (long) in.position() << 3, end, 1, count, out, at), end);
      }
      case 2 -> decodeTwo(in, count, out, at);
      default -> decodeFour(in, count, out, at);
    }
  }

  private void readTable(ByteReader in) {
    int m = in.u8();
    int low = in.u8();
    int high = low + in.u8();
    if (m > HuffmanEncoder.MOST_MANTISSA
        || high >= MagnitudeClass.MOST
        || MagnitudeClass.extra(high, m) > HuffmanEncoder.MOST_EXTRA) {
      throw in.corrupt("Huffman classes " + low + " to " + high + " with " + m + " mantissa bits");
    }
    if (high == low) {
      tableMask = 0;
      table[0] = entry(low, m, 0);
      widest = (int) table[0] & 0xFF;
      return;
    }
    Arrays.fill(starts, 0);
    int longest = 0;
    int room = 1 << HuffmanEncoder.LONGEST;
    int pair = 0;
    for (int s = low; s <= high; s++) {
      pair = ((s - low) & 1) == 0 ? in.u8() : pair >>> 4;
      int length = pair & 15;
      if (length > HuffmanEncoder.LONGEST) {
        throw in.corrupt("Huffman code of " + length + " bits");
      }
      lengths[s] = length;
      if (length > 0) {
        starts[length + 1 <= HuffmanEncoder.LONGEST ? length + 1 : 0]++;
        longest = Math.max(longest, length);
        room -= 1 << (HuffmanEncoder.LONGEST - length);
      }
    }
    if (room != 0) {
      throw in.corrupt("Huffman code lengths do not make a tree");
    }
    starts[0] = 0;
    for (int length = 1; length <= HuffmanEncoder.LONGEST; length++) {
      starts[length] += starts[length - 1];
    }
    for (int s = low; s <= high; s++) {
      if (lengths[s] > 0) {
        byLength[starts[lengths[s]]++] = s;
      }
    }
    tableMask = (1 << longest) - 1;
    fillTable(m, longest);
  }

  private static long entry(int symbol, int m, int length) {
    return MagnitudeClass.smallest(symbol, m) << 16
        | (long) length << 8
        | (length + MagnitudeClass.extra(symbol, m));
  }

  /**
   * A code stands at all indices that end in its bits: so the table for codes of up to l bits is
   * the table for l − 1, twice, with the codes of l bits put in.
   */
  private void fillTable(int m, int longest) {
    int next = 0;
    int code = 0;
    widest = 0;
    for (int length = 1; length <= longest; length++) {
      int half = 1 << (length - 1);
      System.arraycopy(table, 0, table, half, half);
      // Placing the symbols moved each start to the end of its length.
      for (; next < starts[length]; next++) {
        long entry = entry(byLength[next], m, length);
        widest = Math.max(widest, (int) entry & 0xFF);
        table[Integer.reverse(code) >>> (32 - length)] = entry;
        code++;
      }
      code <<= 1;
    }
  }

  /** Reads every {@code stride}-th value of one stream and returns the bit behind it. */
  private long stream(
      ByteReader in, long bit, long end, int stride, int count, long[] out, int at) {
    byte[] bytes = in.array();
    long here = bit;
    for (int i = 0; i < count; i += stride) {
      if (here > end) {
        throw in.corrupt("Huffman stream is cut off");
      }
      long word = (long) BitPacking.LONG.get(bytes, (int) (here >>> 3)) >>> (here & 7);
      long entry = table[(int) word & tableMask];
      out[at + i] = value(word, entry);
      here += entry & 0xFF;
    }
    return here;
  }

  private static long value(long word, long entry) {
    return (entry >>> 16) + ((word & ~(-1L << entry)) >>> (entry >>> 8));
  }

  private static void skipTo(ByteReader in, long bit, long end) {
    if (bit > end) {
      throw in.corrupt("Huffman stream is cut off");
    }
    in.skip((int) ((bit + 7) >>> 3) - in.position());
  }

  private static void checkEnd(ByteReader in, long bit, long end) {
    if ((bit + 7) >>> 3 != end >>> 3) {
      throw in.corrupt("Huffman stream ends elsewhere than its size says");
    }
  }

  private void decodeTwo(ByteReader in, int count, long[] out, int at) {
    byte[] bytes = in.array();
    long[] table = this.table;
    int mask = tableMask;
    int size0 = in.count(in.remaining());
    long bit0 = (long) in.skip(size0) << 3;
    long bit1 = (long) in.position() << 3;
    long end0 = bit1;
    long end1 = (long) (in.position() + in.remaining()) << 3;
    int pairs = count & ~1;
    for (int i = 0; i < pairs; i += 2) {
      if (((end0 - bit0) | (end1 - bit1)) < 0) {
        throw in.corrupt("Huffman stream is cut off");
      }
      long word0 = (long) BitPacking.LONG.get(bytes, (int) (bit0 >>> 3)) >>> (bit0 & 7);
      long word1 = (long) BitPacking.LONG.get(bytes, (int) (bit1 >>> 3)) >>> (bit1 & 7);
      long entry0 = table[(int) word0 & mask];
      long entry1 = table[(int) word1 & mask];
      out[at + i] = value(word0, entry0);
      out[at + i + 1] = value(word1, entry1);
      bit0 += entry0 & 0xFF;
      bit1 += entry1 & 0xFF;
    }
    bit0 = stream(in, bit0, end0, 2, count - pairs, out, at + pairs);
    checkEnd(in, bit0, end0);
    skipTo(in, bit1, end1);
  }

  private void decodeFour(ByteReader in, int count, long[] out, int at) {
    byte[] bytes = in.array();
    long[] table = this.table;
    int mask = tableMask;
    int size0 = in.count(in.remaining());
    int size1 = in.count(in.remaining());
    int size2 = in.count(in.remaining());
    long bit0 = (long) in.skip(size0) << 3;
    long bit1 = (long) in.skip(size1) << 3;
    long bit2 = (long) in.skip(size2) << 3;
    long bit3 = (long) in.position() << 3;
    long end0 = bit1;
    long end1 = bit2;
    long end2 = bit3;
    long end3 = (long) (in.position() + in.remaining()) << 3;
    int fours = count & ~3;
    int first = 0;
    // One limit for all streams spares registers; where each must end is checked afterwards.
    if (widest <= 28) { // two values of each stream fit into one load
      for (; first <= count - 8; first += 8) {
        if (((end3 - bit0) | (end3 - bit1) | (end3 - bit2) | (end3 - bit3)) < 0) {
          throw in.corrupt("Huffman stream is cut off");
        }
        int o = at + first;
        long word0 = (long) BitPacking.LONG.get(bytes, (int) (bit0 >>> 3)) >>> (bit0 & 7);
        long word1 = (long) BitPacking.LONG.get(bytes, (int) (bit1 >>> 3)) >>> (bit1 & 7);
        long word2 = (long) BitPacking.LONG.get(bytes, (int) (bit2 >>> 3)) >>> (bit2 & 7);
        long word3 = (long) BitPacking.LONG.get(bytes, (int) (bit3 >>> 3)) >>> (bit3 & 7);
        long entry0 = table[(int) word0 & mask];
        long entry1 = table[(int) word1 & mask];
        long entry2 = table[(int) word2 & mask];
        long entry3 = table[(int) word3 & mask];
        out[o] = value(word0, entry0);
        out[o + 1] = value(word1, entry1);
        out[o + 2] = value(word2, entry2);
        out[o + 3] = value(word3, entry3);
        word0 >>>= entry0;
        word1 >>>= entry1;
        word2 >>>= entry2;
        word3 >>>= entry3;
        long next0 = table[(int) word0 & mask];
        long next1 = table[(int) word1 & mask];
        long next2 = table[(int) word2 & mask];
        long next3 = table[(int) word3 & mask];
        out[o + 4] = value(word0, next0);
        out[o + 5] = value(word1, next1);
        out[o + 6] = value(word2, next2);
        out[o + 7] = value(word3, next3);
        bit0 += (entry0 & 0xFF) + (next0 & 0xFF);
        bit1 += (entry1 & 0xFF) + (next1 & 0xFF);
        bit2 += (entry2 & 0xFF) + (next2 & 0xFF);
        bit3 += (entry3 & 0xFF) + (next3 & 0xFF);
      }
    }
    for (int i = first; i < fours; i += 4) {
      if (((end3 - bit0) | (end3 - bit1) | (end3 - bit2) | (end3 - bit3)) < 0) {
        throw in.corrupt("Huffman stream is cut off");
      }
      long word0 = (long) BitPacking.LONG.get(bytes, (int) (bit0 >>> 3)) >>> (bit0 & 7);
      long word1 = (long) BitPacking.LONG.get(bytes, (int) (bit1 >>> 3)) >>> (bit1 & 7);
      long word2 = (long) BitPacking.LONG.get(bytes, (int) (bit2 >>> 3)) >>> (bit2 & 7);
      long word3 = (long) BitPacking.LONG.get(bytes, (int) (bit3 >>> 3)) >>> (bit3 & 7);
      long entry0 = table[(int) word0 & mask];
      long entry1 = table[(int) word1 & mask];
      long entry2 = table[(int) word2 & mask];
      long entry3 = table[(int) word3 & mask];
      out[at + i] = value(word0, entry0);
      out[at + i + 1] = value(word1, entry1);
      out[at + i + 2] = value(word2, entry2);
      out[at + i + 3] = value(word3, entry3);
      bit0 += entry0 & 0xFF;
      bit1 += entry1 & 0xFF;
      bit2 += entry2 & 0xFF;
      bit3 += entry3 & 0xFF;
    }
    int rest = count - fours;
    bit0 = stream(in, bit0, end0, 4, rest, out, at + fours);
    bit1 = stream(in, bit1, end1, 4, Math.max(0, rest - 1), out, at + fours + 1);
    bit2 = stream(in, bit2, end2, 4, Math.max(0, rest - 2), out, at + fours + 2);
    checkEnd(in, bit0, end0);
    checkEnd(in, bit1, end1);
    checkEnd(in, bit2, end2);
    skipTo(in, bit3, end3);
  }
}
