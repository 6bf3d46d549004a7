package io.varve.query.histogram;

import io.varve.query.function.KahanSum;
import org.jspecify.annotations.Nullable;

/**
 * Two histograms with one zero bucket, wide enough for both and ending at no populated bucket's
 * inside.
 *
 * @param left the left one, changed if need be
 * @param leftLow low parts of its counts; null without compensation
 * @param rightZeroCount what the right one has in that zero bucket
 * @param rightZeroLow low part of it
 */
record ZeroBuckets(
    FloatHistogram left,
    @Nullable FloatHistogram leftLow,
    double rightZeroCount,
    double rightZeroLow) {

  /** Widens the zero buckets until they are the same. */
  static ZeroBuckets reconcile(
      FloatHistogram left, @Nullable FloatHistogram leftLow, FloatHistogram right) {
    FloatHistogram mine = left;
    FloatHistogram low = leftLow;
    double threshold = right.zeroThreshold;
    double count = right.zeroCount;
    double countLow = 0;
    while (threshold != mine.zeroThreshold
        && !Double.isNaN(threshold)
        && !Double.isNaN(mine.zeroThreshold)) {
      if (mine.zeroThreshold > threshold) {
        Widened w = widen(right, null, mine.zeroThreshold);
        threshold = w.threshold;
        count = w.count;
        countLow = w.low;
      }
      if (threshold > mine.zeroThreshold) {
        Widened w = widen(mine, low, threshold);
        mine = withZero(mine, w.threshold, low == null ? w.count + w.low : w.count);
        if (low == null) {
          mine =
              mine.withSides(
                  cleared(mine, mine.positive).compact(), cleared(mine, mine.negative).compact());
        } else {
          Side.Compensated p =
              cleared(mine, mine.positive).compact(cleared(mine, low.positive).count());
          Side.Compensated n =
              cleared(mine, mine.negative).compact(cleared(mine, low.negative).count());
          mine = mine.withSides(p.side(), n.side());
          low =
              withZero(low, w.threshold, w.low)
                  .withSides(
                      new Side(p.side().index(), p.low()), new Side(n.side().index(), n.low()));
        }
      }
    }
    return new ZeroBuckets(mine, low, low == null ? count + countLow : count, countLow);
  }

  private static FloatHistogram withZero(FloatHistogram h, double threshold, double count) {
    return new FloatHistogram(
        h.hint, h.schema, threshold, count, h.count, h.sum, h.positive, h.negative, h.customValues);
  }

  /** A side without what its histogram's zero bucket covers; all of these are at its beginning. */
  private static Side cleared(FloatHistogram h, Side side) {
    double[] counts = side.count().clone();
    for (int i = 0; i < counts.length; i++) {
      if (ExponentialBounds.upper(side.index()[i] - 1, h.schema) >= h.zeroThreshold) {
        break;
      }
      counts[i] = 0;
    }
    return new Side(side.index(), counts);
  }

  /**
   * A zero bucket made wider.
   *
   * @param count observations in it
   * @param low low part of the count
   * @param threshold where it ends: what was asked for, or the end of the populated bucket in which
   *     that lies
   */
  record Widened(double count, double low, double threshold) {}

  /**
   * What a histogram would count in a zero bucket that reaches up to {@code threshold}, which is
   * not less than its own.
   */
  static Widened widen(FloatHistogram h, @Nullable FloatHistogram low, double threshold) {
    double wanted = threshold;
    if (wanted == h.zeroThreshold) {
      return new Widened(h.zeroCount, low == null ? 0 : low.zeroCount, wanted);
    }
    KahanSum total = new KahanSum();
    while (true) {
      total.set(h.zeroCount, low == null ? 0 : low.zeroCount);
      wanted = absorb(h, h.positive, low == null ? null : low.positive, wanted, total);
      double after = absorb(h, h.negative, low == null ? null : low.negative, wanted, total);
      if (after == wanted) {
        return new Widened(total.high(), total.low(), wanted);
      }
      wanted = after; // the positive side must be looked at again
    }
  }

  /** Adds the buckets that begin below a threshold; returns where the last of them ends. */
  private static double absorb(
      FloatHistogram h, Side side, @Nullable Side low, double threshold, KahanSum total) {
    for (int i = 0; i < side.size(); i++) {
      int index = side.index()[i];
      if (ExponentialBounds.upper(index - 1, h.schema) >= threshold) {
        return threshold;
      }
      total.add(side.count()[i]);
      if (low != null) {
        total.add(low.count()[i]);
      }
      double end = ExponentialBounds.upper(index, h.schema);
      if (end > threshold) {
        return side.count()[i] == 0 ? threshold : end;
      }
    }
    return threshold;
  }
}
