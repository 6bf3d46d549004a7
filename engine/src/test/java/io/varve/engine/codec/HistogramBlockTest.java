package io.varve.engine.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.engine.Seeds;
import io.varve.engine.format.ByteWriter;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.StaleMarker;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;

/** The contract for histogram blocks, and their bounds. */
class HistogramBlockTest extends BlockContract<Histogram[]> {
  private final HistogramBlockEncoder encoder = new HistogramBlockEncoder();
  private final HistogramBlockDecoder decoder = new HistogramBlockDecoder();

  @Override
  byte[] encode(Histogram[] column) {
    return encode(encoder, column);
  }

  @Override
  byte[] encodeFresh(Histogram[] column) {
    return encode(new HistogramBlockEncoder(), column);
  }

  private static byte[] encode(HistogramBlockEncoder encoder, Histogram[] column) {
    ByteWriter out = new ByteWriter(16);
    out.u8(7);
    encoder.encode(column, 0, column.length, out);
    byte[] all = out.toByteArray();
    return Arrays.copyOfRange(all, 1, all.length);
  }

  @Override
  Histogram[] decode(byte[] in, int offset, int length, int n) {
    Histogram untouched = empty(StaleMarker.VALUE);
    Histogram[] out = new Histogram[n + 2];
    out[0] = untouched;
    out[n + 1] = untouched;
    decoder.decode(in, offset, length, n, out, 1);
    assertThat(out[0]).as("written outside the range").isSameAs(untouched);
    assertThat(out[n + 1]).as("written outside the range").isSameAs(untouched);
    return Arrays.copyOfRange(out, 1, n + 1);
  }

  @Override
  int[] counts() {
    return new int[] {1, 2, 3, 31, 32, 33, 64, 128, 129, 480, 65535};
  }

  @Override
  int size(Histogram[] column) {
    return column.length;
  }

  @Override
  boolean same(Histogram[] a, Histogram[] b) {
    return Arrays.equals(a, b);
  }

  @Override
  String source() {
    return "histogram block";
  }

  @Override
  Map<String, Histogram[]> columns(int n, SplittableRandom random) {
    Map<String, Histogram[]> columns = new LinkedHashMap<>();
    // A column of 65,535 samples is for the counts alone; keep its histograms small.
    int buckets = n > 1000 ? 3 : 20;
    long[] counts = new long[buckets];
    columns.put("exponential", samples(n, i -> exponential(random, 3, counts, 0)));
    columns.put(
        "constant", samples(n, i -> exponential(new SplittableRandom(1), 2, new long[4], 1)));
    columns.put("empty", samples(n, i -> empty(0)));
    columns.put("stale at the end", samples(n, i -> empty(i == n - 1 ? StaleMarker.VALUE : i)));
    columns.put("floats", samples(n, i -> floats(random, buckets)));
    columns.put("custom buckets", samples(n, i -> custom(random, counts)));
    columns.put(
        "schema changes",
        samples(n, i -> exponential(random, i / 50 % 2 == 0 ? 3 : 2, new long[1 + i / 70 % 5], 2)));
    columns.put(
        "every kind",
        samples(
            n,
            i ->
                switch (random.nextInt(4)) {
                  case 0 ->
                      exponential(random, random.nextInt(-4, 9), new long[3], random.nextInt(4));
                  case 1 -> floats(random, random.nextInt(4));
                  case 2 -> custom(random, new long[2]);
                  default -> empty(Shapes.special(random));
                }));
    columns.put("any bits", samples(n, i -> anyBits(random)));
    return columns;
  }

  private static Histogram[] samples(int n, IntFunction<Histogram> sample) {
    Histogram[] samples = new Histogram[n];
    for (int i = 0; i < n; i++) {
      samples[i] = sample.apply(i);
    }
    return samples;
  }

  private static Histogram empty(double sum) {
    return new Histogram(
        0,
        0,
        false,
        0,
        0,
        sum,
        0,
        new int[0],
        new int[0],
        new long[0],
        new long[0],
        new double[0],
        new double[0],
        new double[0]);
  }

  /** Adds some observations to the counts and takes a sample. */
  private static Histogram exponential(
      SplittableRandom random, int schema, long[] counts, int resetHint) {
    long total = 0;
    for (int i = 0; i < counts.length; i++) {
      counts[i] += random.nextInt(10);
      total += counts[i];
    }
    return new Histogram(
        schema,
        0x1p-128,
        false,
        total,
        0,
        total * 0.25,
        resetHint,
        new int[] {-3, counts.length},
        new int[0],
        deltas(counts),
        new long[0],
        new double[0],
        new double[0],
        new double[0]);
  }

  private static long[] deltas(long[] counts) {
    long[] deltas = new long[counts.length];
    long last = 0;
    for (int i = 0; i < counts.length; i++) {
      deltas[i] = counts[i] - last;
      last = counts[i];
    }
    return deltas;
  }

  private static Histogram custom(SplittableRandom random, long[] counts) {
    counts[random.nextInt(counts.length)]++;
    return new Histogram(
        Histogram.CUSTOM_BUCKETS_SCHEMA,
        0,
        false,
        Arrays.stream(counts).sum(),
        0,
        1.5,
        0,
        new int[] {0, counts.length},
        new int[0],
        deltas(counts),
        new long[0],
        new double[0],
        new double[0],
        new double[] {0.005, 0.01, 0.1, 1});
  }

  private static Histogram floats(SplittableRandom random, int buckets) {
    double[] counts = new double[buckets];
    for (int i = 0; i < buckets; i++) {
      counts[i] = random.nextInt(1000) / 8.0;
    }
    return new Histogram(
        1,
        0.001,
        true,
        Double.doubleToRawLongBits(random.nextInt(1000) / 4.0),
        Double.doubleToRawLongBits(0.5),
        random.nextDouble(),
        3,
        new int[] {0, buckets},
        new int[] {1, 1},
        new long[0],
        new long[0],
        counts,
        new double[] {1},
        new double[0]);
  }

  private static Histogram anyBits(SplittableRandom random) {
    boolean floats = random.nextBoolean();
    int positive = random.nextInt(3);
    int negative = random.nextInt(3);
    return new Histogram(
        random.nextInt(),
        Shapes.special(random),
        floats,
        random.nextLong(),
        random.nextLong(),
        Double.longBitsToDouble(random.nextLong()),
        random.nextInt(4),
        random.ints(2L * random.nextInt(3)).toArray(),
        random.ints(2L * random.nextInt(3)).toArray(),
        random.longs(floats ? 0 : positive).toArray(),
        random.longs(floats ? 0 : negative).toArray(),
        bits(random, floats ? positive : 0),
        bits(random, floats ? negative : 0),
        bits(random, random.nextInt(3)));
  }

  private static double[] bits(SplittableRandom random, int n) {
    double[] values = new double[n];
    for (int i = 0; i < n; i++) {
      values[i] = Double.longBitsToDouble(random.nextLong());
    }
    return values;
  }

  @Test
  void steadyHistogramsTakeFewBytes() {
    SplittableRandom random = new SplittableRandom(Seeds.usual(7));
    long[] counts = new long[40];
    byte[] block = encode(samples(480, i -> exponential(random, 3, counts, 0)));
    // 43 columns of some 4 bits: the encoded sample of the log takes 60 bytes and more.
    assertThat(block.length / 480.0).isLessThan(24);
  }

  @Test
  void tooManyBucketsAreRefusedAndSaidBefore() {
    Histogram large = exponential(new SplittableRandom(1), 8, new long[1 << 19], 0);
    Histogram[] samples = new Histogram[10];
    Arrays.fill(samples, large);
    assertThat(HistogramBlockEncoder.fitting(samples, 0, 10)).isEqualTo(8);
    assertThat(HistogramBlockEncoder.fitting(samples, 4, 6)).isEqualTo(6);
    assertThatThrownBy(() -> encode(samples)).isInstanceOf(IllegalArgumentException.class);
    Histogram[] fitting = Arrays.copyOf(samples, 8);
    byte[] block = encode(fitting);
    assertThat(same(fitting, decode(block, 0, block.length, 8))).isTrue();
  }

  @Test
  void bucketsThatWouldFillMemoryAreCorrupt() {
    // One layout of 60,000 buckets, then nothing: 65,535 samples of it would be 31 GB.
    ByteWriter out = new ByteWriter(16);
    out.varint(1);
    HistogramLayout layout =
        HistogramLayout.of(exponential(new SplittableRandom(1), 0, new long[60_000], 0));
    layout.write(out);
    out.bytes(new byte[100_000]);
    byte[] bytes = out.toByteArray();
    assertThatThrownBy(() -> decode(bytes, 0, bytes.length, 65535))
        .isInstanceOf(CorruptDataException.class)
        .hasMessageContaining("buckets");
  }
}
