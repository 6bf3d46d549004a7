package io.varve.engine.codec;

import java.util.Arrays;

/** Constants that all block codecs share: the encoder version and the numbers of the format. */
public final class Codecs {
  /**
   * The version of the encoders. A file is a function of (log prefix, encoder version): any change
   * of a heuristic that changes bytes raises it, even if old decoders can read them.
   */
  public static final int ENCODER_VERSION = 1;

  /** Most values in a block or rows in a time column. */
  public static final int MOST_VALUES = 65535;

  /** All values are the base. */
  static final int CONST = 0;

  /** Bit-packed minis with patched exceptions. */
  static final int PFOR = 1;

  /** Rice codes: no table, for short streams. */
  static final int RICE = 2;

  /** Huffman codes of magnitude classes. */
  static final int HUFFMAN = 3;

  /** The base almost everywhere; positions and differences of the rest. */
  static final int SPARSE = 4;

  /** Indices into a sorted table of distinct values. */
  static final int DICT = 5;

  /** Number of codec ids. */
  static final int CODECS = 6;

  /** u = q, never negative. */
  static final int BASE_NONE = 0;

  /** u = zigzag(q). */
  static final int BASE_ZIGZAG = 1;

  /** u = q − base, base = the smallest. */
  static final int BASE_OFFSET = 2;

  /** Room that {@link #usual} needs. */
  static final int SAMPLED = 15;

  private Codecs() {}

  static void checkCount(int n) {
    if (n < 1 || n > MOST_VALUES) {
      throw new IllegalArgumentException("a block holds 1 to " + MOST_VALUES + " values, not " + n);
    }
  }

  /**
   * The median of some values, taken at even distances: the usual value, where there is one.
   *
   * @param scratch {@link #SAMPLED} values
   */
  static long usual(long[] values, int count, long[] scratch) {
    int taken = Math.min(count, SAMPLED);
    if (taken == 0) {
      return 0;
    }
    for (int i = 0; i < taken; i++) {
      scratch[i] = values[(int) ((long) i * count / taken)];
    }
    Arrays.sort(scratch, 0, taken);
    return scratch[taken / 2];
  }

  /** The value that more than half have, found in one pass; any one if there is none. */
  static long majority(long[] values, int count) {
    long candidate = 0;
    int votes = 0;
    for (int i = 0; i < count; i++) {
      if (votes == 0) {
        candidate = values[i];
      }
      votes += values[i] == candidate ? 1 : -1;
    }
    return candidate;
  }

  static long zigzag(long v) {
    return (v << 1) ^ (v >> 63);
  }

  static long unzigzag(long v) {
    return (v >>> 1) ^ -(v & 1);
  }

  /** Bits of an unsigned value: 0 for 0, 64 for −1. */
  static int bitLength(long v) {
    return 64 - Long.numberOfLeadingZeros(v);
  }

  /** Bytes of an unsigned varint. */
  static int varintBytes(long v) {
    return (bitLength(v | 1) + 6) / 7;
  }

  /** Writes an unsigned varint; returns the end. */
  static int putVarint(byte[] out, int at, long value) {
    int end = at;
    long v = value;
    while ((v & ~0x7FL) != 0) {
      out[end++] = (byte) (v | 0x80);
      v >>>= 7;
    }
    out[end++] = (byte) v;
    return end;
  }
}
