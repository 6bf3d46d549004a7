package io.varve.query.histogram;

import io.varve.query.function.KahanSum;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A compensated sum of histograms and how many there were: every count and the sum of observations
 * carry what rounding lost, in a second histogram of the same buckets. Mutable; one thread.
 */
public final class HistogramSum {
  private FloatHistogram value;
  private @Nullable FloatHistogram low;
  private double terms = 1;
  private boolean isMean;
  private boolean reconciled;
  private boolean resetSeen;
  private boolean noResetSeen;

  /** Of one histogram. */
  public HistogramSum(FloatHistogram first) {
    value = first;
    see(first);
  }

  private void see(FloatHistogram h) {
    resetSeen |= h.hint == ResetHint.RESET;
    noResetSeen |= h.hint == ResetHint.NOT_RESET;
  }

  /** True if custom bounds differed somewhere. */
  public boolean isReconciled() {
    return reconciled;
  }

  /** True if one said that there was a counter reset, and another that there was none. */
  public boolean hasCollision() {
    return resetSeen && noResetSeen;
  }

  /**
   * Adds a histogram.
   *
   * @return false if it cannot be added, because only one of them has custom buckets
   */
  public boolean add(FloatHistogram other) {
    see(other);
    terms++;
    return add(value, low, other);
  }

  /**
   * Adds a histogram to what is to become a mean: the sum is turned into a running mean when it
   * would overflow.
   *
   * @return false if it cannot be added, because only one of them has custom buckets
   */
  public boolean addToMean(FloatHistogram other) {
    see(other);
    terms++;
    if (!isMean) {
      FloatHistogram before = value;
      FloatHistogram lowBefore = low;
      if (!add(value, low, other)) {
        return false;
      }
      if (!value.hasOverflow()) {
        return true;
      }
      isMean = true;
      value = before.dividedBy(terms - 1);
      low = lowBefore == null ? null : lowBefore.dividedBy(terms - 1);
    }
    double weight = (terms - 1) / terms;
    return add(value.times(weight), low == null ? null : low.times(weight), other.dividedBy(terms));
  }

  /** The sum. */
  public FloatHistogram sum() {
    return joined(value, low);
  }

  /** The mean. */
  public FloatHistogram mean() {
    return isMean
        ? joined(value, low)
        : joined(value.dividedBy(terms), low == null ? null : low.dividedBy(terms));
  }

  private static FloatHistogram joined(FloatHistogram high, @Nullable FloatHistogram low) {
    FloatHistogram.Combined both = low == null ? null : high.plus(low);
    return (both == null ? high : both.value()).compact();
  }

  private boolean add(FloatHistogram a, @Nullable FloatHistogram lowOfA, FloatHistogram b) {
    if (a.isCustom() != b.isCustom()) {
      return false;
    }
    FloatHistogram c = lowOfA == null ? compensation(a) : lowOfA;
    ResetHint hint = FloatHistogram.combinedHint(a.hint, b.hint);
    KahanSum count = new KahanSum();
    count.set(a.count, c.count);
    count.add(b.count);
    KahanSum sum = new KahanSum();
    sum.set(a.sum, c.sum);
    sum.add(b.sum);
    if (a.isCustom()) {
      boolean same = a.sameBounds(b);
      double[] bounds =
          same ? a.customValues : FloatHistogram.commonBounds(a.customValues, b.customValues);
      Side.Compensated side;
      if (same) {
        side = plus(new Side.Compensated(a.positive, c.positive.count()), b.positive, null, 0);
      } else {
        reconciled = true;
        double[] targets = new double[bounds.length + 1];
        double[] lows = new double[targets.length];
        CustomBuckets.fold(
            a.positive, c.positive.count(), a.customValues, bounds, targets, lows, false);
        CustomBuckets.fold(b.positive, null, b.customValues, bounds, targets, lows, false);
        side = CustomBuckets.populated(targets, lows);
      }
      set(
          hint,
          a.schema,
          0,
          0,
          0,
          count,
          sum,
          side,
          new Side.Compensated(Side.NONE, new double[0]),
          bounds);
      return true;
    }
    ZeroBuckets zero = ZeroBuckets.reconcile(a, c, b);
    FloatHistogram mine = zero.left();
    FloatHistogram mineLow = zero.leftLow() == null ? c : zero.leftLow();
    KahanSum zeros = new KahanSum();
    zeros.set(mine.zeroCount, mineLow.zeroCount);
    zeros.add(zero.rightZeroCount());
    zeros.add(zero.rightZeroLow());
    int schema = Math.min(a.schema, b.schema);
    double threshold = mine.zeroThreshold;
    set(
        hint,
        schema,
        threshold,
        zeros.high(),
        zeros.low(),
        count,
        sum,
        plus(mine.positive, mineLow.positive, a.schema, b.positive, b.schema, schema, threshold),
        plus(mine.negative, mineLow.negative, a.schema, b.negative, b.schema, schema, threshold),
        a.customValues);
    return true;
  }

  private void set(
      ResetHint hint,
      int schema,
      double threshold,
      double zeroCount,
      double zeroLow,
      KahanSum count,
      KahanSum sum,
      Side.Compensated positive,
      Side.Compensated negative,
      double[] customValues) {
    value =
        new FloatHistogram(
            hint,
            schema,
            threshold,
            zeroCount,
            count.high(),
            sum.high(),
            positive.side(),
            negative.side(),
            customValues);
    low =
        new FloatHistogram(
            hint,
            schema,
            threshold,
            zeroLow,
            count.low(),
            sum.low(),
            new Side(positive.side().index(), positive.low()),
            new Side(negative.side().index(), negative.low()),
            customValues);
  }

  private static FloatHistogram compensation(FloatHistogram h) {
    return new FloatHistogram(
        h.hint,
        h.schema,
        h.zeroThreshold,
        0,
        0,
        0,
        new Side(h.positive.index(), new double[h.positive.size()]),
        new Side(h.negative.index(), new double[h.negative.size()]),
        h.customValues);
  }

  private static Side.Compensated plus(
      Side a, Side lowOfA, int schemaOfA, Side b, int schemaOfB, int schema, double threshold) {
    Side.Compensated mine = reduce(a, lowOfA.count(), schemaOfA, schema);
    Side.Compensated other = reduce(b, new double[b.size()], schemaOfB, schema);
    return plus(mine, other.side(), other.low(), other.side().firstAbove(threshold, schema));
  }

  private static Side.Compensated reduce(Side side, double[] low, int schema, int lowerSchema) {
    if (schema == lowerSchema || side.isEmpty()) {
      return new Side.Compensated(side, low);
    }
    int[] index = new int[side.size()];
    double[] counts = new double[side.size()];
    double[] lows = new double[side.size()];
    KahanSum sum = new KahanSum();
    int n = 0;
    for (int i = 0; i < side.size(); i++) {
      int target = ExponentialBounds.reduce(side.index()[i], schema, lowerSchema);
      if (n > 0 && index[n - 1] == target) {
        sum.set(counts[n - 1], lows[n - 1]);
        sum.add(side.count()[i]);
        sum.add(low[i]);
        counts[n - 1] = sum.high();
        lows[n - 1] = sum.low();
      } else {
        index[n] = target;
        counts[n] = side.count()[i];
        lows[n++] = low[i];
      }
    }
    return new Side.Compensated(
        new Side(Arrays.copyOf(index, n), Arrays.copyOf(counts, n)), Arrays.copyOf(lows, n));
  }

  private static Side.Compensated plus(
      Side.Compensated a, Side b, double @Nullable [] lowOfB, int from) {
    if (from >= b.size()) {
      return a;
    }
    Side mine = a.side();
    int most = mine.size() + b.size() - from;
    int[] index = new int[most];
    double[] counts = new double[most];
    double[] lows = new double[most];
    KahanSum sum = new KahanSum();
    int n = 0;
    int i = 0;
    int k = from;
    while (i < mine.size() || k < b.size()) {
      boolean left = k >= b.size() || (i < mine.size() && mine.index()[i] <= b.index()[k]);
      boolean right = i >= mine.size() || (k < b.size() && b.index()[k] <= mine.index()[i]);
      double lowOfThis = right && lowOfB != null ? lowOfB[k] : 0;
      index[n] = left ? mine.index()[i] : b.index()[k];
      if (left) {
        sum.set(mine.count()[i], a.low()[i]);
        i++;
        if (right) {
          sum.add(b.count()[k++]);
          if (lowOfThis != 0) {
            sum.add(lowOfThis);
          }
        }
        counts[n] = sum.high();
        lows[n] = sum.low();
      } else {
        counts[n] = b.count()[k++];
        lows[n] = lowOfThis;
      }
      n++;
    }
    return new Side.Compensated(
        new Side(Arrays.copyOf(index, n), Arrays.copyOf(counts, n)), Arrays.copyOf(lows, n));
  }
}
