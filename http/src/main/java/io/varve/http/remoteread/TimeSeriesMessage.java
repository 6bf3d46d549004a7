package io.varve.http.remoteread;

import io.varve.engine.format.ByteWriter;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.engine.model.SampleColumns;

/**
 * Writes {@code prometheus.TimeSeries}, the message that remote read answers with and remote write
 * 1.0 sends. Reuses its buffers; not thread-safe.
 */
public final class TimeSeriesMessage {
  private final ByteWriter series = new ByteWriter(1 << 12);
  private final ByteWriter part = new ByteWriter(256);

  /** Nothing yet. */
  public TimeSeriesMessage() {}

  /** Appends the rows {@code [from, to)} of a series to a message, as its field 1. */
  public void append(Labels labels, SampleColumns rows, int from, int to, ByteWriter into) {
    series.reset();
    labels.writeCanonical(series); // which is the field 1 of a series, for each label
    for (int row = from; row < to; row++) {
      part.reset();
      Histogram histogram = rows.histogram(row);
      if (histogram == null) {
        part.u8(0x09);
        part.bits(rows.values[row]);
        part.u8(0x10);
        part.varint(rows.times[row]);
        nested(series, 0x12, part);
      } else {
        histogram(histogram, rows.times[row], part);
        nested(series, 0x22, part);
      }
    }
    nested(into, 0x0A, series);
  }

  /** Bytes held. */
  int heldBytes() {
    return series.array().length;
  }

  static void nested(ByteWriter into, int tag, ByteWriter inner) {
    into.u8(tag);
    into.varint(inner.size());
    into.bytes(inner.array(), 0, inner.size());
  }

  /** A {@code prometheus.Histogram}. */
  private static void histogram(Histogram h, long time, ByteWriter into) {
    if (h.floatCounts()) {
      into.u8(2 << 3 | 1);
      into.fixed64(h.countBits());
    } else {
      into.u8(1 << 3);
      into.varint(h.countBits());
    }
    into.u8(3 << 3 | 1);
    into.bits(h.sum());
    into.u8(4 << 3);
    into.zigzag(h.schema());
    into.u8(5 << 3 | 1);
    into.bits(h.zeroThreshold());
    if (h.floatCounts()) {
      into.u8(7 << 3 | 1);
      into.fixed64(h.zeroCountBits());
    } else {
      into.u8(6 << 3);
      into.varint(h.zeroCountBits());
    }
    spans(into, 8, h.negativeSpans());
    deltas(into, 9, h.negativeDeltas());
    doubles(into, 10, h.negativeCounts());
    spans(into, 11, h.positiveSpans());
    deltas(into, 12, h.positiveDeltas());
    doubles(into, 13, h.positiveCounts());
    into.u8(14 << 3);
    into.varint(h.resetHint());
    into.u8(15 << 3);
    into.varint(time);
    doubles(into, 16, h.customValues());
  }

  private static void spans(ByteWriter into, int field, int[] spans) {
    ByteWriter span = new ByteWriter(16);
    for (int i = 0; i < spans.length; i += 2) {
      span.reset();
      span.u8(1 << 3);
      span.zigzag(spans[i]);
      span.u8(2 << 3);
      span.varint(Integer.toUnsignedLong(spans[i + 1]));
      nested(into, field << 3 | 2, span);
    }
  }

  private static void deltas(ByteWriter into, int field, long[] values) {
    if (values.length > 0) {
      ByteWriter packed = new ByteWriter(2 * values.length);
      for (long value : values) {
        packed.zigzag(value);
      }
      nested(into, field << 3 | 2, packed);
    }
  }

  private static void doubles(ByteWriter into, int field, double[] values) {
    if (values.length > 0) {
      into.varint(field << 3 | 2);
      into.varint(8L * values.length);
      for (double value : values) {
        into.bits(value);
      }
    }
  }
}
