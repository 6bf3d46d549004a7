package io.varve.http;

import io.varve.engine.format.ByteWriter;
import io.varve.engine.model.Labels;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.xerial.snappy.Snappy;

/** Builds the body of a remote write 1.0 request. */
final class RemoteWriteBody {
  private final Map<Labels, TreeMap<Long, Double>> series = new LinkedHashMap<>();
  private final ByteWriter metadata = new ByteWriter(64);
  private final ByteWriter exemplars = new ByteWriter(64);

  RemoteWriteBody sample(long time, double value, String... labels) {
    series.computeIfAbsent(Labels.of(labels), l -> new TreeMap<>()).put(time, value);
    return this;
  }

  RemoteWriteBody metadata(int type, String metric, String help, String unit) {
    ByteWriter entry = new ByteWriter(64);
    entry.u8(0x08);
    entry.varint(type);
    text(entry, 0x12, metric);
    text(entry, 0x22, help);
    text(entry, 0x2A, unit);
    nested(metadata, 0x1A, entry);
    return this;
  }

  /** An exemplar of every series of the request. */
  RemoteWriteBody exemplar(long time, double value, String... labels) {
    ByteWriter entry = new ByteWriter(64);
    Labels.of(labels).writeCanonical(entry);
    entry.u8(0x11);
    entry.bits(value);
    entry.u8(0x18);
    entry.varint(time);
    nested(exemplars, 0x1A, entry);
    return this;
  }

  byte[] compressed() throws IOException {
    ByteWriter out = new ByteWriter(1024);
    series.forEach(
        (labels, samples) -> {
          ByteWriter one = new ByteWriter(256);
          labels.writeCanonical(one);
          samples.forEach(
              (time, value) -> {
                ByteWriter sample = new ByteWriter(32);
                sample.u8(0x09);
                sample.bits(value);
                sample.u8(0x10);
                sample.varint(time);
                nested(one, 0x12, sample);
              });
          one.bytes(exemplars.toByteArray());
          nested(out, 0x0A, one);
        });
    out.bytes(metadata.toByteArray());
    return Snappy.compress(out.toByteArray());
  }

  private static void nested(ByteWriter out, int tag, ByteWriter inner) {
    out.u8(tag);
    out.varint(inner.size());
    out.bytes(inner.toByteArray());
  }

  private static void text(ByteWriter out, int tag, String text) {
    ByteWriter bytes = new ByteWriter(64);
    bytes.bytes(text.getBytes(StandardCharsets.UTF_8));
    nested(out, tag, bytes);
  }
}
