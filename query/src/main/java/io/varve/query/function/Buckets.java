package io.varve.query.function;

import java.util.Arrays;

/**
 * The buckets of one classic histogram at one step: upper bounds and cumulative counts, collected
 * in any order, and what is asked of them (Prometheus {@code promql/quantile.go}, BucketQuantile
 * and BucketFraction). Reused from step to step; one thread.
 */
public final class Buckets {
  private static final double NOISE = 1e-12;

  private double[] bounds = new double[16];
  private double[] counts = new double[16];
  private int size;

  /** True if the last {@link #quantile} had to lift counts so that they do not fall. */
  public boolean forcedMonotonic;

  /** Lowest bound at which a count was lifted. */
  public double minForcedBound;

  /** Highest bound at which a count was lifted. */
  public double maxForcedBound;

  /** The greatest lift. */
  public double maxForcedDifference;

  /** No buckets. */
  public Buckets() {}

  /** Forgets all buckets. */
  public void clear() {
    size = 0;
  }

  /** How many buckets were added. */
  public int size() {
    return size;
  }

  /** Adds a bucket. */
  public void add(double upperBound, double count) {
    if (size == bounds.length) {
      bounds = Arrays.copyOf(bounds, 2 * size);
      counts = Arrays.copyOf(counts, 2 * size);
    }
    bounds[size] = upperBound;
    counts[size] = count;
    size++;
  }

  /**
   * The quantile {@code q}, interpolated linearly within its bucket; in the highest bucket the
   * second highest bound. NaN without a bucket +Inf, with fewer than two buckets or no observation.
   */
  public double quantile(double q) {
    forcedMonotonic = false;
    minForcedBound = 0;
    maxForcedBound = 0;
    maxForcedDifference = 0;
    if (Double.isNaN(q)) {
      return Double.NaN;
    }
    if (q < 0) {
      return Double.NEGATIVE_INFINITY;
    }
    if (q > 1) {
      return Double.POSITIVE_INFINITY;
    }
    if (!sortAndMerge()) {
      return Double.NaN;
    }
    forceMonotonic();
    if (size < 2) {
      return Double.NaN;
    }
    double observations = counts[size - 1];
    if (observations == 0) {
      return Double.NaN;
    }
    double rank = q * observations;
    int b = firstNotBelow(rank);
    if (b == size - 1) {
      return bounds[size - 2];
    }
    if (b == 0 && bounds[0] <= 0) {
      return bounds[0];
    }
    double start = 0;
    double end = bounds[b];
    double count = counts[b];
    if (b > 0) {
      start = bounds[b - 1];
      count -= counts[b - 1];
      rank -= counts[b - 1];
    }
    return start + (end - start) * (rank / count);
  }

  /** First of all buckets but the last whose count reaches the rank, by halving as Go searches. */
  private int firstNotBelow(double rank) {
    int low = 0;
    int high = size - 1;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (counts[middle] >= rank) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  /** The share of observations between two values. */
  public double fraction(double lower, double upper) {
    if (!sortAndMerge()) {
      return Double.NaN;
    }
    double count = counts[size - 1];
    if (count == 0 || Double.isNaN(lower) || Double.isNaN(upper)) {
      return Double.NaN;
    }
    if (lower >= upper) {
      return 0;
    }
    double lowerRank = rank(lower, count);
    double upperRank = rank(upper, count);
    return (upperRank - lowerRank) / count;
  }

  /** Observations up to a value, by linear interpolation. */
  private double rank(double value, double count) {
    double rank = 0;
    double lowerBound = bounds[0] <= 0 ? Double.NEGATIVE_INFINITY : 0;
    for (int i = 0; i < size; i++) {
      if (i > 0) {
        lowerBound = bounds[i - 1];
      }
      double upperBound = bounds[i];
      if (lowerBound >= value) {
        return rank > count ? count : rank;
      }
      if (upperBound > value) {
        double result =
            lowerBound == Double.NEGATIVE_INFINITY
                ? counts[i]
                : rank + (counts[i] - rank) * (value - lowerBound) / (upperBound - lowerBound);
        return result > count ? count : result;
      }
      rank = counts[i];
    }
    return count;
  }

  /** Sorts by bound, adds up buckets of equal bounds; false if there is none with bound +Inf. */
  private boolean sortAndMerge() {
    sort();
    if (bounds[size - 1] != Double.POSITIVE_INFINITY) {
      return false;
    }
    int last = 0;
    for (int i = 1; i < size; i++) {
      if (bounds[i] == bounds[last]) {
        counts[last] += counts[i];
      } else {
        last++;
        bounds[last] = bounds[i];
        counts[last] = counts[i];
      }
    }
    size = last + 1;
    return true;
  }

  private void sort() {
    boolean ascending = true;
    for (int i = 1; i < size && ascending; i++) {
      ascending = bounds[i - 1] <= bounds[i];
    }
    if (ascending) {
      return; // the usual case: the caller adds them in this order
    }
    // Insertion is stable, and histograms have few buckets; a NaN bound stays where it is.
    for (int i = 1; i < size; i++) {
      double bound = bounds[i];
      double count = counts[i];
      int k = i;
      while (k > 0 && bounds[k - 1] > bound) {
        bounds[k] = bounds[k - 1];
        counts[k] = counts[k - 1];
        k--;
      }
      bounds[k] = bound;
      counts[k] = count;
    }
  }

  private void forceMonotonic() {
    minForcedBound = Double.POSITIVE_INFINITY;
    maxForcedBound = Double.NEGATIVE_INFINITY;
    double previous = counts[0];
    for (int i = 1; i < size; i++) {
      double current = counts[i];
      if (current == previous) {
        continue;
      }
      if (Numbers.almostEqual(previous, current, NOISE)) {
        counts[i] = previous; // noise of floating-point sums, in either direction
        continue;
      }
      if (current < previous) {
        counts[i] = previous;
        forcedMonotonic = true;
        minForcedBound = Math.min(minForcedBound, bounds[i]);
        maxForcedBound = Math.max(maxForcedBound, bounds[i]);
        maxForcedDifference = Math.max(maxForcedDifference, previous - current);
        continue;
      }
      previous = current;
    }
  }
}
