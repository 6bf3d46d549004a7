package io.varve.engine.codec;

import io.varve.engine.format.ByteReader;
import java.util.Arrays;

/** Reads the streams that {@link LeafEncoder} writes. */
final class LeafDecoder {
  private final HuffmanDecoder huffman = new HuffmanDecoder();
  private final long[] high = new long[PforEncoder.MINI];

  /**
   * Reads {@code count} signed values into {@code out[at, at + count)}.
   *
   * @param head codec and base mode, in the bits of a head byte
   * @param in behind the head, on an array with {@link BitPacking#SLACK} bytes past its end
   */
  void decode(int head, ByteReader in, int count, long[] out, int at) {
    int mode = head >>> 6 & 3;
    if (mode > Codecs.BASE_OFFSET) {
      throw in.corrupt("unknown base mode in head " + head);
    }
    long base = 0;
    if (mode == Codecs.BASE_OFFSET) {
      base = in.zigzag();
    }
    switch (head >>> 3 & 7) {
      case Codecs.CONST -> {
        Arrays.fill(out, at, at + count, base);
        return;
      }
      case Codecs.PFOR -> pfor(in, count, out, at);
      case Codecs.RICE -> rice(in, count, out, at);
      case Codecs.HUFFMAN -> huffman.decode(in, count, out, at);
      default -> throw in.corrupt("unknown codec in head " + head);
    }
    if (mode == Codecs.BASE_ZIGZAG) {
      for (int i = at; i < at + count; i++) {
        long u = out[i];
        out[i] = (u >>> 1) ^ -(u & 1);
      }
    } else if (base != 0) {
      for (int i = at; i < at + count; i++) {
        out[i] += base;
      }
    }
  }

  private void pfor(ByteReader in, int count, long[] out, int at) {
    for (int done = 0; done < count; done += PforEncoder.MINI) {
      int n = Math.min(PforEncoder.MINI, count - done);
      int head = in.u8();
      int width = head & 0x7F;
      int over = 0;
      int overWidth = 0;
      if (head >= 0x80) {
        over = in.u8();
        overWidth = in.u8();
      }
      if (width + overWidth > 64 || over > n) {
        throw in.corrupt("packed " + width + " bits, " + over + " over by " + overWidth);
      }
      int start = in.skip(BitPacking.bytes(n, width));
      BitPacking.unpack(in.array(), start, n, width, out, at + done);
      if (over > 0) {
        int places = in.skip(over);
        int highs = in.skip(BitPacking.bytes(over, overWidth));
        BitPacking.unpack(in.array(), highs, over, overWidth, high, 0);
        for (int i = 0; i < over; i++) {
          int place = in.array()[places + i] & 0xFF;
          if (place >= n) {
            throw in.corrupt("exception at " + place + " of " + n);
          }
          out[at + done + place] |= high[i] << width;
        }
      }
    }
  }

  /** Remainders are packed; quotients are the distances between ones in a bitmap behind them. */
  private static void rice(ByteReader in, int count, long[] out, int at) {
    int bits = in.u8();
    if (bits > RiceEncoder.MOST_BITS) {
      throw in.corrupt("Rice remainder of " + bits + " bits");
    }
    int remainders = in.skip(BitPacking.bytes(count, bits));
    BitPacking.unpack(in.array(), remainders, count, bits, out, at);
    byte[] bytes = in.array();
    int limit = in.position() + in.remaining();
    int pos = in.position();
    long word = 0;
    long wordAt = -64;
    long last = -1;
    for (int i = at; i < at + count; i++) {
      while (word == 0) {
        if (pos >= limit) {
          throw in.corrupt("Rice quotients are cut off");
        }
        word = (long) BitPacking.LONG.get(bytes, pos);
        pos += 8;
        wordAt += 64;
      }
      long one = wordAt + Long.numberOfTrailingZeros(word);
      word &= word - 1;
      out[i] |= (one - last - 1) << bits;
      last = one;
    }
    in.skip((int) ((last + 8) >>> 3));
  }
}
