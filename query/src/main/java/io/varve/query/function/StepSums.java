package io.varve.query.function;

/**
 * What an aggregation does with one more series: for every step its value is taken into the group's
 * state, a few columns that lie at the same offset in their arrays (Prometheus 3.14 {@code
 * promql/engine.go}, aggregation). The first column is {@link Absent} until a series has a sample.
 * Sums are compensated; variances are Welford's, without compensation, as in Prometheus.
 */
public final class StepSums {
  private StepSums() {}

  /** sum: high part, low part. */
  public static void sum(double[] in, int at, int steps, double[] high, int to, double[] low) {
    for (int i = at, o = to; i < at + steps; i++, o++) {
      double value = in[i];
      if (Absent.is(value)) {
        continue;
      }
      double before = high[o];
      if (Absent.is(before)) {
        high[o] = value;
        low[o] = 0;
      } else {
        low[o] = KahanSum.lowAfter(value, before, low[o]);
        high[o] = before + value;
      }
    }
  }

  /** Adds the parts of sums. */
  public static void finishSum(double[] high, int at, int steps, double[] low) {
    for (int i = at; i < at + steps; i++) {
      if (!Absent.is(high[i])) {
        high[i] += low[i];
      }
    }
  }

  /**
   * avg: the sum and its low part, and the count. When the sum would overflow, its column carries
   * the mean from there on, which the negative count tells.
   */
  public static void average(
      double[] in, int at, int steps, double[] high, int to, double[] low, double[] counts) {
    for (int i = at, o = to; i < at + steps; i++, o++) {
      double value = in[i];
      if (Absent.is(value)) {
        continue;
      }
      double before = high[o];
      if (Absent.is(before)) {
        high[o] = value;
        low[o] = 0;
        counts[o] = 1;
        continue;
      }
      double count = counts[o];
      if (count > 0) {
        double sum = before + value;
        if (!Double.isInfinite(sum)) {
          low[o] = KahanSum.lowAfter(value, before, low[o]);
          high[o] = sum;
          counts[o] = count + 1;
          continue;
        }
        before /= count;
        low[o] /= count;
        count = -count;
      }
      count--;
      double n = -count;
      double weight = (n - 1) / n;
      double mean = weight * before;
      double part = value / n;
      low[o] = KahanSum.lowAfter(part, mean, weight * low[o]);
      high[o] = mean + part;
      counts[o] = count;
    }
  }

  /** Turns sums into means. */
  public static void finishAverage(
      double[] high, int at, int steps, double[] low, double[] counts) {
    for (int i = at; i < at + steps; i++) {
      if (!Absent.is(high[i])) {
        high[i] = counts[i] < 0 ? high[i] + low[i] : high[i] / counts[i] + low[i] / counts[i];
      }
    }
  }

  /** stddev and stdvar: sum of squared distances, mean, count. */
  public static void variance(
      double[] in, int at, int steps, double[] squares, int to, double[] means, double[] counts) {
    for (int i = at, o = to; i < at + steps; i++, o++) {
      double value = in[i];
      if (Absent.is(value)) {
        continue;
      }
      if (Absent.is(squares[o])) {
        squares[o] = Double.isNaN(value) || Double.isInfinite(value) ? Double.NaN : 0;
        means[o] = value;
        counts[o] = 1;
        continue;
      }
      double count = counts[o] + 1;
      double delta = value - means[o];
      double mean = means[o] + delta / count;
      squares[o] += delta * (value - mean);
      means[o] = mean;
      counts[o] = count;
    }
  }

  /** Turns sums of squares into variances, or their roots. */
  public static void finishVariance(
      double[] squares, int at, int steps, double[] counts, boolean root) {
    for (int i = at; i < at + steps; i++) {
      if (!Absent.is(squares[i])) {
        double variance = squares[i] / counts[i];
        squares[i] = root ? Math.sqrt(variance) : variance;
      }
    }
  }

  /** min: any number wins over NaN. */
  public static void min(double[] in, int at, int steps, double[] least, int to) {
    for (int i = at, o = to; i < at + steps; i++, o++) {
      double value = in[i];
      if (!Absent.is(value) && (least[o] > value || Double.isNaN(least[o]))) {
        least[o] = value; // absent is a NaN, too
      }
    }
  }

  /** max: any number wins over NaN. */
  public static void max(double[] in, int at, int steps, double[] greatest, int to) {
    for (int i = at, o = to; i < at + steps; i++, o++) {
      double value = in[i];
      if (!Absent.is(value) && (greatest[o] < value || Double.isNaN(greatest[o]))) {
        greatest[o] = value; // absent is a NaN, too
      }
    }
  }

  /** count. */
  public static void count(double[] in, int at, int steps, double[] counts, int to) {
    for (int i = at, o = to; i < at + steps; i++, o++) {
      if (!Absent.is(in[i])) {
        counts[o] = Absent.is(counts[o]) ? 1 : counts[o] + 1;
      }
    }
  }

  /** group. */
  public static void group(double[] in, int at, int steps, double[] ones, int to) {
    for (int i = at, o = to; i < at + steps; i++, o++) {
      if (!Absent.is(in[i])) {
        ones[o] = 1;
      }
    }
  }
}
