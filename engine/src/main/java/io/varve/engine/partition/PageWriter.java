package io.varve.engine.partition;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import io.varve.engine.codec.LongBlockEncoder;
import io.varve.engine.format.ByteWriter;

/**
 * Packs a page of the directory or of a side section: numbers and columns of integers, one after
 * the other, and the whole through zstd if that makes it smaller. For one thread; {@link #close}
 * gives the compressor's memory back.
 */
final class PageWriter implements AutoCloseable {
  static final int PLAIN = 0;
  static final int ZSTD = 1;

  /** Part of the encoder version: another level makes other bytes. */
  private static final int LEVEL = 9;

  private final LongBlockEncoder encoder = new LongBlockEncoder();
  private final ZstdCompressCtx zstd =
      new ZstdCompressCtx().setLevel(LEVEL).setContentSize(false).setChecksum(false);
  private final ByteWriter body = new ByteWriter(1 << 14);
  private byte[] packed = new byte[0];

  /** What the page holds so far, to be appended to. */
  ByteWriter body() {
    return body;
  }

  /** Appends a column: its length and a block; a column of zeros is one byte, an empty one none. */
  void column(long[] values, int n) {
    if (n == 0) {
      return;
    }
    long any = 0;
    for (int i = 0; i < n; i++) {
      any |= values[i];
    }
    if (any == 0) {
      body.varint(0);
      return;
    }
    int room = encoder.maxBytes(n);
    int at = body.size();
    // The length in front is known afterwards; three bytes hold any.
    byte[] out = body.reserve(3 + room);
    int length = encoder.encode(values, 0, n, out, at + 3) - at - 3;
    int prefix = length < 1 << 7 ? 1 : length < 1 << 14 ? 2 : 3;
    System.arraycopy(out, at + 3, out, at + prefix, length);
    body.varint(length);
    body.advance(length);
  }

  void column(LongList list) {
    column(list.values, list.size);
  }

  /** Ends the page: appends it to {@code out} and begins the next. */
  void end(ByteWriter out) {
    int length = body.size();
    int bound = (int) Zstd.compressBound(length);
    if (packed.length < bound) {
      packed = new byte[bound];
    }
    int small = zstd.compressByteArray(packed, 0, packed.length, body.array(), 0, length);
    if (small + 4 < length) {
      out.u8(ZSTD);
      out.varint(length);
      out.bytes(packed, 0, small);
    } else {
      out.u8(PLAIN);
      out.bytes(body.array(), 0, length);
    }
    body.reset();
  }

  @Override
  public void close() {
    zstd.close();
  }
}
