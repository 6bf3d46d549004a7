package io.varve.bench.backfill;

import io.varve.engine.format.ByteWriter;
import java.io.IOException;
import org.xerial.snappy.Snappy;

/** A remote write 1.0 body in the making. One thread. */
final class Body {
  private static final int TIMESERIES = 0x0A; // field 1 of a request
  private static final int SAMPLES = 0x12; // field 2 of a series
  private static final int VALUE = 0x09;
  private static final int TIMESTAMP = 0x10;

  private final ByteWriter message = new ByteWriter(1 << 17);
  private final ByteWriter series = new ByteWriter(1 << 15);

  /** Begins a series of the message. */
  void begin(byte[] labelFields) {
    series.reset();
    series.bytes(labelFields);
  }

  /** A sample of the series that was begun; a value of 0 is not written, as in Prometheus. */
  void sample(long time, double value) {
    long bits = Double.doubleToRawLongBits(value);
    series.u8(SAMPLES);
    series.varint((bits == 0 ? 0 : 9) + 1 + varintBytes(time));
    if (bits != 0) {
      series.u8(VALUE);
      series.fixed64(bits);
    }
    series.u8(TIMESTAMP);
    series.varint(time);
  }

  void end() {
    message.u8(TIMESERIES);
    message.varint(series.size());
    message.bytes(series.array(), 0, series.size());
  }

  private static int varintBytes(long v) {
    return (70 - Long.numberOfLeadingZeros(v | 1)) / 7;
  }

  /** The compressed message; the next one begins. */
  byte[] take() throws IOException {
    byte[] bytes = Snappy.compress(message.toByteArray());
    message.reset();
    return bytes;
  }
}
