package io.varve.engine.codec;

import io.varve.engine.format.ByteReader;
import java.util.Arrays;

/** Reads the streams that {@link LeafEncoder} writes. */
final class LeafDecoder {
  private final HuffmanDecoder huffman = new HuffmanDecoder();
  private final long[] high = new long[LeafEncoder.MINI];

  /**
   * Reads {@code count} signed values into {@code out[at, at + count)}.
   *
   * @param head codec and base mode, in the bits of a head byte
   * @param in behind the head, on an array with {@link BitPacking#SLACK} bytes past its end
   */
  void decode(int head, ByteReader in, int count, long[] out, int at) {
    int mode = head >>> 6 & 3;
    long base = 0;
    if (mode == Codecs.BASE_ZIGZAG_FROM || mode == Codecs.BASE_OFFSET) {
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
    if (mode == Codecs.BASE_ZIGZAG || mode == Codecs.BASE_ZIGZAG_FROM) {
      for (int i = at; i < at + count; i++) {
        long u = out[i];
        out[i] = ((u >>> 1) ^ -(u & 1)) + base;
      }
    } else if (base != 0) {
      for (int i = at; i < at + count; i++) {
        out[i] += base;
      }
    }
  }

  private void pfor(ByteReader in, int count, long[] out, int at) {
    for (int done = 0; done < count; done += LeafEncoder.MINI) {
      int n = Math.min(LeafEncoder.MINI, count - done);
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

  private static void rice(ByteReader in, int count, long[] out, int at) {
    int bits = in.u8();
    if (bits > LeafEncoder.MOST_RICE_BITS) {
      throw in.corrupt("Rice remainder of " + bits + " bits");
    }
    byte[] bytes = in.array();
    long mask = (1L << bits) - 1;
    long bit = (long) in.position() << 3;
    long end = bit + ((long) in.remaining() << 3);
    for (int i = 0; i < count; i++) {
      if (bit > end) {
        throw in.corrupt("Rice stream is cut off");
      }
      long word = (long) BitPacking.LONG.get(bytes, (int) (bit >>> 3)) >>> (bit & 7);
      int quotient = Long.numberOfTrailingZeros(word);
      if (quotient < LeafEncoder.RICE_ESCAPE) {
        out[at + i] = (long) quotient << bits | (word >>> (quotient + 1) & mask);
        bit += quotient + 1 + bits;
      } else {
        bit += LeafEncoder.RICE_ESCAPE + 1;
        if (quotient > LeafEncoder.RICE_ESCAPE || bit + 64 > end) {
          throw in.corrupt("Rice stream is cut off");
        }
        BitPacking.unpack(bytes, (int) (bit >>> 3), 1, 64, out, at + i);
        int shift = (int) (bit & 7);
        if (shift > 0) {
          out[at + i] =
              out[at + i] >>> shift | (bytes[(int) (bit >>> 3) + 8] & 0xFFL) << (64 - shift);
        }
        bit += 64;
      }
    }
    if (bit > end) {
      throw in.corrupt("Rice stream is cut off");
    }
    in.skip((int) ((bit + 7) >>> 3) - in.position());
  }
}
