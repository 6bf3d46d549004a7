package io.varve.ingest.otlp;

import io.opentelemetry.proto.metrics.v1.ExponentialHistogramDataPoint.Buckets;
import java.util.Arrays;

/**
 * The buckets of one side of an exponential histogram, without empty ones at the ends. At a scale
 * s, the bucket of index i ends at 2^((i + 1) · 2^−s). Immutable.
 */
final class ExponentialSide {
  static final ExponentialSide NONE = new ExponentialSide(0, new long[0]);

  private final long first; // index of the first bucket
  private final long[] counts;

  private ExponentialSide(long first, long[] counts) {
    this.first = first;
    this.counts = counts;
  }

  static ExponentialSide of(Buckets buckets) {
    int from = 0;
    int to = buckets.getBucketCountsCount();
    while (from < to && buckets.getBucketCounts(from) == 0) {
      from++;
    }
    while (from < to && buckets.getBucketCounts(to - 1) == 0) {
      to--;
    }
    if (from == to) {
      return NONE;
    }
    long[] counts = new long[to - from];
    for (int i = 0; i < counts.length; i++) {
      counts[i] = buckets.getBucketCounts(from + i);
    }
    return new ExponentialSide((long) buckets.getOffset() + from, counts);
  }

  Buckets buckets() {
    Buckets.Builder buckets = Buckets.newBuilder().setOffset((int) first);
    for (long count : counts) {
      buckets.addBucketCounts(count);
    }
    return buckets.build();
  }

  int size() {
    return counts.length;
  }

  private long end() {
    return first + counts.length;
  }

  /**
   * By how many steps the resolution has to fall for this and {@code more} to span no more than
   * {@code most} buckets; each lets two neighbours become one.
   */
  int excess(ExponentialSide more, int most) {
    if (size() + more.size() == 0) {
      return 0;
    }
    long low = size() == 0 ? more.first : more.size() == 0 ? first : Math.min(first, more.first);
    long high = size() == 0 ? more.end() : more.size() == 0 ? end() : Math.max(end(), more.end());
    high--;
    int steps = 0;
    while ((high >> steps) - (low >> steps) >= most) {
      steps++;
    }
    return steps;
  }

  ExponentialSide reduced(long steps) {
    if (size() == 0) {
      return this;
    }
    int shift = (int) Math.min(steps, Long.SIZE - 1);
    long from = first >> shift;
    long[] merged = new long[(int) (((end() - 1) >> shift) - from) + 1];
    for (int i = 0; i < counts.length; i++) {
      merged[(int) (((first + i) >> shift) - from)] += counts[i];
    }
    return new ExponentialSide(from, merged);
  }

  ExponentialSide plus(ExponentialSide other) {
    if (size() == 0) {
      return other;
    }
    if (other.size() == 0) {
      return this;
    }
    long from = Math.min(first, other.first);
    long[] sum = new long[(int) (Math.max(end(), other.end()) - from)];
    System.arraycopy(counts, 0, sum, (int) (first - from), counts.length);
    for (int i = 0; i < other.counts.length; i++) {
      sum[(int) (other.first - from) + i] += other.counts[i];
    }
    return new ExponentialSide(from, sum);
  }

  /** Where the bucket that the value lies inside of ends; the value itself if that is empty. */
  double endOfBucketAround(double value, int scale) {
    int at = bucketsUpTo(value, scale);
    boolean inside = at < counts.length && counts[at] != 0 && bound(first + at, scale) < value;
    return inside ? bound(first + at + 1, scale) : value;
  }

  /** Observations in buckets that end at the value or below. */
  long countUpTo(double value, int scale) {
    long sum = 0;
    for (int i = bucketsUpTo(value, scale) - 1; i >= 0; i--) {
      sum += counts[i];
    }
    return sum;
  }

  /** The buckets that end above the value. */
  ExponentialSide beyond(double value, int scale) {
    int at = bucketsUpTo(value, scale);
    while (at < counts.length && counts[at] == 0) {
      at++;
    }
    return at == counts.length
        ? NONE
        : new ExponentialSide(first + at, Arrays.copyOfRange(counts, at, counts.length));
  }

  private int bucketsUpTo(double value, int scale) {
    int at = 0;
    while (at < counts.length && bound(first + at + 1, scale) <= value) {
      at++;
    }
    return at;
  }

  /** Where the bucket begins that has the index; never infinite. */
  private static double bound(long index, int scale) {
    return Math.min(Math.pow(2, Math.scalb((double) index, -scale)), Double.MAX_VALUE);
  }
}
