package io.varve.engine.codec;

/** The contract for time columns made with the cheap choices. */
class TimeColumnFastTest extends TimeColumnTest {
  @Override
  int encodeInto(TimeColumnEncoder encoder, long[] column, byte[] out, int at) {
    return encoder.encodeFast(column, 0, column.length, out, at);
  }
}
