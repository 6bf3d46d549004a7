package io.varve.ingest.otlp;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.varve.ingest.protobuf.ProtoReader;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Estimates what a request takes in memory once it is parsed, before it is: two bytes on the wire
 * can be an object of a hundred. It walks the bytes by the shape of the message and allocates
 * nothing. Not thread-safe; reused.
 */
final class MessageCensus {
  /** Messages within messages; the parser itself stops there. */
  static final int MOST_DEPTH = 100;

  private static final int OBJECT_BYTES = 32; // header, slot in its list
  private static final int FIELD_BYTES = 8;
  private static final int TEXT_BYTES = 56;

  private static final Shape REQUEST =
      shape(ExportMetricsServiceRequest.getDescriptor(), new HashMap<>());

  private final ProtoReader in = new ProtoReader("ExportMetricsServiceRequest");
  private long bytes;

  /** The submessages of a message by field number, and what an object of it takes. */
  private static final class Shape {
    private @Nullable Shape[] messages = new Shape[0];
    private byte[] factors = new byte[0]; // bytes in memory per byte on the wire
    private int size;

    @Nullable Shape message(int field) {
      return field < messages.length ? messages[field] : null;
    }

    int factor(int field) {
      return field < factors.length ? factors[field] : 0;
    }
  }

  private static Shape shape(Descriptor descriptor, Map<Descriptor, Shape> known) {
    Shape before = known.get(descriptor);
    if (before != null) {
      return before;
    }
    Shape shape = new Shape();
    known.put(descriptor, shape);
    int last = 0;
    for (FieldDescriptor field : descriptor.getFields()) {
      last = Math.max(last, field.getNumber());
    }
    shape.messages = new Shape[last + 1];
    shape.factors = new byte[last + 1];
    shape.size = OBJECT_BYTES + FIELD_BYTES * descriptor.getFields().size();
    for (FieldDescriptor field : descriptor.getFields()) {
      if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
        shape.messages[field.getNumber()] = shape(field.getMessageType(), known);
      } else {
        // Small numbers in a list take a byte each, text is kept as bytes and as a string.
        shape.factors[field.getNumber()] = (byte) (field.isPackable() ? Long.BYTES : 2);
      }
    }
    return shape;
  }

  /**
   * The estimate for the message {@code [0, length)} of an array, in bytes.
   *
   * @throws io.varve.engine.format.CorruptDataException if it is not protobuf
   * @throws OtlpFormatException if it is nested too deeply
   */
  long estimate(byte[] message, int length) {
    bytes = 0;
    in.on(message, 0, length);
    walk(REQUEST, 0);
    return bytes;
  }

  private void walk(Shape shape, int depth) {
    if (depth > MOST_DEPTH) {
      throw tooDeep();
    }
    bytes += shape.size;
    while (!in.atEnd()) {
      int tag = in.tag();
      if ((tag & 7) != ProtoReader.LENGTH_DELIMITED) {
        in.skip(tag);
        continue;
      }
      Shape inner = shape.message(tag >>> 3);
      int outer = in.enter();
      if (inner == null) {
        int length = in.limit() - in.at();
        bytes += TEXT_BYTES + (long) shape.factor(tag >>> 3) * length;
        in.pass(length);
      } else {
        walk(inner, depth + 1);
      }
      in.leave(outer);
    }
  }

  static OtlpFormatException tooDeep() {
    return new OtlpFormatException("the request is nested too deeply");
  }
}
