package io.varve.bench.workload;

import io.varve.engine.format.ByteWriter;

/**
 * A remote write request in the making: series with one sample each, as a sender's queue fills it.
 * Not thread-safe; the next request begins when one is taken.
 */
sealed interface MessageEncoder permits MessageV1, MessageV2 {
  /** Adds a sample of a recorded series of a host. */
  void add(int series, int host, long time, double value);

  /** Samples of the request so far. */
  int samples();

  /** Replaces what {@code into} holds by the message, and begins the next one. */
  void take(ByteWriter into);

  /**
   * Writes a {@code Sample}, which is the same in both versions; +0 is the default, not written.
   */
  static void sample(ByteWriter out, long time, double value) {
    long bits = Double.doubleToRawLongBits(value);
    out.u8(0x12);
    out.varint(sampleBytes(time, bits));
    if (bits != 0) {
      out.u8(0x09);
      out.fixed64(bits);
    }
    out.u8(0x10);
    out.varint(time);
  }

  /** The length of what {@link #sample} writes, tag and length included: always one byte each. */
  static int sampleFieldBytes(long time, double value) {
    return 2 + sampleBytes(time, Double.doubleToRawLongBits(value));
  }

  private static int sampleBytes(long time, long bits) {
    return (bits == 0 ? 0 : 9) + 1 + varintBytes(time);
  }

  /** Bytes of a varint. */
  static int varintBytes(long v) {
    return (70 - Long.numberOfLeadingZeros(v | 1)) / 7;
  }
}
