package io.varve.engine.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.GoldenBytes;
import io.varve.engine.format.ByteReader;
import io.varve.engine.format.ByteWriter;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Encoded histograms of version 1 are read, and written the same, for ever. */
final class HistogramGoldenTest {
  private static final int[] NO_SPANS = {};
  private static final long[] NO_DELTAS = {};
  private static final double[] NO_COUNTS = {};

  /** What {@code histogram/v1/samples.txt} holds. */
  static Map<String, Histogram> samples() {
    Map<String, Histogram> samples = new LinkedHashMap<>();
    samples.put(
        "integer",
        new Histogram(
            3,
            0.001,
            false,
            300,
            2,
            -12.5,
            0,
            new int[] {-2, 2, 3, 1},
            new int[] {0, 1},
            new long[] {5, -3, 100},
            new long[] {191},
            NO_COUNTS,
            NO_COUNTS,
            NO_COUNTS));
    samples.put(
        "integer, reset, counts beyond 63 bits",
        new Histogram(
            -4,
            0,
            false,
            -1L,
            Long.MIN_VALUE,
            1e300,
            1,
            new int[] {100, 1},
            NO_SPANS,
            new long[] {Long.MAX_VALUE},
            NO_DELTAS,
            NO_COUNTS,
            NO_COUNTS,
            NO_COUNTS));
    samples.put(
        "float, not reset",
        new Histogram(
            8,
            2.5e-128,
            true,
            Double.doubleToRawLongBits(7.5),
            Double.doubleToRawLongBits(0.25),
            42,
            2,
            new int[] {1, 2},
            new int[] {-7, 1, 2, 1},
            NO_DELTAS,
            NO_DELTAS,
            new double[] {0.5, 3},
            new double[] {1.25, 2.5},
            NO_COUNTS));
    samples.put(
        "float, gauge, NaN sum with a payload",
        new Histogram(
            0,
            0,
            true,
            Double.doubleToRawLongBits(-0.0),
            Double.doubleToRawLongBits(Double.POSITIVE_INFINITY),
            Double.longBitsToDouble(0x7ff8_dead_beef_0001L),
            3,
            NO_SPANS,
            NO_SPANS,
            NO_DELTAS,
            NO_DELTAS,
            NO_COUNTS,
            NO_COUNTS,
            NO_COUNTS));
    samples.put(
        "integer custom buckets",
        new Histogram(
            Histogram.CUSTOM_BUCKETS_SCHEMA,
            0,
            false,
            12,
            0,
            30.5,
            0,
            new int[] {0, 3},
            NO_SPANS,
            new long[] {4, 0, 0},
            NO_DELTAS,
            NO_COUNTS,
            NO_COUNTS,
            new double[] {0.5, 2.5}));
    samples.put(
        "float custom buckets, gauge",
        new Histogram(
            Histogram.CUSTOM_BUCKETS_SCHEMA,
            0,
            true,
            Double.doubleToRawLongBits(2.5),
            0,
            1.5,
            3,
            new int[] {1, 1},
            NO_SPANS,
            NO_DELTAS,
            NO_DELTAS,
            new double[] {2.5},
            NO_COUNTS,
            new double[] {-1, 0.1}));
    samples.put(
        "stale",
        new Histogram(
            0,
            0,
            false,
            0,
            0,
            StaleMarker.VALUE,
            0,
            NO_SPANS,
            NO_SPANS,
            NO_DELTAS,
            NO_DELTAS,
            NO_COUNTS,
            NO_COUNTS,
            NO_COUNTS));
    return samples;
  }

  static byte[] encode(Histogram histogram) {
    ByteWriter out = new ByteWriter(64);
    histogram.encode(out);
    return out.toByteArray();
  }

  private static Histogram decode(byte[] bytes) {
    ByteReader in = new ByteReader(bytes, "golden");
    Histogram histogram = Histogram.decode(in);
    assertThat(in.atEnd()).isTrue();
    return histogram;
  }

  @Test
  void theExampleOfTheClassDescription() {
    byte[] bytes =
        GoldenBytes.hex(
            """
            00 02 00 00 00 00 00 00 00 00 00 00 00 00 00 00 12 40 06 01 01 02 02 00 02 06 01 00
            """);
    Histogram histogram = decode(bytes);
    assertThat(histogram.schema()).isEqualTo(1);
    assertThat(histogram.floatCounts()).isFalse();
    assertThat(histogram.resetHint()).isZero();
    assertThat(histogram.zeroThreshold()).isZero();
    assertThat(histogram.sum()).isEqualTo(4.5);
    assertThat(histogram.count()).isEqualTo(6);
    assertThat(histogram.zeroCount()).isEqualTo(1);
    assertThat(histogram.positiveSpans()).containsExactly(1, 2);
    assertThat(histogram.positiveDeltas()).containsExactly(3, -1);
    assertThat(histogram.negativeSpans()).isEmpty();
    assertThat(histogram.customValues()).isEmpty();
    assertThat(encode(histogram)).isEqualTo(bytes);
  }

  @Test
  void samplesOfVersionOne() throws IOException {
    Map<String, byte[]> golden = GoldenBytes.lines("histogram/v1/samples.txt");
    Map<String, Histogram> samples = samples();
    assertThat(golden.keySet()).containsExactlyElementsOf(samples.keySet());
    samples.forEach(
        (name, sample) -> {
          byte[] bytes = Objects.requireNonNull(golden.get(name));
          Histogram back = decode(bytes);
          assertThat(encode(sample)).as("%s is written the same", name).isEqualTo(bytes);
          // Field by field, because equality of histograms goes through the encoding itself.
          assertThat(back.schema()).as(name).isEqualTo(sample.schema());
          assertThat(back.floatCounts()).as(name).isEqualTo(sample.floatCounts());
          assertThat(back.countBits()).as(name).isEqualTo(sample.countBits());
          assertThat(back.zeroCountBits()).as(name).isEqualTo(sample.zeroCountBits());
          assertThat(bits(back.sum(), back.zeroThreshold()))
              .as(name)
              .isEqualTo(bits(sample.sum(), sample.zeroThreshold()));
          assertThat(back.resetHint()).as(name).isEqualTo(sample.resetHint());
          assertThat(back.positiveSpans()).as(name).isEqualTo(sample.positiveSpans());
          assertThat(back.negativeSpans()).as(name).isEqualTo(sample.negativeSpans());
          assertThat(back.positiveDeltas()).as(name).isEqualTo(sample.positiveDeltas());
          assertThat(back.negativeDeltas()).as(name).isEqualTo(sample.negativeDeltas());
          assertThat(back.positiveCounts()).as(name).isEqualTo(sample.positiveCounts());
          assertThat(back.negativeCounts()).as(name).isEqualTo(sample.negativeCounts());
          assertThat(back.customValues()).as(name).isEqualTo(sample.customValues());
        });
  }

  private static long[] bits(double... values) {
    long[] bits = new long[values.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Double.doubleToRawLongBits(values[i]);
    }
    return bits;
  }
}
