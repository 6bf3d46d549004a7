package io.varve.engine.model;

import io.varve.engine.format.ByteReader;
import io.varve.engine.format.ByteWriter;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One native histogram sample, immutable; exponential (schema −4 … 8) or with custom buckets
 * (schema −53), integer or float counts, as remote write carries it. Arrays are owned by the
 * histogram and not to be changed.
 *
 * <p>Encoded bytes ({@link #encode}), the form in which histograms pass through batch, log and
 * head: {@code flags u8} (bit 0 float counts, bits 1-2 reset hint, bit 3 custom values present),
 * {@code schema zigzag}, {@code zeroThreshold f64}, {@code sum f64}, {@code count}, {@code
 * zeroCount} (varint, or f64 when float), then positive spans and negative spans (varint count,
 * then offset zigzag and length varint each), positive and negative buckets (varint count, then
 * zigzag deltas, or absolute f64 counts when float), and custom values (varint count, f64 each)
 * when flagged. This is version 1; whoever holds the bytes says so.
 *
 * <p>Example: schema 1, sum 4.5, 6 observations, of them 1 in the zero bucket, 3 and 2 in the
 * buckets 1 and 2:
 *
 * <pre>
 * 00  02                        flags, schema
 * 00 00 00 00 00 00 00 00       zero threshold
 * 00 00 00 00 00 00 12 40       sum
 * 06  01                        count, count of the zero bucket
 * 01  02 02  00                 one positive span (1, 2), no negative one
 * 02  06 01  00                 positive deltas 3, -1, no negative ones
 * </pre>
 *
 * @param schema resolution, −53 for custom buckets
 * @param zeroThreshold width of the zero bucket
 * @param floatCounts true if counts are absolute floats
 * @param countBits observations: the (unsigned) integer count, or the raw bits of the float count
 * @param zeroCountBits the same for the zero bucket
 * @param sum sum of observations; the stale marker's bits make the sample a stale marker
 * @param resetHint 0 unknown, 1 reset, 2 not reset, 3 gauge
 * @param positiveSpans offset, length in turn
 * @param positiveDeltas integer bucket deltas; empty if float
 * @param positiveCounts absolute float bucket counts; empty if integer
 * @param customValues upper bounds of custom buckets
 */
public record Histogram(
    int schema,
    double zeroThreshold,
    boolean floatCounts,
    long countBits,
    long zeroCountBits,
    double sum,
    int resetHint,
    int[] positiveSpans,
    int[] negativeSpans,
    long[] positiveDeltas,
    long[] negativeDeltas,
    double[] positiveCounts,
    double[] negativeCounts,
    double[] customValues) {

  /** Schema of histograms with custom buckets. */
  public static final int CUSTOM_BUCKETS_SCHEMA = -53;

  private static final int MOST_SPANS = 1 << 16;
  private static final int MOST_BUCKETS = 1 << 20;

  /** Observations as a double. */
  public double count() {
    return floatCounts ? Double.longBitsToDouble(countBits) : unsignedToDouble(countBits);
  }

  /** Observations in the zero bucket as a double. */
  public double zeroCount() {
    return floatCounts ? Double.longBitsToDouble(zeroCountBits) : unsignedToDouble(zeroCountBits);
  }

  private static double unsignedToDouble(long bits) {
    return bits >= 0 ? (double) bits : ((double) ((bits >>> 1) | (bits & 1))) * 2.0;
  }

  /** True if this sample says that the series ended. */
  public boolean isStale() {
    return StaleMarker.is(sum);
  }

  /** Appends the encoded bytes. */
  public void encode(ByteWriter out) {
    out.u8((floatCounts ? 1 : 0) | resetHint << 1 | (customValues.length > 0 ? 8 : 0));
    out.zigzag(schema);
    out.bits(zeroThreshold);
    out.bits(sum);
    if (floatCounts) {
      out.fixed64(countBits);
      out.fixed64(zeroCountBits);
    } else {
      out.varint(countBits);
      out.varint(zeroCountBits);
    }
    spans(out, positiveSpans);
    spans(out, negativeSpans);
    if (floatCounts) {
      doubles(out, positiveCounts);
      doubles(out, negativeCounts);
    } else {
      deltas(out, positiveDeltas);
      deltas(out, negativeDeltas);
    }
    if (customValues.length > 0) {
      doubles(out, customValues);
    }
  }

  private static void spans(ByteWriter out, int[] spans) {
    out.varint(spans.length / 2);
    for (int i = 0; i < spans.length; i += 2) {
      out.zigzag(spans[i]);
      out.varint(Integer.toUnsignedLong(spans[i + 1]));
    }
  }

  private static void doubles(ByteWriter out, double[] values) {
    out.varint(values.length);
    for (double v : values) {
      out.bits(v);
    }
  }

  private static void deltas(ByteWriter out, long[] values) {
    out.varint(values.length);
    for (long v : values) {
      out.zigzag(v);
    }
  }

  /** Decodes what {@link #encode} wrote; reads exactly those bytes. */
  public static Histogram decode(ByteReader in) {
    int flags = in.u8();
    if (flags > 15) {
      throw in.corrupt("unknown histogram flags " + flags);
    }
    boolean floats = (flags & 1) != 0;
    int schema = (int) in.zigzag();
    double zeroThreshold = in.bits();
    double sum = in.bits();
    long count = floats ? in.fixed64() : in.varint();
    long zeroCount = floats ? in.fixed64() : in.varint();
    int[] positiveSpans = readSpans(in);
    int[] negativeSpans = readSpans(in);
    long[] noDeltas = new long[0];
    double[] noDoubles = new double[0];
    long[] positiveDeltas = floats ? noDeltas : readDeltas(in);
    long[] negativeDeltas = floats ? noDeltas : readDeltas(in);
    double[] positiveCounts = floats ? readDoubles(in) : noDoubles;
    double[] negativeCounts = floats ? readDoubles(in) : noDoubles;
    double[] custom = (flags & 8) != 0 ? readDoubles(in) : noDoubles;
    return new Histogram(
        schema,
        zeroThreshold,
        floats,
        count,
        zeroCount,
        sum,
        flags >> 1 & 3,
        positiveSpans,
        negativeSpans,
        positiveDeltas,
        negativeDeltas,
        positiveCounts,
        negativeCounts,
        custom);
  }

  private static int[] readSpans(ByteReader in) {
    int n = in.count(Math.min(MOST_SPANS, in.remaining()));
    int[] spans = new int[2 * n];
    for (int i = 0; i < spans.length; i += 2) {
      spans[i] = (int) in.zigzag();
      spans[i + 1] = (int) in.varint();
    }
    return spans;
  }

  private static long[] readDeltas(ByteReader in) {
    long[] values = new long[in.count(Math.min(MOST_BUCKETS, in.remaining()))];
    for (int i = 0; i < values.length; i++) {
      values[i] = in.zigzag();
    }
    return values;
  }

  private static double[] readDoubles(ByteReader in) {
    double[] values = new double[in.count(Math.min(MOST_BUCKETS, in.remaining() / 8))];
    for (int i = 0; i < values.length; i++) {
      values[i] = in.bits();
    }
    return values;
  }

  /** Bit for bit equality, NaN payloads included. */
  @Override
  public boolean equals(@Nullable Object other) {
    if (!(other instanceof Histogram that)) {
      return false;
    }
    ByteWriter a = new ByteWriter(128);
    ByteWriter b = new ByteWriter(128);
    encode(a);
    that.encode(b);
    return Arrays.equals(a.array(), 0, a.size(), b.array(), 0, b.size());
  }

  @Override
  public int hashCode() {
    ByteWriter out = new ByteWriter(128);
    encode(out);
    return Arrays.hashCode(out.toByteArray());
  }
}
