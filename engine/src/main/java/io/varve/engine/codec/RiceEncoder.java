package io.varve.engine.codec;

/**
 * Writes unsigned values as Rice codes: low bits packed, the rest in unary behind them, so that a
 * reader finds quotients by counting zeros and need not wait for one value to find the next. They
 * need no table, which makes them the code of short streams.
 */
final class RiceEncoder {
  /** Longest remainder. */
  static final int MOST_BITS = 32;

  private final BitWriter writer = new BitWriter();
  private int bits;

  /** Finds the best remainder, which is kept, and returns the bytes. */
  int plan(long[] u, int count) {
    long sum = 0;
    for (int i = 0; i < count; i++) {
      sum += Math.min(u[i] >>> 1, 1L << 40);
    }
    // The best remainder is about as long as the mean times ln 2.
    int middle = Math.max(1, Codecs.bitLength((sum / count) * 11 / 8) - 1);
    long best = Long.MAX_VALUE;
    for (int k = middle - 1; k <= Math.min(MOST_BITS, middle + 1); k++) {
      long ones = 0;
      for (int i = 0; i < count; i++) {
        ones += Math.min(u[i] >>> k & Long.MAX_VALUE, 1L << 32);
      }
      long bytes = 1 + BitPacking.bytes(count, k) + ((ones + count + 7) >>> 3);
      if (bytes < best) {
        best = bytes;
        bits = k;
      }
    }
    return (int) Math.min(best, Integer.MAX_VALUE / 2);
  }

  /** Writes {@code u[0, count)} as planned; returns the end. */
  int write(long[] u, int count, byte[] out, int at) {
    out[at] = (byte) bits;
    int pos = BitPacking.pack(u, 0, count, bits, out, at + 1);
    writer.on(out, pos);
    for (int i = 0; i < count; i++) {
      long quotient = u[i] >>> bits;
      for (; quotient >= 32; quotient -= 32) {
        writer.put(0, 32);
      }
      writer.put(1L << quotient, (int) quotient + 1);
    }
    return writer.end();
  }
}
