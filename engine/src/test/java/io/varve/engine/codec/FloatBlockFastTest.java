package io.varve.engine.codec;

/** The contract for float blocks made with the cheap choices. */
class FloatBlockFastTest extends FloatBlockTest {
  @Override
  int encodeInto(FloatBlockEncoder encoder, double[] values, int from, int n, byte[] out, int at) {
    return encoder.encodeFast(values, from, n, out, at);
  }
}
