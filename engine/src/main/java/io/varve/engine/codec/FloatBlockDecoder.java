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
    if (length == 0) {
      throw new CorruptDataException(SOURCE, 0, "empty");
    }
    int head = in[offset] & 0xFF;
    int form = head & 7;
    if (form >= DecimalForm.CONST_INTEGER) {
      Arrays.fill(out, at, at + n, constant(head, in, offset, length));
      return;
    }
    int scale = head >>> 4;
    if (form >= DecimalForm.QUOTIENT) {
      scale++;
    }
    if ((form < DecimalForm.QUOTIENT && scale != 0) || (form == DecimalForm.MILLIS && scale < 3)) {
      throw new CorruptDataException(SOURCE, 0, "unknown head " + head);
    }
    if (integers.length < n) {
      integers = new long[n];
    }
    ByteReader reader = input.on(in, offset, length, SOURCE);
    reader.skip(1);
    int misses = (head & 8) != 0 ? exceptions(reader, n) : 0;
    stream.decode(reader, n, integers, 0);
    if (!reader.atEnd()) {
      throw reader.corrupt("bytes after the last value");
    }
    convert(integers, n, form, scale, out, at);
    for (int i = 0; i < misses; i++) {
      out[at + missPlaces[i]] = Double.longBitsToDouble(missBits[i]);
    }
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

  private double constant(int head, byte[] in, int offset, int length) {
    int inline = head >>> 3;
    if ((head & 7) == DecimalForm.CONST_INTEGER) {
      if (inline < 31 && length == 1) {
        return inline;
      }
      ByteReader reader = input.on(in, offset, length, SOURCE);
      reader.skip(1);
      if (inline == 31) {
        long integer = reader.zigzag();
        if (reader.atEnd()) {
          return (double) integer;
        }
      }
    } else if ((head & 7) == DecimalForm.CONST_BITS && inline <= 8 && length == 1 + inline) {
      long bits = 0;
      for (int i = inline; i > 0; i--) {
        bits = bits << 8 | (in[offset + i] & 0xFF);
      }
      return Double.longBitsToDouble(inline == 0 ? 0 : bits << (64 - 8 * inline));
    }
    throw new CorruptDataException(SOURCE, 0, "unknown head " + head + " of " + length + " bytes");
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
