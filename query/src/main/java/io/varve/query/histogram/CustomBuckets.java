package io.varve.query.histogram;

import io.varve.query.function.KahanSum;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Custom buckets with different bounds, brought to the bounds that both histograms have. */
final class CustomBuckets {
  private CustomBuckets() {}

  /**
   * Adds buckets to those of fewer bounds, or subtracts them, with compensation.
   *
   * @param low low parts of the counts; null if there are none
   * @param targets counts per target bucket, one more than there are target bounds
   */
  static void fold(
      Side side,
      double @Nullable [] low,
      double[] bounds,
      double[] targetBounds,
      double[] targets,
      double[] targetLows,
      boolean subtract) {
    KahanSum sum = new KahanSum();
    int target = 0;
    for (int i = 0; i < side.size(); i++) {
      int index = side.index()[i];
      int to = targetBounds.length;
      if (index < bounds.length) {
        while (target < targetBounds.length && targetBounds[target] < bounds[Math.max(0, index)]) {
          target++;
        }
        to = target;
      }
      sum.set(targets[to], targetLows[to]);
      sum.add(subtract ? -side.count()[i] : side.count()[i]);
      if (low != null) {
        sum.add(low[i]);
      }
      targets[to] = sum.high();
      targetLows[to] = sum.low();
    }
  }

  /** The buckets that count anything. */
  static Side.Compensated populated(double[] counts, double[] lows) {
    int[] index = new int[counts.length];
    double[] kept = new double[counts.length];
    double[] keptLows = new double[counts.length];
    int n = 0;
    for (int i = 0; i < counts.length; i++) {
      if (counts[i] != 0 || lows[i] != 0) {
        index[n] = i;
        kept[n] = counts[i];
        keptLows[n++] = lows[i];
      }
    }
    return new Side.Compensated(
        new Side(Arrays.copyOf(index, n), Arrays.copyOf(kept, n)), Arrays.copyOf(keptLows, n));
  }

  /** True if between any two common bounds there is less than before. */
  static boolean haveFallen(FloatHistogram before, FloatHistogram now) {
    double[] common = FloatHistogram.commonBounds(before.customValues, now.customValues);
    double[] old = rolledUp(before, common);
    double[] current = rolledUp(now, common);
    for (int i = 0; i < old.length; i++) {
      if (current[i] < old[i]) {
        return true;
      }
    }
    return false;
  }

  private static double[] rolledUp(FloatHistogram h, double[] bounds) {
    double[] counts = new double[bounds.length + 1];
    int target = 0;
    for (int i = 0; i < h.positive.size(); i++) {
      double upper = BucketCursor.bound(h, h.positive.index()[i]);
      while (target < bounds.length && bounds[target] < upper) {
        target++;
      }
      counts[target] += h.positive.count()[i];
    }
    return counts;
  }
}
