package io.varve.engine.codec;

import java.util.Objects;

/**
 * Writes blocks of 64-bit integers of any kind (start timestamps, directory columns) as an integer
 * stream. Keeps scratch memory, so one per thread; the bytes depend only on the values.
 */
public final class LongBlockEncoder {
  private final IntegerStreamEncoder stream = new IntegerStreamEncoder();

  /** An encoder with little memory, which grows to the blocks it sees. */
  public LongBlockEncoder() {}

  /**
   * Room that {@link #encode} needs from its start on. It may scribble over all of it, also past
   * the end that it returns.
   *
   * @param n values, 1 to {@link Codecs#MOST_VALUES}
   */
  public int maxBytes(int n) {
    return IntegerStreamEncoder.maxBytes(n);
  }

  /**
   * Writes {@code values[from, from + n)} in the smallest form.
   *
   * @param n values, 1 to {@link Codecs#MOST_VALUES}; not written, a reader must know it
   * @param out has {@link #maxBytes} room from {@code at} on
   * @return the end: index after the last byte written
   */
  public int encode(long[] values, int from, int n, byte[] out, int at) {
    Codecs.checkCount(n);
    Objects.checkFromIndexSize(from, n, values.length);
    Objects.checkFromIndexSize(at, maxBytes(n), out.length);
    return stream.encode(values, from, n, Effort.FULL, out, at);
  }
}
