package io.varve.engine.codec;

import io.varve.engine.format.ByteReader;
import io.varve.engine.format.CorruptDataException;
import java.util.Objects;

/** Reads blocks that {@link LongBlockEncoder} wrote. Keeps scratch memory, so one per thread. */
public final class LongBlockDecoder {
  private final IntegerStreamDecoder stream = new IntegerStreamDecoder();
  private final PaddedInput input = new PaddedInput();

  /** A decoder with little memory, which grows to the blocks it sees. */
  public LongBlockDecoder() {}

  /**
   * Reads one block into {@code out[at, at + n)}.
   *
   * @param in {@code [offset, offset + length)} is the block, nothing more
   * @param n values in it, 1 to {@link Codecs#MOST_VALUES}
   * @throws CorruptDataException if these bytes are no block of n values; then out is garbage
   */
  public void decode(byte[] in, int offset, int length, int n, long[] out, int at) {
    Codecs.checkCount(n);
    Objects.checkFromIndexSize(offset, length, in.length);
    Objects.checkFromIndexSize(at, n, out.length);
    ByteReader reader = input.on(in, offset, length, "integer block");
    stream.decode(reader, n, out, at);
    if (!reader.atEnd()) {
      throw reader.corrupt("bytes after the last value");
    }
  }
}
