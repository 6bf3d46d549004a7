package io.varve.engine.codec;

import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;

/** The contract for float blocks in their smallest form. */
class FloatBlockTest extends BlockContract<double[]> {
  private static final double UNTOUCHED = 4.25;

  private final FloatBlockEncoder encoder = new FloatBlockEncoder();
  private final FloatBlockDecoder decoder = new FloatBlockDecoder();

  @Override
  byte[] encode(double[] column) {
    return encode(encoder, column);
  }

  @Override
  byte[] encodeFresh(double[] column) {
    return encode(new FloatBlockEncoder(), column);
  }

  private byte[] encode(FloatBlockEncoder encoder, double[] column) {
    // From the middle of a larger array, behind other bytes.
    double[] values = new double[column.length + 5];
    Arrays.fill(values, 99);
    System.arraycopy(column, 0, values, 3, column.length);
    byte[] out = new byte[encoder.maxBytes(column.length) + 7];
    int end = encodeInto(encoder, values, 3, column.length, out, 7);
    return Arrays.copyOfRange(out, 7, end);
  }

  int encodeInto(FloatBlockEncoder encoder, double[] values, int from, int n, byte[] out, int at) {
    return encoder.encode(values, from, n, out, at);
  }

  @Override
  double[] decode(byte[] in, int offset, int length, int n) {
    double[] out = new double[n + 4];
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
  Map<String, double[]> columns(int n, SplittableRandom random) {
    return Shapes.floats(n, random);
  }

  @Override
  int size(double[] column) {
    return column.length;
  }

  @Override
  boolean same(double[] a, double[] b) {
    if (a.length != b.length) {
      return false;
    }
    for (int i = 0; i < a.length; i++) {
      if (Double.doubleToRawLongBits(a[i]) != Double.doubleToRawLongBits(b[i])) {
        return false;
      }
    }
    return true;
  }

  @Override
  String source() {
    return "value block";
  }
}
