package io.varve.ingest.otlp;

import io.opentelemetry.proto.metrics.v1.ExponentialHistogramDataPoint;
import org.jspecify.annotations.Nullable;

/**
 * The total of an exponential histogram. It has the resolution of its coarsest delta, or less when
 * the buckets of a side would be more than {@value #MOST_BUCKETS}; and the widest zero bucket of
 * its deltas, or a little wider, so that it ends where a bucket does.
 */
final class ExponentialTotal extends RunningTotal {
  /** As many as OpenTelemetry's SDKs have by default. */
  static final int MOST_BUCKETS = 160;

  private final int scale;
  private final double zeroThreshold;
  private final long zeroCount;
  private final ExponentialSide positive;
  private final ExponentialSide negative;
  private final long count;
  private final double sum;
  private final boolean hasSum;

  private ExponentialTotal(
      Times times,
      int scale,
      double zeroThreshold,
      long zeroCount,
      ExponentialSide positive,
      ExponentialSide negative,
      long count,
      double sum,
      boolean hasSum) {
    super(times);
    this.scale = scale;
    this.zeroThreshold = zeroThreshold;
    this.zeroCount = zeroCount;
    this.positive = positive;
    this.negative = negative;
    this.count = count;
    this.sum = sum;
    this.hasSum = hasSum;
  }

  /** The total of a single delta, or of one more than before. */
  static ExponentialTotal of(
      @Nullable RunningTotal before, ExponentialHistogramDataPoint delta, Times times) {
    ExponentialTotal added =
        new ExponentialTotal(
            times,
            delta.getScale(),
            delta.getZeroThreshold() > 0 ? delta.getZeroThreshold() : 0,
            delta.getZeroCount(),
            ExponentialSide.of(delta.getPositive()),
            ExponentialSide.of(delta.getNegative()),
            delta.getCount(),
            delta.getSum(),
            delta.hasSum());
    return before instanceof ExponentialTotal total
        ? sum(total, added, times)
        : added.reduced(added.excess(ExponentialSide.NONE, ExponentialSide.NONE), times);
  }

  private static ExponentialTotal sum(ExponentialTotal a, ExponentialTotal b, Times times) {
    long coarsest = Math.min(a.scale, b.scale);
    a = a.reduced(a.scale - coarsest, times);
    b = b.reduced(b.scale - coarsest, times);
    int excess = a.excess(b.positive, b.negative);
    a = a.reduced(excess, times);
    b = b.reduced(excess, times);
    if (a.zeroThreshold != b.zeroThreshold) {
      double threshold = Math.max(a.zeroThreshold, b.zeroThreshold);
      for (double wider = -1; wider != threshold; ) {
        wider = threshold;
        threshold = b.endOfBucketAround(a.endOfBucketAround(threshold));
      }
      a = a.widened(threshold, times);
      b = b.widened(threshold, times);
    }
    return new ExponentialTotal(
        times,
        a.scale,
        a.zeroThreshold,
        a.zeroCount + b.zeroCount,
        a.positive.plus(b.positive),
        a.negative.plus(b.negative),
        a.count + b.count,
        a.sum + b.sum,
        a.hasSum && b.hasSum);
  }

  /** By how many steps the resolution has to fall for all to be few enough buckets. */
  private int excess(ExponentialSide morePositive, ExponentialSide moreNegative) {
    return Math.max(
        positive.excess(morePositive, MOST_BUCKETS), negative.excess(moreNegative, MOST_BUCKETS));
  }

  private ExponentialTotal reduced(long steps, Times at) {
    return steps == 0
        ? this
        : new ExponentialTotal(
            at,
            (int) Math.max(scale - steps, Integer.MIN_VALUE),
            zeroThreshold,
            zeroCount,
            positive.reduced(steps),
            negative.reduced(steps),
            count,
            sum,
            hasSum);
  }

  private double endOfBucketAround(double threshold) {
    return negative.endOfBucketAround(positive.endOfBucketAround(threshold, scale), scale);
  }

  private ExponentialTotal widened(double threshold, Times at) {
    return new ExponentialTotal(
        at,
        scale,
        threshold,
        zeroCount + positive.countUpTo(threshold, scale) + negative.countUpTo(threshold, scale),
        positive.beyond(threshold, scale),
        negative.beyond(threshold, scale),
        count,
        sum,
        hasSum);
  }

  /** The point with the total in place of the delta. */
  ExponentialHistogramDataPoint in(ExponentialHistogramDataPoint point) {
    ExponentialHistogramDataPoint.Builder cumulative =
        point.toBuilder()
            .setStartTimeUnixNano(start())
            .setScale(scale)
            .setZeroThreshold(zeroThreshold)
            .setZeroCount(zeroCount)
            .setPositive(positive.buckets())
            .setNegative(negative.buckets())
            .setCount(count)
            .clearMin()
            .clearMax();
    return (hasSum ? cumulative.setSum(sum) : cumulative.clearSum()).build();
  }

  @Override
  int longs() {
    return positive.size() + negative.size() + 16;
  }
}
