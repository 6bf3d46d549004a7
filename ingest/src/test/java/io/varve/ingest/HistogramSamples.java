package io.varve.ingest;

import io.varve.engine.model.Histogram;
import java.util.Random;

/** Random native histograms that do not contradict themselves. */
public final class HistogramSamples {
  private static final int[] NO_SPANS = new int[0];
  private static final long[] NO_DELTAS = new long[0];
  private static final double[] NO_DOUBLES = new double[0];

  private HistogramSamples() {}

  /** Integer or float, exponential or with custom buckets. */
  public static Histogram random(Random random) {
    boolean floats = random.nextBoolean();
    boolean custom = random.nextInt(3) == 0;
    int[] positive = spans(random, custom);
    int[] negative = custom ? NO_SPANS : spans(random, false);
    long[] positiveCounts = counts(random, positive);
    long[] negativeCounts = counts(random, negative);
    long zero = custom ? 0 : random.nextInt(10);
    long count = zero;
    for (long c : positiveCounts) {
      count += c;
    }
    for (long c : negativeCounts) {
      count += c;
    }
    double sum = random.nextInt(5) == 0 ? Double.NaN : random.nextGaussian();
    if (Double.isNaN(sum)) {
      count += random.nextInt(3); // observed NaNs lie in no bucket
    }
    double[] bounds = custom ? bounds(positive) : NO_DOUBLES;
    return new Histogram(
        custom ? Histogram.CUSTOM_BUCKETS_SCHEMA : random.nextInt(13) - 4,
        custom ? 0 : random.nextDouble(),
        floats,
        floats ? Double.doubleToRawLongBits(count + 0.5) : count,
        floats ? Double.doubleToRawLongBits((double) zero) : zero,
        sum,
        random.nextInt(4),
        positive,
        negative,
        floats ? NO_DELTAS : deltas(positiveCounts),
        floats ? NO_DELTAS : deltas(negativeCounts),
        floats ? doubles(positiveCounts) : NO_DOUBLES,
        floats ? doubles(negativeCounts) : NO_DOUBLES,
        bounds);
  }

  private static int[] spans(Random random, boolean custom) {
    int[] spans = new int[2 * random.nextInt(4)];
    for (int i = 0; i < spans.length; i += 2) {
      spans[i] = i == 0 && !custom ? random.nextInt(400) - 200 : random.nextInt(20);
      spans[i + 1] = random.nextInt(6);
    }
    return spans;
  }

  private static long[] counts(Random random, int[] spans) {
    int buckets = 0;
    for (int i = 1; i < spans.length; i += 2) {
      buckets += spans[i];
    }
    long[] counts = new long[buckets];
    for (int i = 0; i < buckets; i++) {
      counts[i] = random.nextInt(1 << random.nextInt(30));
    }
    return counts;
  }

  private static double[] bounds(int[] spans) {
    int reach = 0;
    for (int s : spans) {
      reach += s;
    }
    double[] bounds = new double[Math.max(1, reach)];
    for (int i = 0; i < bounds.length; i++) {
      bounds[i] = i - 3.5;
    }
    return bounds;
  }

  private static long[] deltas(long[] counts) {
    long[] deltas = counts.clone();
    for (int i = counts.length - 1; i > 0; i--) {
      deltas[i] -= counts[i - 1];
    }
    return deltas;
  }

  private static double[] doubles(long[] counts) {
    double[] doubles = new double[counts.length];
    for (int i = 0; i < counts.length; i++) {
      doubles[i] = counts[i];
    }
    return doubles;
  }
}
