package io.varve.engine.codec;

import io.varve.engine.format.ByteReader;
import io.varve.engine.format.CorruptDataException;
import java.util.Objects;

/** Reads columns that {@link TimeColumnEncoder} wrote. Keeps scratch memory, so one per thread. */
public final class TimeColumnDecoder {
  private final IntegerStreamDecoder stream = new IntegerStreamDecoder();
  private final PaddedInput input = new PaddedInput();
  private long[] skipped = new long[0];

  /** A decoder with little memory, which grows to the columns it sees. */
  public TimeColumnDecoder() {}

  /**
   * Reads one column into {@code out[at, at + n)}.
   *
   * @param in {@code [offset, offset + length)} is the column, nothing more
   * @param n rows in it, 1 to {@link Codecs#MOST_VALUES}
   * @throws CorruptDataException if these bytes are no column of n rows; then out is garbage
   */
  public void decode(byte[] in, int offset, int length, int n, long[] out, int at) {
    Codecs.checkCount(n);
    Objects.checkFromIndexSize(offset, length, in.length);
    Objects.checkFromIndexSize(at, n, out.length);
    ByteReader reader = input.on(in, offset, length, "time column");
    int kind = reader.u8();
    switch (kind) {
      case TimeColumnEncoder.STREAM -> stream.decode(reader, n, out, at);
      case TimeColumnEncoder.REGULAR -> {
        long first = reader.zigzag();
        long step = reader.varint();
        for (int i = 0; i < n; i++) {
          out[at + i] = first + i * step;
        }
      }
      case TimeColumnEncoder.GRID -> grid(reader, n, out, at);
      default -> throw reader.corrupt("unknown kind of time column " + kind);
    }
    if (!reader.atEnd()) {
      throw reader.corrupt("bytes after the last row");
    }
  }

  private void grid(ByteReader reader, int n, long[] out, int at) {
    long point = reader.zigzag();
    long step = reader.varint();
    if (n < 2) {
      throw reader.corrupt("grid of one row");
    }
    if (skipped.length < n) {
      skipped = new long[n];
    }
    stream.decode(reader, n - 1, skipped, 0);
    stream.decode(reader, n, out, at);
    out[at] += point;
    for (int i = 1; i < n; i++) {
      point += (skipped[i - 1] + 1) * step;
      out[at + i] += point;
    }
  }
}
