package io.varve.engine.codec;

import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;

/** The contract for blocks of integers. */
class LongBlockTest extends BlockContract<long[]> {
  private static final long UNTOUCHED = 0x5A5A5A5A5A5A5A5AL;

  private final LongBlockEncoder encoder = new LongBlockEncoder();
  private final LongBlockDecoder decoder = new LongBlockDecoder();

  @Override
  byte[] encode(long[] column) {
    return encode(encoder, column);
  }

  @Override
  byte[] encodeFresh(long[] column) {
    return encode(new LongBlockEncoder(), column);
  }

  private static byte[] encode(LongBlockEncoder encoder, long[] column) {
    byte[] out = new byte[encoder.maxBytes(column.length) + 3];
    int end = encoder.encode(column, 0, column.length, out, 3);
    return Arrays.copyOfRange(out, 3, end);
  }

  @Override
  long[] decode(byte[] in, int offset, int length, int n) {
    long[] out = new long[n + 4];
    Arrays.fill(out, UNTOUCHED);
    decoder.decode(in, offset, length, n, out, 2);
    if (out[0] != UNTOUCHED
        || out[1] != UNTOUCHED
        || out[n + 2] != UNTOUCHED
        || out[n + 3] != UNTOUCHED) {
      throw new AssertionError("wrote outside its range");
    }
    return Arrays.copyOfRange(out, 2, n + 2);
  }

  @Override
  Map<String, long[]> columns(int n, SplittableRandom random) {
    return Shapes.integers(n, random);
  }

  @Override
  int size(long[] column) {
    return column.length;
  }

  @Override
  boolean same(long[] a, long[] b) {
    return Arrays.equals(a, b);
  }

  @Override
  String source() {
    return "integer block";
  }
}
