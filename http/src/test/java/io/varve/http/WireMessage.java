package io.varve.http;

import io.varve.engine.format.ByteWriter;
import io.varve.engine.model.Labels;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.xerial.snappy.Snappy;

/** Builds a protobuf message field by field, right or wrong. */
final class WireMessage {
  private final ByteWriter out = new ByteWriter(64);

  /** An integer or enum. */
  WireMessage varint(int field, long value) {
    out.varint((long) field << 3);
    out.varint(value);
    return this;
  }

  /** A sint32 or sint64. */
  WireMessage zigzag(int field, long value) {
    out.varint((long) field << 3);
    out.zigzag(value);
    return this;
  }

  /** A double, bit for bit. */
  WireMessage bits(int field, double value) {
    out.varint((long) field << 3 | 1);
    out.bits(value);
    return this;
  }

  WireMessage text(int field, String text) {
    out.varint((long) field << 3 | 2);
    out.string(text);
    return this;
  }

  WireMessage nested(int field, WireMessage inner) {
    out.varint((long) field << 3 | 2);
    out.varint(inner.out.size());
    out.bytes(inner.out.toByteArray());
    return this;
  }

  /** Packed unsigned integers. */
  WireMessage packed(int field, long... values) {
    WireMessage inner = new WireMessage();
    for (long value : values) {
      inner.out.varint(value);
    }
    return nested(field, inner);
  }

  /** Packed sint64. */
  WireMessage packedZigzag(int field, long... values) {
    WireMessage inner = new WireMessage();
    for (long value : values) {
      inner.out.zigzag(value);
    }
    return nested(field, inner);
  }

  /** Packed doubles. */
  WireMessage packedBits(int field, double... values) {
    WireMessage inner = new WireMessage();
    for (double value : values) {
      inner.out.bits(value);
    }
    return nested(field, inner);
  }

  byte[] toByteArray() {
    return out.toByteArray();
  }

  byte[] compressed() throws IOException {
    return Snappy.compress(toByteArray());
  }

  // Messages of remote write 2.0

  /** A sample. */
  static WireMessage sample(long time, double value) {
    return new WireMessage().bits(1, value).varint(2, time);
  }

  /** An exemplar of label references. */
  static WireMessage exemplar(long time, double value, long... refs) {
    return new WireMessage().packed(1, refs).bits(2, value).varint(3, time);
  }

  /** Metadata of references. */
  static WireMessage metadata(int type, long help, long unit) {
    return new WireMessage().varint(1, type).varint(3, help).varint(4, unit);
  }

  /** A span of buckets. */
  static WireMessage span(int offset, int length) {
    return new WireMessage().zigzag(1, offset).varint(2, length);
  }

  /** A 2.0 request: the symbols are collected as they are named. */
  static final class Request2 {
    private final List<String> symbols = new ArrayList<>(List.of(""));
    private final WireMessage series = new WireMessage();

    long ref(String text) {
      int at = symbols.indexOf(text);
      if (at >= 0) {
        return at;
      }
      symbols.add(text);
      return symbols.size() - 1L;
    }

    long[] refs(String... namesAndValues) {
      long[] refs = new long[namesAndValues.length];
      for (int i = 0; i < refs.length; i++) {
        refs[i] = ref(namesAndValues[i]);
      }
      return refs;
    }

    /** A series of references and further fields. */
    Request2 series(long[] refs, WireMessage rest) {
      series.nested(5, append(new WireMessage().packed(1, refs), rest));
      return this;
    }

    /** A series with one sample. */
    Request2 sample(long time, double value, String... labels) {
      return series(refs(labels), new WireMessage().nested(2, WireMessage.sample(time, value)));
    }

    WireMessage build() {
      WireMessage all = new WireMessage();
      for (String symbol : symbols) {
        all.text(4, symbol);
      }
      return append(all, series);
    }
  }

  private static WireMessage append(WireMessage first, WireMessage second) {
    first.out.bytes(second.out.toByteArray());
    return first;
  }

  /** A 1.0 request of one series with one sample. */
  static WireMessage request1(Labels labels, long time, double value) {
    WireMessage one = new WireMessage();
    for (int i = 0; i < labels.size(); i++) {
      one.nested(1, new WireMessage().text(1, labels.name(i)).text(2, labels.value(i)));
    }
    return new WireMessage().nested(1, one.nested(2, sample(time, value)));
  }
}
