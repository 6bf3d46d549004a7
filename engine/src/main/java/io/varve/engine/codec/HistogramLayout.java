package io.varve.engine.codec;

import io.varve.engine.format.ByteReader;
import io.varve.engine.format.ByteWriter;
import io.varve.engine.model.Histogram;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What histograms must have in common to share columns: resolution, zero bucket, spans, custom
 * bounds and kind of counts. All but the numbers that change from sample to sample.
 */
record HistogramLayout(
    boolean floatCounts,
    int schema,
    long zeroThresholdBits,
    int[] positiveSpans,
    int[] negativeSpans,
    int positiveBuckets,
    int negativeBuckets,
    double[] customValues) {

  static HistogramLayout of(Histogram h) {
    return new HistogramLayout(
        h.floatCounts(),
        h.schema(),
        Double.doubleToRawLongBits(h.zeroThreshold()),
        h.positiveSpans(),
        h.negativeSpans(),
        h.floatCounts() ? h.positiveCounts().length : h.positiveDeltas().length,
        h.floatCounts() ? h.negativeCounts().length : h.negativeDeltas().length,
        h.customValues());
  }

  /** True if the histogram has this layout; makes no object. */
  boolean fits(Histogram h) {
    return floatCounts == h.floatCounts()
        && schema == h.schema()
        && zeroThresholdBits == Double.doubleToRawLongBits(h.zeroThreshold())
        && positiveBuckets == (floatCounts ? h.positiveCounts().length : h.positiveDeltas().length)
        && negativeBuckets == (floatCounts ? h.negativeCounts().length : h.negativeDeltas().length)
        && Arrays.equals(positiveSpans, h.positiveSpans())
        && Arrays.equals(negativeSpans, h.negativeSpans())
        && sameBits(customValues, h.customValues());
  }

  int buckets() {
    return positiveBuckets + negativeBuckets;
  }

  /** Bucket counts in a sample. */
  static int buckets(Histogram h) {
    return h.floatCounts()
        ? h.positiveCounts().length + h.negativeCounts().length
        : h.positiveDeltas().length + h.negativeDeltas().length;
  }

  void write(ByteWriter out) {
    out.u8((floatCounts ? 1 : 0) | (customValues.length > 0 ? 2 : 0));
    out.zigzag(schema);
    out.fixed64(zeroThresholdBits);
    writeSpans(out, positiveSpans);
    writeSpans(out, negativeSpans);
    out.varint(positiveBuckets);
    out.varint(negativeBuckets);
    if (customValues.length > 0) {
      out.varint(customValues.length);
      for (double v : customValues) {
        out.bits(v);
      }
    }
  }

  static HistogramLayout read(ByteReader in) {
    int flags = in.u8();
    if (flags > 3) {
      throw in.corrupt("unknown layout flags " + flags);
    }
    long schema = in.zigzag();
    if (schema != (int) schema) {
      throw in.corrupt("schema " + schema);
    }
    long zeroThresholdBits = in.fixed64();
    int[] positiveSpans = readSpans(in);
    int[] negativeSpans = readSpans(in);
    // Each bucket is a column of at least one byte.
    int positiveBuckets = in.count(in.remaining());
    int negativeBuckets = in.count(in.remaining() - positiveBuckets);
    double[] customValues = new double[(flags & 2) != 0 ? in.count(in.remaining() / 8) : 0];
    for (int i = 0; i < customValues.length; i++) {
      customValues[i] = in.bits();
    }
    return new HistogramLayout(
        (flags & 1) != 0,
        (int) schema,
        zeroThresholdBits,
        positiveSpans,
        negativeSpans,
        positiveBuckets,
        negativeBuckets,
        customValues);
  }

  private static void writeSpans(ByteWriter out, int[] spans) {
    // Offset and length in turn; an odd count would be no span, but comes back all the same.
    out.varint(spans.length);
    for (int v : spans) {
      out.zigzag(v);
    }
  }

  private static int[] readSpans(ByteReader in) {
    int[] spans = new int[in.count(in.remaining())];
    for (int i = 0; i < spans.length; i++) {
      long v = in.zigzag();
      if (v != (int) v) {
        throw in.corrupt("span " + v);
      }
      spans[i] = (int) v;
    }
    return spans;
  }

  private static boolean sameBits(double[] a, double[] b) {
    if (a.length != b.length) {
      return false;
    }
    for (int i = 0; i < a.length; i++) {
      if (Double.doubleToRawLongBits(a[i]) != Double.doubleToRawLongBits(b[i])) {
        return false;
      }
    }
    return true;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof HistogramLayout that
        && floatCounts == that.floatCounts
        && schema == that.schema
        && zeroThresholdBits == that.zeroThresholdBits
        && positiveBuckets == that.positiveBuckets
        && negativeBuckets == that.negativeBuckets
        && Arrays.equals(positiveSpans, that.positiveSpans)
        && Arrays.equals(negativeSpans, that.negativeSpans)
        && sameBits(customValues, that.customValues);
  }

  @Override
  public int hashCode() {
    int hash = schema + (floatCounts ? 31 : 0) + Long.hashCode(zeroThresholdBits);
    hash = 31 * hash + Arrays.hashCode(positiveSpans);
    hash = 31 * hash + Arrays.hashCode(negativeSpans);
    hash = 31 * hash + positiveBuckets;
    hash = 31 * hash + negativeBuckets;
    for (double v : customValues) {
      hash = 31 * hash + Long.hashCode(Double.doubleToRawLongBits(v));
    }
    return hash;
  }
}
