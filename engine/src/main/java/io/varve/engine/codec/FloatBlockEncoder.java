package io.varve.engine.codec;

import java.util.Arrays;
import java.util.Objects;

/**
 * Writes blocks of float values, bit for bit. Keeps scratch memory, so one per thread; the bytes
 * depend only on the values.
 */
public final class FloatBlockEncoder {
  private final IntegerStreamEncoder stream = new IntegerStreamEncoder();
  private long[] integers = new long[0];
  private int[] missed = new int[0];

  /** An encoder with little memory, which grows to the blocks it sees. */
  public FloatBlockEncoder() {}

  /**
   * Room that {@link #encode} needs from its start on. It may scribble over all of it, also past
   * the end that it returns.
   *
   * @param n values, 1 to {@link Codecs#MOST_VALUES}
   */
  public int maxBytes(int n) {
    return IntegerStreamEncoder.maxBytes(n) + DecimalForm.mostMisses(n) * 12 + 16;
  }

  /**
   * Writes {@code values[from, from + n)} in the smallest form.
   *
   * @param n values, 1 to {@link Codecs#MOST_VALUES}; not written, a reader must know it
   * @param out has {@link #maxBytes} room from {@code at} on
   * @return the end: index after the last byte written
   */
  public int encode(double[] values, int from, int n, byte[] out, int at) {
    return encode(values, from, n, out, at, n <= Effort.MOST_FEW ? Effort.FEW : Effort.FULL);
  }

  /** As {@link #encode}, with the cheap choices only: about three times as fast, a tenth larger. */
  public int encodeFast(double[] values, int from, int n, byte[] out, int at) {
    return encode(values, from, n, out, at, Effort.FAST);
  }

  private int encode(double[] values, int from, int n, byte[] out, int at, Effort effort) {
    Codecs.checkCount(n);
    Objects.checkFromIndexSize(from, n, values.length);
    Objects.checkFromIndexSize(at, maxBytes(n), out.length);
    boolean constant = isConstant(values, from, n);
    if (constant) {
      int end = constant(values[from], out, at);
      if (end >= 0) {
        return end;
      }
    }
    if (integers.length < n) {
      integers = new long[Math.max(512, n)];
      missed = new int[DecimalForm.mostMisses(integers.length) + 1];
    }
    int found = DecimalForm.find(values, from, n, integers, missed);
    int misses;
    int pos = at;
    if (found >= 0) {
      int form = found & 15;
      int scale = found >>> 4 & 31;
      misses = found >>> 16;
      int scaleBits = form == DecimalForm.INTEGER ? 0 : scale - 1;
      out[pos++] = (byte) (form | (misses > 0 ? 8 : 0) | scaleBits << 4);
    } else if (constant) {
      return constantBits(Double.doubleToRawLongBits(values[from]), 8, out, at);
    } else {
      misses = ordered(values, from, n);
      out[pos++] = (byte) (DecimalForm.RAW | (misses > 0 ? 8 : 0));
    }
    if (misses > 0) {
      pos = exceptions(values, from, n, misses, out, pos);
    }
    return stream.encode(integers, 0, n, effort, out, pos);
  }

  private static boolean isConstant(double[] values, int from, int n) {
    double first = values[from];
    if (!Double.isNaN(first)) {
      // Compares many at a time; for values that are not NaN, equal means equal bits.
      return Arrays.mismatch(values, from, from + n - 1, values, from + 1, from + n) < 0;
    }
    long bits = Double.doubleToRawLongBits(first);
    for (int i = from + 1; i < from + n; i++) {
      if (Double.doubleToRawLongBits(values[i]) != bits) {
        return false;
      }
    }
    return true;
  }

  /** A block of one value, −1 if a decimal form would be shorter. */
  private static int constant(double value, byte[] out, int at) {
    long bits = Double.doubleToRawLongBits(value);
    long integer = (long) value;
    if (Double.doubleToRawLongBits((double) integer) == bits && Math.abs(value) <= 0x1p53) {
      if (integer >= 0 && integer < 31) {
        out[at] = (byte) (DecimalForm.CONST_INTEGER | integer << 3);
        return at + 1;
      }
      long zigzag = Codecs.zigzag(integer);
      if (Codecs.varintBytes(zigzag) <= 8 - Long.numberOfTrailingZeros(bits) / 8) {
        out[at] = (byte) (DecimalForm.CONST_INTEGER | 31 << 3);
        return Codecs.putVarint(out, at + 1, zigzag);
      }
    }
    int bytes = bits == 0 ? 0 : 8 - Long.numberOfTrailingZeros(bits) / 8;
    if (bytes > 4 && Math.abs(value) <= Double.MAX_VALUE) {
      return -1;
    }
    return constantBits(bits, bytes, out, at);
  }

  private static int constantBits(long bits, int bytes, byte[] out, int at) {
    out[at] = (byte) (DecimalForm.CONST_BITS | bytes << 3);
    BitPacking.LONG.set(out, at + 1, bytes == 0 ? 0 : bits >>> (64 - 8 * bytes));
    return at + 1 + bytes;
  }

  /** Bits in the order of the values; the few that are not finite become exceptions. */
  private int ordered(double[] values, int from, int n) {
    int most = DecimalForm.mostMisses(n);
    int misses = 0;
    for (int i = 0; i < n; i++) {
      double v = values[from + i];
      long bits = Double.doubleToRawLongBits(v);
      integers[i] = bits ^ (bits >> 63 & Long.MAX_VALUE);
      if (!(Math.abs(v) <= Double.MAX_VALUE)) {
        if (misses < most) {
          missed[misses] = i;
        }
        misses++;
      }
    }
    return misses > most ? 0 : misses;
  }

  /** Writes the missed values and gives their places in the stream the value before. */
  private int exceptions(double[] values, int from, int n, int misses, byte[] out, int at) {
    int pos = Codecs.putVarint(out, at, misses);
    int last = -1;
    for (int i = 0; i < misses; i++) {
      pos = Codecs.putVarint(out, pos, missed[i] - last - 1);
      last = missed[i];
    }
    for (int i = 0; i < misses; i++) {
      BitPacking.LONG.set(out, pos, Double.doubleToRawLongBits(values[from + missed[i]]));
      pos += 8;
    }
    // A miss at the very start takes the first value after it that is none.
    int regular = 0;
    while (regular < misses && missed[regular] == regular) {
      regular++;
    }
    long fill = regular < n ? integers[regular] : 0;
    for (int i = 0; i < misses; i++) {
      int place = missed[i];
      integers[place] = place < regular ? fill : integers[place - 1];
    }
    return pos;
  }
}
