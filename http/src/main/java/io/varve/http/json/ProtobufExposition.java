package io.varve.http.json;

import io.varve.engine.format.ByteWriter;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import java.io.IOException;
import java.io.OutputStream;

/**
 * Writes samples as {@code io.prometheus.client.MetricFamily} messages, each after its length.
 * Histograms with exponential buckets stay native, such with custom buckets become classic ones.
 */
final class ProtobufExposition implements FamilyWriter {
  private static final int UNTYPED = 3;
  private static final int HISTOGRAM = 4;
  private static final int GAUGE_HISTOGRAM = 5;

  // Fields of Metric.
  private static final int LABEL = 1;
  private static final int UNTYPED_VALUE = 5;
  private static final int TIMESTAMP = 6;
  private static final int HISTOGRAM_VALUE = 7;

  private static final int FLUSH_BYTES = 1 << 16;

  private final OutputStream out;
  private final Names names;
  private final ByteWriter metrics = new ByteWriter(4_096);
  private String family = "";
  private int familyType;

  ProtobufExposition(OutputStream out, Names names) {
    this.out = out;
    this.names = names;
  }

  @Override
  public void sample(Row row, double value, long timeMillis) throws IOException {
    ByteWriter untyped = new ByteWriter(16);
    bits(untyped, 1, value);
    metric(row, UNTYPED, UNTYPED_VALUE, untyped, timeMillis);
  }

  @Override
  public void histogram(Row row, Histogram histogram, long timeMillis) throws IOException {
    ByteWriter body = new ByteWriter(256);
    boolean floats = histogram.floatCounts();
    if (floats) {
      bits(body, 4, histogram.count());
    } else {
      number(body, 1, histogram.countBits());
    }
    bits(body, 2, histogram.sum());
    if (histogram.schema() == Histogram.CUSTOM_BUCKETS_SCHEMA) {
      ClassicBuckets buckets = ClassicBuckets.of(histogram);
      for (int i = 0; i < buckets.bounds().length; i++) {
        ByteWriter bucket = new ByteWriter(32);
        if (floats) {
          bits(bucket, 4, buckets.cumulative()[i]);
        } else {
          number(bucket, 1, (long) buckets.cumulative()[i]);
        }
        bits(bucket, 2, buckets.bounds()[i]);
        nested(body, 3, bucket);
      }
    } else {
      exponential(body, histogram);
    }
    int type = histogram.resetHint() == 3 ? GAUGE_HISTOGRAM : HISTOGRAM;
    metric(row, type, HISTOGRAM_VALUE, body, timeMillis);
  }

  private static void exponential(ByteWriter body, Histogram histogram) {
    zigzag(body, 5, histogram.schema());
    bits(body, 6, histogram.zeroThreshold());
    if (histogram.floatCounts()) {
      bits(body, 8, histogram.zeroCount());
    } else {
      number(body, 7, histogram.zeroCountBits());
    }
    spans(body, 9, histogram.negativeSpans());
    for (long delta : histogram.negativeDeltas()) {
      zigzag(body, 10, delta);
    }
    for (double count : histogram.negativeCounts()) {
      bits(body, 11, count);
    }
    spans(body, 12, histogram.positiveSpans());
    if (histogram.positiveSpans().length == 0 && histogram.negativeSpans().length == 0) {
      spans(body, 12, new int[] {0, 0}); // else it would be taken for a classic one
    }
    for (long delta : histogram.positiveDeltas()) {
      zigzag(body, 13, delta);
    }
    for (double count : histogram.positiveCounts()) {
      bits(body, 14, count);
    }
  }

  private static void spans(ByteWriter body, int field, int[] spans) {
    for (int i = 0; i < spans.length; i += 2) {
      ByteWriter span = new ByteWriter(16);
      zigzag(span, 1, spans[i]);
      number(span, 2, Integer.toUnsignedLong(spans[i + 1]));
      nested(body, field, span);
    }
  }

  private void metric(Row row, int type, int valueField, ByteWriter value, long timeMillis)
      throws IOException {
    String name = FamilyWriter.shown(row.labels().get(Labels.METRIC_NAME), names, true);
    if (!name.equals(family) || type != familyType || metrics.size() > FLUSH_BYTES) {
      end();
      family = name;
      familyType = type;
    }
    ByteWriter metric = new ByteWriter(256);
    for (int i = 0; i < row.labels().size(); i++) {
      if (!row.labels().name(i).equals(Labels.METRIC_NAME)) {
        label(
            metric, FamilyWriter.shown(row.labels().name(i), names, false), row.labels().value(i));
      }
    }
    if (!row.emptyLabel().isEmpty()) {
      label(metric, row.emptyLabel(), "");
    }
    nested(metric, valueField, value);
    number(metric, TIMESTAMP, timeMillis);
    nested(metrics, 4, metric);
  }

  private static void label(ByteWriter metric, String name, String value) {
    ByteWriter pair = new ByteWriter(64);
    text(pair, 1, name);
    text(pair, 2, value);
    nested(metric, LABEL, pair);
  }

  @Override
  public void end() throws IOException {
    if (metrics.size() == 0) {
      return;
    }
    ByteWriter head = new ByteWriter(64);
    text(head, 1, family);
    number(head, 3, familyType);
    ByteWriter length = new ByteWriter(8);
    length.varint((long) head.size() + metrics.size());
    out.write(length.array(), 0, length.size());
    out.write(head.array(), 0, head.size());
    out.write(metrics.array(), 0, metrics.size());
    metrics.reset();
  }

  private static void number(ByteWriter to, int field, long value) {
    to.varint((long) field << 3);
    to.varint(value);
  }

  private static void zigzag(ByteWriter to, int field, long value) {
    to.varint((long) field << 3);
    to.zigzag(value);
  }

  private static void bits(ByteWriter to, int field, double value) {
    to.varint((long) field << 3 | 1);
    to.bits(value);
  }

  private static void text(ByteWriter to, int field, String text) {
    to.varint((long) field << 3 | 2);
    to.string(text);
  }

  private static void nested(ByteWriter to, int field, ByteWriter inner) {
    to.varint((long) field << 3 | 2);
    to.varint(inner.size());
    to.bytes(inner.array(), 0, inner.size());
  }
}
