package io.varve.engine.codec;

import io.varve.engine.format.ByteReader;
import java.util.Arrays;

/** Reads what {@link HuffmanEncoder} wrote. Table memory is reused. */
final class HuffmanDecoder {
  private final int[] lengths = new int[MagnitudeClass.MOST];
  private final long[] smallest = new long[MagnitudeClass.MOST];
  private final int[] perLength = new int[HuffmanEncoder.LONGEST + 1];

  /** By the next bits: symbol | plain bits &lt;&lt; 8 | code length &lt;&lt; 16. */
  private final int[] table = new int[1 << HuffmanEncoder.LONGEST];

  private int tableBits;

  /**
   * Reads {@code count} unsigned values.
   *
   * @param in on an array with {@link BitPacking#SLACK} bytes past its end
   */
  void decode(ByteReader in, int count, long[] out, int at) {
    readTable(in);
    int streams = HuffmanEncoder.streams(count);
    switch (streams) {
      case 1 -> decodeOne(in, count, out, at);
      case 2 -> decodeTwo(in, count, out, at);
      default -> decodeFour(in, count, out, at);
    }
  }

  private void readTable(ByteReader in) {
    int m = in.u8();
    int low = in.u8();
    int span = in.u8();
    int high = low + span;
    if (m > 7
        || high >= MagnitudeClass.MOST
        || MagnitudeClass.extra(high, m) > HuffmanEncoder.MOST_EXTRA) {
      throw in.corrupt("Huffman classes " + low + " to " + high + " with " + m + " mantissa bits");
    }
    if (span == 0) {
      tableBits = 0;
      smallest[low] = MagnitudeClass.smallest(low, m);
      table[0] = low | MagnitudeClass.extra(low, m) << 8;
      return;
    }
    Arrays.fill(perLength, 0);
    int longest = 0;
    int room = 1 << HuffmanEncoder.LONGEST;
    for (int s = low; s <= high; s += 2) {
      int pair = in.u8();
      lengths[s] = pair & 15;
      if (s < high) {
        lengths[s + 1] = pair >>> 4;
      } else if (pair >>> 4 != 0) {
        throw in.corrupt("Huffman code past the last class");
      }
      for (int half = 0; half < 2; half++) {
        int length = half == 0 ? pair & 15 : pair >>> 4;
        if (length > HuffmanEncoder.LONGEST) {
          throw in.corrupt("Huffman code of " + length + " bits");
        }
        if (length > 0) {
          perLength[length]++;
          longest = Math.max(longest, length);
          room -= 1 << (HuffmanEncoder.LONGEST - length);
        }
      }
    }
    if (room != 0) {
      throw in.corrupt("Huffman code lengths do not make a tree");
    }
    tableBits = longest;
    fillTable(low, m, longest);
  }

  /** Each code stands at all indices that end in its bits. */
  private void fillTable(int low, int m, int longest) {
    int size = 1 << longest;
    int code = 0;
    for (int length = 1; length <= longest; length++) {
      for (int s = low; perLength[length] > 0; s++) {
        if (lengths[s] == length) {
          perLength[length]--;
          smallest[s] = MagnitudeClass.smallest(s, m);
          int entry = s | MagnitudeClass.extra(s, m) << 8 | length << 16;
          for (int i = Integer.reverse(code) >>> (32 - length); i < size; i += 1 << length) {
            table[i] = entry;
          }
          code++;
        }
      }
      code <<= 1;
    }
  }

  private static void checkEnd(ByteReader in, long bit, int end) {
    if ((bit + 7) >>> 3 != end) {
      throw in.corrupt("Huffman stream ends elsewhere than its size says");
    }
  }

  private void decodeOne(ByteReader in, int count, long[] out, int at) {
    byte[] bytes = in.array();
    int mask = (1 << tableBits) - 1;
    long bit = (long) in.position() << 3;
    long end = bit + ((long) in.remaining() << 3);
    for (int i = 0; i < count; i++) {
      if (bit > end) {
        throw in.corrupt("Huffman stream is cut off");
      }
      long word = (long) BitPacking.LONG.get(bytes, (int) (bit >>> 3)) >>> (bit & 7);
      int entry = table[(int) word & mask];
      int length = entry >>> 16;
      int extra = entry >>> 8 & 0xFF;
      out[at + i] = smallest[entry & 0xFF] + (word >>> length & ((1L << extra) - 1));
      bit += length + extra;
    }
    if (bit > end) {
      throw in.corrupt("Huffman stream is cut off");
    }
    in.skip((int) ((bit + 7) >>> 3) - in.position());
  }

  private void decodeTwo(ByteReader in, int count, long[] out, int at) {
    byte[] bytes = in.array();
    int[] table = this.table;
    long[] smallest = this.smallest;
    int mask = (1 << tableBits) - 1;
    int size0 = in.count(in.remaining());
    int start0 = in.skip(size0);
    int start1 = in.position();
    long end1 = (long) (start1 + in.remaining()) << 3;
    long bit0 = (long) start0 << 3;
    long bit1 = (long) start1 << 3;
    long end0 = bit1;
    int pairs = count & ~1;
    for (int i = 0; i < pairs; i += 2) {
      if (((end0 - bit0) | (end1 - bit1)) < 0) {
        throw in.corrupt("Huffman stream is cut off");
      }
      long word0 = (long) BitPacking.LONG.get(bytes, (int) (bit0 >>> 3)) >>> (bit0 & 7);
      long word1 = (long) BitPacking.LONG.get(bytes, (int) (bit1 >>> 3)) >>> (bit1 & 7);
      int entry0 = table[(int) word0 & mask];
      int entry1 = table[(int) word1 & mask];
      int extra0 = entry0 >>> 8 & 0xFF;
      int extra1 = entry1 >>> 8 & 0xFF;
      int length0 = entry0 >>> 16;
      int length1 = entry1 >>> 16;
      out[at + i] = smallest[entry0 & 0xFF] + (word0 >>> length0 & ((1L << extra0) - 1));
      out[at + i + 1] = smallest[entry1 & 0xFF] + (word1 >>> length1 & ((1L << extra1) - 1));
      bit0 += length0 + extra0;
      bit1 += length1 + extra1;
    }
    if (pairs < count) {
      if (bit0 > end0) {
        throw in.corrupt("Huffman stream is cut off");
      }
      bit0 = decodeLast(bytes, bit0, mask, out, at + pairs);
    }
    checkEnd(in, bit0, start1);
    finish(in, bit1, end1);
  }

  private void decodeFour(ByteReader in, int count, long[] out, int at) {
    byte[] bytes = in.array();
    int[] table = this.table;
    long[] smallest = this.smallest;
    int mask = (1 << tableBits) - 1;
    int size0 = in.count(in.remaining());
    int size1 = in.count(in.remaining());
    int size2 = in.count(in.remaining());
    int start0 = in.skip(size0);
    int start1 = in.skip(size1);
    int start2 = in.skip(size2);
    int start3 = in.position();
    long bit0 = (long) start0 << 3;
    long bit1 = (long) start1 << 3;
    long bit2 = (long) start2 << 3;
    long bit3 = (long) start3 << 3;
    long end0 = bit1;
    long end1 = bit2;
    long end2 = bit3;
    long end3 = (long) (start3 + in.remaining()) << 3;
    int fours = count & ~3;
    for (int i = 0; i < fours; i += 4) {
      if (((end0 - bit0) | (end1 - bit1) | (end2 - bit2) | (end3 - bit3)) < 0) {
        throw in.corrupt("Huffman stream is cut off");
      }
      long word0 = (long) BitPacking.LONG.get(bytes, (int) (bit0 >>> 3)) >>> (bit0 & 7);
      long word1 = (long) BitPacking.LONG.get(bytes, (int) (bit1 >>> 3)) >>> (bit1 & 7);
      long word2 = (long) BitPacking.LONG.get(bytes, (int) (bit2 >>> 3)) >>> (bit2 & 7);
      long word3 = (long) BitPacking.LONG.get(bytes, (int) (bit3 >>> 3)) >>> (bit3 & 7);
      int entry0 = table[(int) word0 & mask];
      int entry1 = table[(int) word1 & mask];
      int entry2 = table[(int) word2 & mask];
      int entry3 = table[(int) word3 & mask];
      int extra0 = entry0 >>> 8 & 0xFF;
      int extra1 = entry1 >>> 8 & 0xFF;
      int extra2 = entry2 >>> 8 & 0xFF;
      int extra3 = entry3 >>> 8 & 0xFF;
      int length0 = entry0 >>> 16;
      int length1 = entry1 >>> 16;
      int length2 = entry2 >>> 16;
      int length3 = entry3 >>> 16;
      out[at + i] = smallest[entry0 & 0xFF] + (word0 >>> length0 & ((1L << extra0) - 1));
      out[at + i + 1] = smallest[entry1 & 0xFF] + (word1 >>> length1 & ((1L << extra1) - 1));
      out[at + i + 2] = smallest[entry2 & 0xFF] + (word2 >>> length2 & ((1L << extra2) - 1));
      out[at + i + 3] = smallest[entry3 & 0xFF] + (word3 >>> length3 & ((1L << extra3) - 1));
      bit0 += length0 + extra0;
      bit1 += length1 + extra1;
      bit2 += length2 + extra2;
      bit3 += length3 + extra3;
    }
    if (((end0 - bit0) | (end1 - bit1) | (end2 - bit2)) < 0) {
      throw in.corrupt("Huffman stream is cut off");
    }
    int rest = count - fours;
    if (rest > 0) {
      bit0 = decodeLast(bytes, bit0, mask, out, at + fours);
    }
    if (rest > 1) {
      bit1 = decodeLast(bytes, bit1, mask, out, at + fours + 1);
    }
    if (rest > 2) {
      bit2 = decodeLast(bytes, bit2, mask, out, at + fours + 2);
    }
    checkEnd(in, bit0, start1);
    checkEnd(in, bit1, start2);
    checkEnd(in, bit2, start3);
    finish(in, bit3, end3);
  }

  private long decodeLast(byte[] bytes, long bit, int mask, long[] out, int at) {
    long word = (long) BitPacking.LONG.get(bytes, (int) (bit >>> 3)) >>> (bit & 7);
    int entry = table[(int) word & mask];
    int length = entry >>> 16;
    int extra = entry >>> 8 & 0xFF;
    out[at] = smallest[entry & 0xFF] + (word >>> length & ((1L << extra) - 1));
    return bit + length + extra;
  }

  private static void finish(ByteReader in, long bit, long end) {
    if (bit > end) {
      throw in.corrupt("Huffman stream is cut off");
    }
    in.skip((int) ((bit + 7) >>> 3) - in.position());
  }
}
