package io.varve.ingest;

import com.google.protobuf.CodedOutputStream;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.function.Consumer;
import org.xerial.snappy.Snappy;

/**
 * Writes remote write messages field by field with protobuf's own output stream, independent of the
 * code under test. Messages are built inside out: a field takes the bytes of its submessage.
 */
public final class Proto {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  private interface Writer {
    void to(CodedOutputStream out) throws IOException;
  }

  private Proto write(Writer writer) {
    try {
      CodedOutputStream out = CodedOutputStream.newInstance(bytes, 64);
      writer.to(out);
      out.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return this;
  }

  /** A message from what {@code fields} writes. */
  public static Proto message(Consumer<Proto> fields) {
    Proto message = new Proto();
    fields.accept(message);
    return message;
  }

  /** A submessage. */
  public Proto field(int number, Proto message) {
    return bytes(number, message.toByteArray());
  }

  /** A string or bytes field. */
  public Proto bytes(int number, byte[] value) {
    return write(out -> out.writeByteArray(number, value));
  }

  /** A string field. */
  public Proto string(int number, String value) {
    return write(out -> out.writeString(number, value));
  }

  /** A double by its bits. */
  public Proto bits(int number, long bits) {
    return write(out -> out.writeFixed64(number, bits));
  }

  /** An int64, uint64 or enum. */
  public Proto varint(int number, long value) {
    return write(out -> out.writeUInt64(number, value));
  }

  /** A sint64 or sint32. */
  public Proto zigzag(int number, long value) {
    return write(out -> out.writeSInt64(number, value));
  }

  /** A float, which no message of remote write has. */
  public Proto fixed32(int number, int value) {
    return write(out -> out.writeFixed32(number, value));
  }

  /** An obsolete group with one field in it. */
  public Proto group(int number) {
    return write(
        out -> {
          out.writeTag(number, 3);
          out.writeUInt64(1, 5);
          out.writeTag(number, 4);
        });
  }

  /** Bytes as they are. */
  public Proto raw(byte... value) {
    bytes.writeBytes(value);
    return this;
  }

  /** Packed uint32 or uint64. */
  public Proto packedVarints(int number, long... values) {
    Proto packed = new Proto();
    packed.write(
        out -> {
          for (long v : values) {
            out.writeUInt64NoTag(v);
          }
        });
    return field(number, packed);
  }

  /** Packed sint64. */
  public Proto packedZigzag(int number, long... values) {
    Proto packed = new Proto();
    packed.write(
        out -> {
          for (long v : values) {
            out.writeSInt64NoTag(v);
          }
        });
    return field(number, packed);
  }

  /** Packed doubles. */
  public Proto packedDoubles(int number, double... values) {
    Proto packed = new Proto();
    packed.write(
        out -> {
          for (double v : values) {
            out.writeFixed64NoTag(Double.doubleToRawLongBits(v));
          }
        });
    return field(number, packed);
  }

  /** The bytes. */
  public byte[] toByteArray() {
    return bytes.toByteArray();
  }

  /** The bytes as a snappy block. */
  public byte[] snappy() {
    try {
      return Snappy.compress(toByteArray());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  // The messages of remote write 1.0.

  /** A {@code Label}. */
  public static Proto label(String name, String value) {
    return message(m -> m.string(1, name).string(2, value));
  }

  /** A {@code Sample}, fields that are 0 left out as proto3 does. */
  public static Proto sample(long time, long bits) {
    return message(
        m -> {
          if (bits != 0) {
            m.bits(1, bits);
          }
          if (time != 0) {
            m.varint(2, time);
          }
        });
  }

  /** A {@code TimeSeries} without data, labels in canonical order. */
  public static Proto series(Labels labels) {
    return message(
        m -> {
          for (int i = 0; i < labels.size(); i++) {
            m.field(1, label(labels.name(i), labels.value(i)));
          }
        });
  }

  /** A {@code TimeSeries} with one sample. */
  public static Proto series(Labels labels, long time, double value) {
    return series(labels).field(2, sample(time, Double.doubleToRawLongBits(value)));
  }

  /** A {@code WriteRequest} of series. */
  public static Proto request(Proto... series) {
    return message(
        m -> {
          for (Proto s : series) {
            m.field(1, s);
          }
        });
  }

  /** A {@code Histogram}. */
  public static Proto histogram(long time, Histogram h, boolean packed) {
    return message(
        m -> {
          if (h.floatCounts()) {
            m.bits(2, h.countBits());
            m.bits(7, h.zeroCountBits());
          } else {
            m.varint(1, h.countBits());
            m.varint(6, h.zeroCountBits());
          }
          m.bits(3, Double.doubleToRawLongBits(h.sum()));
          m.zigzag(4, h.schema());
          m.bits(5, Double.doubleToRawLongBits(h.zeroThreshold()));
          spans(m, 8, h.negativeSpans());
          zigzags(m, 9, h.negativeDeltas(), packed);
          doubles(m, 10, h.negativeCounts(), packed);
          spans(m, 11, h.positiveSpans());
          zigzags(m, 12, h.positiveDeltas(), packed);
          doubles(m, 13, h.positiveCounts(), packed);
          m.varint(14, h.resetHint());
          m.varint(15, time);
          doubles(m, 16, h.customValues(), packed);
        });
  }

  private static void spans(Proto m, int number, int[] spans) {
    for (int i = 0; i < spans.length; i += 2) {
      int offset = spans[i];
      int length = spans[i + 1];
      m.field(number, message(s -> s.zigzag(1, offset).varint(2, Integer.toUnsignedLong(length))));
    }
  }

  private static void zigzags(Proto m, int number, long[] values, boolean packed) {
    if (packed && values.length > 0) {
      m.packedZigzag(number, values);
    } else {
      for (long v : values) {
        m.zigzag(number, v);
      }
    }
  }

  private static void doubles(Proto m, int number, double[] values, boolean packed) {
    if (packed && values.length > 0) {
      m.packedDoubles(number, values);
    } else {
      for (double v : values) {
        m.bits(number, Double.doubleToRawLongBits(v));
      }
    }
  }
}
