package io.varve.engine.codec;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The contract for time columns, and what a grid costs. */
class TimeColumnTest extends BlockContract<long[]> {
  private static final long UNTOUCHED = 0x5A5A5A5A5A5A5A5AL;

  private final TimeColumnEncoder encoder = new TimeColumnEncoder();
  private final TimeColumnDecoder decoder = new TimeColumnDecoder();

  @Override
  byte[] encode(long[] column) {
    return encode(encoder, column);
  }

  @Override
  byte[] encodeFresh(long[] column) {
    return encode(new TimeColumnEncoder(), column);
  }

  private byte[] encode(TimeColumnEncoder encoder, long[] column) {
    byte[] out = new byte[encoder.maxBytes(column.length) + 3];
    return Arrays.copyOfRange(out, 3, encodeInto(encoder, column, out, 3));
  }

  int encodeInto(TimeColumnEncoder encoder, long[] column, byte[] out, int at) {
    return encoder.encode(column, 0, column.length, out, at);
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
    return Shapes.times(n, random);
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
    return "time column";
  }

  private static long[] shape(String name) {
    return Objects.requireNonNull(Shapes.times(480, new SplittableRandom(1)).get(name));
  }

  @Test
  void regularTimesCostNextToNothing() {
    long[] times = shape("regular");
    assertThat(encode(times)).hasSizeLessThanOrEqualTo(10);
  }

  @Test
  void skippedScrapesStayOnTheGrid() {
    long[] times = shape("gap");
    assertThat(encode(times)).hasSizeLessThanOrEqualTo(25);
  }

  @Test
  void jitterOfTwoMillisecondsCostsUnderHalfAByte() {
    long[] times = shape("jitter");
    assertThat(encode(times)).hasSizeLessThan(240);
  }
}
