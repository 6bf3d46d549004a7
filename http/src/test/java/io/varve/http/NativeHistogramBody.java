package io.varve.http;

import io.varve.engine.format.ByteWriter;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.xerial.snappy.Snappy;

/** Builds the body of a remote write request with native histograms, in version 1.0 or 2.0. */
final class NativeHistogramBody {
  private record Sample(long time, double value, @Nullable Histogram histogram) {}

  private final Map<Labels, List<Sample>> series = new LinkedHashMap<>();

  NativeHistogramBody histogram(long time, Histogram histogram, String... labels) {
    series
        .computeIfAbsent(Labels.of(labels), l -> new ArrayList<>())
        .add(new Sample(time, 0, histogram));
    return this;
  }

  NativeHistogramBody sample(long time, double value, String... labels) {
    series
        .computeIfAbsent(Labels.of(labels), l -> new ArrayList<>())
        .add(new Sample(time, value, null));
    return this;
  }

  byte[] version1() throws IOException {
    ByteWriter out = new ByteWriter(1024);
    series.forEach(
        (labels, samples) -> {
          ByteWriter one = new ByteWriter(256);
          labels.writeCanonical(one);
          samples(one, samples, 4);
          nested(out, 1, one);
        });
    return Snappy.compress(out.toByteArray());
  }

  byte[] version2() throws IOException {
    List<String> symbols = new ArrayList<>(List.of(""));
    ByteWriter all = new ByteWriter(1024);
    series.forEach(
        (labels, samples) -> {
          ByteWriter references = new ByteWriter(64);
          for (int i = 0; i < labels.size(); i++) {
            references.varint(symbol(symbols, labels.name(i)));
            references.varint(symbol(symbols, labels.value(i)));
          }
          ByteWriter one = new ByteWriter(256);
          nested(one, 1, references);
          samples(one, samples, 3);
          nested(all, 5, one);
        });
    ByteWriter out = new ByteWriter(1024);
    for (String symbol : symbols) {
      ByteWriter bytes = new ByteWriter(64);
      bytes.bytes(symbol.getBytes(StandardCharsets.UTF_8));
      nested(out, 4, bytes);
    }
    out.bytes(all.toByteArray());
    return Snappy.compress(out.toByteArray());
  }

  private static int symbol(List<String> symbols, String text) {
    int known = symbols.indexOf(text);
    if (known >= 0) {
      return known;
    }
    symbols.add(text);
    return symbols.size() - 1;
  }

  private static void samples(ByteWriter out, List<Sample> samples, int histogramField) {
    for (Sample s : samples) {
      ByteWriter one = new ByteWriter(64);
      Histogram histogram = s.histogram;
      if (histogram == null) {
        bits(one, 1, s.value);
        varint(one, 2, s.time);
        nested(out, 2, one);
      } else {
        histogram(one, s.time, histogram);
        nested(out, histogramField, one);
      }
    }
  }

  private static void histogram(ByteWriter out, long time, Histogram h) {
    if (h.floatCounts()) {
      bits(out, 2, Double.longBitsToDouble(h.countBits()));
      bits(out, 7, Double.longBitsToDouble(h.zeroCountBits()));
    } else {
      varint(out, 1, h.countBits());
      varint(out, 6, h.zeroCountBits());
    }
    bits(out, 3, h.sum());
    out.varint(4 << 3);
    out.zigzag(h.schema());
    bits(out, 5, h.zeroThreshold());
    spans(out, 8, h.negativeSpans());
    deltas(out, 9, h.negativeDeltas());
    doubles(out, 10, h.negativeCounts());
    spans(out, 11, h.positiveSpans());
    deltas(out, 12, h.positiveDeltas());
    doubles(out, 13, h.positiveCounts());
    varint(out, 14, h.resetHint());
    varint(out, 15, time);
    doubles(out, 16, h.customValues());
  }

  private static void spans(ByteWriter out, int field, int[] spans) {
    for (int i = 0; i < spans.length; i += 2) {
      ByteWriter span = new ByteWriter(16);
      span.varint(1 << 3);
      span.zigzag(spans[i]);
      varint(span, 2, spans[i + 1]);
      nested(out, field, span);
    }
  }

  private static void deltas(ByteWriter out, int field, long[] values) {
    ByteWriter packed = new ByteWriter(64);
    for (long v : values) {
      packed.zigzag(v);
    }
    nested(out, field, packed);
  }

  private static void doubles(ByteWriter out, int field, double[] values) {
    ByteWriter packed = new ByteWriter(64);
    for (double v : values) {
      packed.bits(v);
    }
    nested(out, field, packed);
  }

  private static void bits(ByteWriter out, int field, double value) {
    out.varint(field << 3 | 1);
    out.bits(value);
  }

  private static void varint(ByteWriter out, int field, long value) {
    out.varint(field << 3);
    out.varint(value);
  }

  private static void nested(ByteWriter out, int field, ByteWriter inner) {
    out.varint(field << 3 | 2);
    out.varint(inner.size());
    out.bytes(inner.toByteArray());
  }
}
