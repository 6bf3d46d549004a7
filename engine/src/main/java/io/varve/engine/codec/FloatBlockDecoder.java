package io.varve.engine.codec;

import io.varve.engine.format.ByteReader;
import io.varve.engine.format.CorruptDataException;
import java.util.Arrays;
import java.util.Objects;

/** Reads blocks that {@link FloatBlockEncoder} wrote. Keeps scratch memory, so one per thread. */
public final class FloatBlockDecoder {
  private static final String SOURCE = "value block";

  private final IntegerStreamDecoder stream = new IntegerStreamDecoder();
  private final PaddedInput input = new PaddedInput();
  private long[] integers = new long[512];
  private int[] missPlaces = new int[16];
  private long[] missBits = new long[16];
  private boolean finite;

  /** A decoder with little memory, which grows to the blocks it sees. */
  public FloatBlockDecoder() {}

  /**
   * Reads one block into {@code out[at, at + n)}.
   *
   * @param in {@code [offset, offset + length)} is the block, nothing more
   * @param n values in it, 1 to {@link Codecs#MOST_VALUES}
   * @throws CorruptDataException if these bytes are no block of n values; then out is garbage
   */
  public void decode(byte[] in, int offset, int length, int n, double[] out, int at) {
    Codecs.checkCount(n);
    Objects.checkFromIndexSize(offset, length, in.length);
    Objects.checkFromIndexSize(at, n, out.length);
    if (length == 1 && (in[offset] & 7) == DecimalForm.CONST_INTEGER) {
      // Most blocks of most fleets; the long way would say the same.
      int integer = (in[offset] & 0xFF) >>> 3;
      if (integer < 31) {
        Arrays.fill(out, at, at + n, integer);
        finite = true;
        return;
      }
    }
    ByteReader reader = input.on(in, offset, length, SOURCE);
    read(reader, n, out, at);
    if (!reader.atEnd()) {
      throw reader.corrupt("bytes after the last value");
    }
  }

  /**
   * True if no value of the block that was read last is NaN or infinite, which its form tells;
   * false if one may be.
   */
  public boolean isFinite() {
    return finite;
  }

  /**
   * Reads one block and leaves the reader behind it.
   *
   * @param in on an array with {@link BitPacking#SLACK} bytes past its end
   */
  void read(ByteReader in, int n, double[] out, int at) {
    int head = in.u8();
    int form = head & 7;
    if (form >= DecimalForm.CONST_INTEGER) {
      double value = constant(head, in);
      Arrays.fill(out, at, at + n, value);
      finite = Double.isFinite(value);
      return;
    }
    int scale = form >= DecimalForm.QUOTIENT ? (head >>> 4) + 1 : head >>> 4;
    if (form < DecimalForm.QUOTIENT ? scale != 0 : form == DecimalForm.MILLIS && scale < 3) {
      throw in.corrupt("unknown head " + head);
    }
    if (integers.length < n) {
      integers = new long[n];
    }
    int misses = (head & 8) != 0 ? exceptions(in, n) : 0;
    stream.decode(in, n, integers, 0);
    convert(integers, n, form, scale, out, at);
    for (int i = 0; i < misses; i++) {
      out[at + missPlaces[i]] = Double.longBitsToDouble(missBits[i]);
    }
    finite = misses == 0 && form != DecimalForm.RAW;
  }

  private int exceptions(ByteReader reader, int n) {
    int misses = reader.count(DecimalForm.mostMisses(n));
    if (missPlaces.length < misses) {
      missPlaces = new int[misses];
      missBits = new long[misses];
    }
    int place = -1;
    for (int i = 0; i < misses; i++) {
      place += 1 + reader.count(n);
      if (place >= n) {
        throw reader.corrupt("exception at " + place + " of " + n + " values");
      }
      missPlaces[i] = place;
    }
    for (int i = 0; i < misses; i++) {
      missBits[i] = reader.fixed64();
    }
    return misses;
  }

  private static double constant(int head, ByteReader in) {
    int inline = head >>> 3;
    if ((head & 7) == DecimalForm.CONST_INTEGER) {
      return inline < 31 ? inline : (double) in.zigzag();
    }
    if ((head & 7) != DecimalForm.CONST_BITS || inline > 8) {
      throw in.corrupt("unknown head " + head);
    }
    long bits = 0;
    for (int i = 0; i < inline; i++) {
      bits = bits >>> 8 | (long) in.u8() << 56;
    }
    return Double.longBitsToDouble(bits);
  }

  private static void convert(long[] integers, int n, int form, int scale, double[] out, int at) {
    switch (form) {
      case DecimalForm.RAW -> {
        for (int i = 0; i < n; i++) {
          long bits = integers[i];
          out[at + i] = Double.longBitsToDouble(bits ^ (bits >> 63 & Long.MAX_VALUE));
        }
      }
      case DecimalForm.INTEGER -> {
        for (int i = 0; i < n; i++) {
          out[at + i] = (double) integers[i];
        }
      }
      case DecimalForm.QUOTIENT -> {
        double divisor = DecimalForm.POWER[scale];
        for (int i = 0; i < n; i++) {
          out[at + i] = (double) integers[i] / divisor;
        }
      }
      case DecimalForm.PRODUCT -> {
        double factor = DecimalForm.INVERSE[scale];
        for (int i = 0; i < n; i++) {
          out[at + i] = (double) integers[i] * factor;
        }
      }
      default -> {
        double divisor = DecimalForm.POWER[scale - 3];
        for (int i = 0; i < n; i++) {
          out[at + i] = (double) integers[i] / 1000 / divisor;
        }
      }
    }
  }
}
