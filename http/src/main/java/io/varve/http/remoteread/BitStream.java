package io.varve.http.remoteread;

import java.util.Arrays;

/**
 * A growable row of bits, most significant first, with the variable-length codes of Prometheus'
 * chunks. Reused by {@link #reset}. Not thread-safe.
 */
final class BitStream {
  private static final int[] SIZES = {3, 6, 9, 12, 18, 25, 56};

  private byte[] bytes = new byte[256];
  private int size;

  /** Bits of the last byte that are not taken yet. */
  private int free;

  void reset() {
    size = 0;
    free = 0;
  }

  /** The bytes written so far, the last one filled up with zeros; a copy. */
  byte[] toByteArray() {
    return Arrays.copyOf(bytes, size);
  }

  /** Overwrites 16 bits at a byte written earlier. */
  void patch16(int at, int value) {
    bytes[at] = (byte) (value >> 8);
    bytes[at + 1] = (byte) value;
  }

  /** The low {@code count} bits of a value, 1 to 64. */
  void bits(long value, int count) {
    int left = count;
    while (left > 0) {
      if (free == 0) {
        if (size == bytes.length) {
          bytes = Arrays.copyOf(bytes, 2 * size);
        }
        bytes[size++] = 0;
        free = 8;
      }
      int part = Math.min(left, free);
      int piece = (int) (value >>> (left - part)) & ((1 << part) - 1);
      bytes[size - 1] |= (byte) (piece << (free - part));
      free -= part;
      left -= part;
    }
  }

  /** LEB128. */
  void varint(long value) {
    long rest = value;
    while ((rest & ~0x7FL) != 0) {
      bits((rest & 0x7F) | 0x80, 8);
      rest >>>= 7;
    }
    bits(rest, 8);
  }

  /** LEB128 of the zigzag form. */
  void zigzag(long value) {
    varint((value << 1) ^ (value >> 63));
  }

  /** A small change of a change of times. */
  void timeChange(long dod) {
    if (dod == 0) {
      bits(0, 1);
    } else if (fits(dod, 14)) {
      bits(0b10, 2);
      bits(dod, 14);
    } else if (fits(dod, 17)) {
      bits(0b110, 3);
      bits(dod, 17);
    } else if (fits(dod, 20)) {
      bits(0b1110, 4);
      bits(dod, 20);
    } else {
      bits(0b1111, 4);
      bits(dod, 64);
    }
  }

  /** A signed number, short if it is small. */
  void varbit(long value) {
    if (value == 0) {
      bits(0, 1);
      return;
    }
    for (int i = 0; i < SIZES.length; i++) {
      if (fits(value, SIZES[i])) {
        sized(value, i);
        return;
      }
    }
    bits(0xFF, 8);
    bits(value, 64);
  }

  /** An unsigned number, short if it is small. */
  void unsignedVarbit(long value) {
    if (value == 0) {
      bits(0, 1);
      return;
    }
    for (int i = 0; i < SIZES.length; i++) {
      if (Long.numberOfLeadingZeros(value) >= 64 - SIZES[i]) {
        sized(value, i);
        return;
      }
    }
    bits(0xFF, 8);
    bits(value, 64);
  }

  /** As many ones as the code has number, a zero, and the value. */
  private void sized(long value, int code) {
    bits((1L << (code + 2)) - 2, code + 2);
    bits(value, SIZES[code]);
  }

  /** The range of n bits is that of two's complement, moved up by one. */
  private static boolean fits(long value, int bits) {
    return value >= -((1L << (bits - 1)) - 1) && value <= 1L << (bits - 1);
  }
}
