package io.varve.ingest.otlp;

import io.opentelemetry.proto.metrics.v1.HistogramDataPoint;
import org.jspecify.annotations.Nullable;

/** The total of a histogram with explicit buckets. */
final class BucketTotal extends RunningTotal {
  private final double[] bounds;
  private final long[] counts;
  private final long count;
  private final double sum;
  private final boolean hasSum;

  private BucketTotal(
      Times times, double[] bounds, long[] counts, long count, double sum, boolean hasSum) {
    super(times);
    this.bounds = bounds;
    this.counts = counts;
    this.count = count;
    this.sum = sum;
    this.hasSum = hasSum;
  }

  /** The total of a single delta, or of one more than before. */
  static BucketTotal of(@Nullable RunningTotal before, HistogramDataPoint delta, Times times) {
    long[] counts = new long[delta.getBucketCountsCount()];
    for (int i = 0; i < counts.length; i++) {
      counts[i] = delta.getBucketCounts(i);
    }
    if (before instanceof BucketTotal total && total.suits(delta)) {
      for (int i = 0; i < counts.length; i++) {
        counts[i] += total.counts[i];
      }
      return new BucketTotal(
          times,
          total.bounds,
          counts,
          total.count + delta.getCount(),
          total.sum + delta.getSum(),
          total.hasSum && delta.hasSum());
    }
    double[] bounds = new double[delta.getExplicitBoundsCount()];
    for (int i = 0; i < bounds.length; i++) {
      bounds[i] = delta.getExplicitBounds(i);
    }
    return new BucketTotal(times, bounds, counts, delta.getCount(), delta.getSum(), delta.hasSum());
  }

  /** False if the delta has other buckets: such counts cannot be added. */
  boolean suits(HistogramDataPoint delta) {
    if (delta.getExplicitBoundsCount() != bounds.length
        || delta.getBucketCountsCount() != counts.length) {
      return false;
    }
    for (int i = 0; i < bounds.length; i++) {
      if (Double.doubleToLongBits(bounds[i])
          != Double.doubleToLongBits(delta.getExplicitBounds(i))) {
        return false;
      }
    }
    return true;
  }

  /** The point with the total in place of the delta. */
  HistogramDataPoint in(HistogramDataPoint point) {
    HistogramDataPoint.Builder cumulative =
        point.toBuilder().setStartTimeUnixNano(start()).setCount(count).clearMin().clearMax();
    for (int i = 0; i < counts.length; i++) {
      cumulative.setBucketCounts(i, counts[i]);
    }
    return (hasSum ? cumulative.setSum(sum) : cumulative.clearSum()).build();
  }

  @Override
  int longs() {
    return bounds.length + counts.length + 6;
  }
}
