package io.varve.engine.codec;

import io.varve.engine.model.StaleMarker;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.IntToDoubleFunction;
import java.util.function.IntToLongFunction;

/** Columns as exporters and adversaries make them. */
final class Shapes {
  private static final long[] SPECIAL_BITS = {
    StaleMarker.BITS,
    0x7ff8000000000001L, // a quiet NaN
    0x7ff0000000000001L, // a signalling NaN with another payload
    0xfff8000000000123L,
    0xffffffffffffffffL,
    Double.doubleToRawLongBits(Double.POSITIVE_INFINITY),
    Double.doubleToRawLongBits(Double.NEGATIVE_INFINITY),
    Double.doubleToRawLongBits(-0.0),
    0L,
    1L, // the smallest subnormal
    0x800fffffffffffffL,
    Double.doubleToRawLongBits(Double.MAX_VALUE),
    Double.doubleToRawLongBits(-Double.MAX_VALUE),
    Double.doubleToRawLongBits(Double.MIN_NORMAL),
    Double.doubleToRawLongBits(0x1p53),
    Double.doubleToRawLongBits(0x1p53 + 2),
    Double.doubleToRawLongBits(-0x1p53),
  };

  private Shapes() {}

  static double special(SplittableRandom random) {
    return Double.longBitsToDouble(SPECIAL_BITS[random.nextInt(SPECIAL_BITS.length)]);
  }

  private static double[] doubles(int n, IntToDoubleFunction value) {
    double[] values = new double[n];
    for (int i = 0; i < n; i++) {
      values[i] = value.applyAsDouble(i);
    }
    return values;
  }

  private static long[] longs(int n, IntToLongFunction value) {
    long[] values = new long[n];
    for (int i = 0; i < n; i++) {
      values[i] = value.applyAsLong(i);
    }
    return values;
  }

  private static double[] counter(int n, SplittableRandom random, double start, long most) {
    double[] values = new double[n];
    double v = start;
    for (int i = 0; i < n; i++) {
      values[i] = v;
      v += random.nextLong(most + 1);
    }
    return values;
  }

  /** Float columns by what they look like. */
  static Map<String, double[]> floats(int n, SplittableRandom random) {
    Map<String, double[]> columns = new LinkedHashMap<>();
    for (long bits : SPECIAL_BITS) {
      columns.put(
          "constant " + Long.toHexString(bits), doubles(n, i -> Double.longBitsToDouble(bits)));
    }
    for (double v :
        new double[] {1, 30, 31, -1, 0.1, 0.25, 1e-9, 123456789, 1e15, 1e300, Math.PI}) {
      columns.put("constant " + v, doubles(n, i -> v));
    }
    columns.put("constant but one", doubles(n, i -> i == n / 2 ? 7 : 3));
    columns.put("constant but one stale", doubles(n, i -> i == n - 1 ? StaleMarker.VALUE : 3.5));
    columns.put("line", doubles(n, i -> 1000 + 15.0 * i));
    columns.put("parabola", doubles(n, i -> 3.0 * i * i));
    columns.put("counter", counter(n, random, 1e6, 100));
    columns.put("slow counter", counter(n, random, 1e12, 1));
    columns.put("counter by 4096", doubles(n, i -> 4096.0 * (i + i % 7)));
    columns.put("counter with resets", doubles(n, i -> (i % 97) * 5.0 + i % 3));
    columns.put("gauge", doubles(n, i -> random.nextInt(1000)));
    columns.put("signed gauge", doubles(n, i -> random.nextInt(2001) - 1000));
    columns.put("two states", doubles(n, i -> random.nextInt(2)));
    columns.put("rare spikes", doubles(n, i -> random.nextInt(50) == 0 ? random.nextInt() : 12));
    columns.put("few large values", doubles(n, i -> 1e9 * Math.pow(3, random.nextInt(9))));
    for (int p = 1; p <= 9; p++) {
      int places = p;
      double power = Math.pow(10, places);
      columns.put(places + " places", doubles(n, i -> random.nextLong(1_000_000_000L) / power));
      columns.put(
          places + " places, parsed",
          doubles(n, i -> Double.parseDouble(random.nextInt(100_000) + "e-" + places)));
    }
    columns.put("milliseconds × 0.001", doubles(n, i -> random.nextInt(1_000_000) * 0.001));
    columns.put(
        "microseconds / 1000 / 1000",
        doubles(n, i -> random.nextInt(1_000_000_000) / 1000.0 / 1000));
    columns.put("nanoseconds × 1e-9", doubles(n, i -> random.nextInt(1_000_000_000) * 1e-9));
    columns.put("small", doubles(n, i -> random.nextDouble() * 1e-200));
    columns.put("huge", doubles(n, i -> random.nextDouble() * 1e300));
    columns.put("subnormal", doubles(n, i -> Double.longBitsToDouble(random.nextLong(1L << 52))));
    columns.put("noise", doubles(n, i -> random.nextDouble()));
    columns.put("floats", doubles(n, i -> (float) random.nextDouble()));
    columns.put("any bits", doubles(n, i -> Double.longBitsToDouble(random.nextLong())));
    columns.put("special values", doubles(n, i -> special(random)));
    columns.put(
        "integers and special values",
        doubles(n, i -> random.nextInt(40) == 0 ? special(random) : random.nextInt(500)));
    columns.put(
        "decimals and half NaN",
        doubles(n, i -> (i & 1) == 0 ? Double.NaN : random.nextInt(500) / 100.0));
    columns.put("zeros of both signs", doubles(n, i -> random.nextInt(3) == 0 ? -0.0 : 0.0));
    columns.put(
        "alternating extremes",
        doubles(n, i -> (i & 1) == 0 ? Double.MAX_VALUE : -Double.MAX_VALUE));
    columns.put("alternating far integers", doubles(n, i -> (i & 1) == 0 ? 0x1p53 : -0x1p53));
    columns.put(
        "heavy tail",
        doubles(n, i -> (double) (random.nextLong(1L << 50) >>> random.nextInt(1, 50))));
    columns.put("stale first", doubles(n, i -> i == 0 ? StaleMarker.VALUE : 17 + i % 5));
    return columns;
  }

  /** Integer columns by what they look like. */
  static Map<String, long[]> integers(int n, SplittableRandom random) {
    Map<String, long[]> columns = new LinkedHashMap<>();
    columns.put("zero", new long[n]);
    columns.put("smallest", longs(n, i -> Long.MIN_VALUE));
    columns.put("largest", longs(n, i -> Long.MAX_VALUE));
    columns.put("line", longs(n, i -> 1_700_000_000_000L + 15_000L * i));
    columns.put("line that wraps", longs(n, i -> Long.MAX_VALUE - 3 + (Long.MAX_VALUE / 3) * i));
    columns.put("parabola", longs(n, i -> 7L * i * i - 5));
    columns.put("extremes", longs(n, i -> (i & 1) == 0 ? Long.MIN_VALUE : Long.MAX_VALUE));
    columns.put("zero and smallest", longs(n, i -> (i & 1) == 0 ? 0 : Long.MIN_VALUE));
    columns.put("any bits", longs(n, i -> random.nextLong()));
    columns.put("multiples of 1000", longs(n, i -> -500_000L + 1000L * random.nextInt(1000)));
    columns.put("multiples of 4096", longs(n, i -> 11 + 4096L * random.nextInt(1000)));
    columns.put("mostly zero", longs(n, i -> random.nextInt(30) == 0 ? random.nextInt(9) : 0));
    columns.put("mostly -7", longs(n, i -> random.nextInt(9) == 0 ? random.nextLong() : -7));
    columns.put("small", longs(n, i -> random.nextInt(16)));
    columns.put("far from zero", longs(n, i -> (1L << 60) + random.nextInt(300)));
    columns.put("few distinct", longs(n, i -> 0x123456789abcdefL * random.nextInt(12)));
    columns.put("heavy tail", longs(n, i -> random.nextLong() >> random.nextInt(1, 63)));
    columns.put("outliers", longs(n, i -> random.nextInt(40) == 0 ? random.nextLong() : i % 5));
    for (int bits = 1; bits < 64; bits += 6) {
      int shift = 64 - bits;
      columns.put(bits + " bits", longs(n, i -> random.nextLong() >>> shift));
    }
    return columns;
  }

  /** Ascending timestamps in milliseconds by what they look like. */
  static Map<String, long[]> times(int n, SplittableRandom random) {
    long t0 = 1_795_305_600_000L;
    Map<String, long[]> columns = new LinkedHashMap<>();
    columns.put("regular", longs(n, i -> t0 + 15_000L * i));
    columns.put("jitter", longs(n, i -> t0 + 15_000L * i + random.nextInt(5) - 2));
    columns.put("phase", longs(n, i -> t0 + 1234 + 60_000L * i));
    columns.put("drift", longs(n, i -> t0 + Math.round(15_000.37 * i)));
    columns.put("gap", longs(n, i -> t0 + 15_000L * (i < n / 2 ? i : i + 40)));
    long[] at = {t0};
    columns.put(
        "gaps and jitter",
        longs(
            n,
            i -> {
              at[0] += random.nextInt(20) == 0 ? 45_000 : 15_000;
              return at[0] + random.nextInt(3);
            }));
    columns.put(
        "random walk",
        longs(
            n,
            i -> {
              at[0] += 900 + random.nextInt(200);
              return at[0];
            }));
    columns.put(
        "bursts",
        longs(
            n,
            i -> {
              at[0] += random.nextInt(50) == 0 ? 1L << random.nextInt(40) : 1;
              return at[0];
            }));
    columns.put("equal", longs(n, i -> t0));
    columns.put("two scrape intervals", longs(n, i -> t0 + (i < n / 2 ? 15_000L : 60_000L) * i));
    columns.put("before the epoch", longs(n, i -> -t0 + 1000L * i + random.nextInt(2)));
    columns.put("all of time", longs(n, i -> Long.MIN_VALUE + i * Long.divideUnsigned(-1L, n)));
    columns.put("far apart", longs(n, i -> i == 0 ? Long.MIN_VALUE : Long.MAX_VALUE - n + i));
    columns.put("descending", longs(n, i -> t0 - 15_000L * i - random.nextInt(3)));
    return columns;
  }
}
