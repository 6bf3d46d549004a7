package io.varve.ingest.otlp;

import io.varve.ingest.intake.NativeHistogram;
import java.util.function.IntToLongFunction;

/**
 * Turns the buckets of OpenTelemetry, one count for each index from an offset on, into spans and
 * deltas of native histograms, in which runs of empty buckets are left out.
 */
final class DenseBuckets {
  /** As many empty buckets in a row cost less than a new span. */
  private static final long MOST_FILLED = 2;

  private final NativeHistogram histogram;
  private final NativeHistogram.Buckets side;
  private long next; // index behind the last bucket that was written
  private long previous; // its count
  private boolean any;

  private DenseBuckets(NativeHistogram histogram, NativeHistogram.Buckets side) {
    this.histogram = histogram;
    this.side = side;
  }

  /**
   * Adds the buckets of one side of an exponential histogram. Bucket i there ends where bucket i +
   * 1 here does.
   *
   * @param scaleDown by how many steps the resolution is reduced: each merges two neighbours
   */
  static void exponential(
      NativeHistogram histogram,
      NativeHistogram.Buckets side,
      IntToLongFunction counts,
      int size,
      int offset,
      int scaleDown) {
    DenseBuckets buckets = new DenseBuckets(histogram, side);
    int shift = Math.min(scaleDown, Long.SIZE - 1);
    long index = 0;
    long count = 0;
    for (int i = 0; i < size; i++) {
      long target = (((long) offset + i) >> shift) + 1;
      if (i > 0 && target != index) {
        buckets.add(index, count);
        count = 0;
      }
      index = target;
      count += counts.applyAsLong(i);
    }
    buckets.add(index, count);
  }

  /** Adds custom buckets; bucket i there is bucket i here. */
  static void custom(NativeHistogram histogram, IntToLongFunction counts, int size) {
    DenseBuckets buckets = new DenseBuckets(histogram, histogram.positive);
    for (int i = 0; i < size; i++) {
      buckets.add(i, counts.applyAsLong(i));
    }
  }

  private void add(long index, long count) {
    if (count == 0) {
      return;
    }
    long gap = index - next;
    if (!any || gap > MOST_FILLED) {
      long offset = any ? gap : index;
      if (offset != (int) offset) {
        histogram.refuseAsTooLarge();
        return;
      }
      side.span((int) offset, 0);
      any = true;
    } else {
      for (long i = 0; i < gap; i++) {
        put(0);
      }
    }
    put(count);
    next = index + 1;
  }

  private void put(long count) {
    side.lengthenSpan();
    side.delta(count - previous);
    previous = count;
  }
}
