package io.varve.query.histogram;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The buckets on one side of a histogram, immutable: ascending indexes and their counts, buckets
 * with a count of zero only where somebody put them. Arrays are not to be changed.
 *
 * @param index ascending, distinct
 * @param count as many
 */
public record Side(int[] index, double[] count) {
  static final Side NONE = new Side(new int[0], new double[0]);

  /** How many buckets. */
  public int size() {
    return index.length;
  }

  /** True if there are none. */
  public boolean isEmpty() {
    return index.length == 0;
  }

  /** Of stored spans (offset and length in turn) and the counts of their buckets. */
  static Side of(int[] spans, double[] counts) {
    if (counts.length == 0) {
      return NONE;
    }
    int[] index = new int[counts.length];
    int n = 0;
    int at = 0;
    for (int s = 0; s + 1 < spans.length && n < index.length; s += 2) {
      at += spans[s];
      for (int k = 0; k < spans[s + 1] && n < index.length; k++) {
        index[n++] = at++;
      }
    }
    return n == index.length
        ? new Side(index, counts)
        : new Side(Arrays.copyOf(index, n), Arrays.copyOf(counts, n));
  }

  /** Runs of neighbours: offset from the end of the one before, and length, in turn. */
  int[] spans() {
    int[] spans = new int[2 * size()];
    int n = 0;
    int end = 0;
    for (int i = 0; i < size(); i++) {
      if (n > 0 && index[i] == end) {
        spans[n - 1]++;
      } else {
        spans[n++] = index[i] - end;
        spans[n++] = 1;
      }
      end = index[i] + 1;
    }
    return Arrays.copyOf(spans, n);
  }

  /** Without the buckets that count nothing. */
  Side compact() {
    int kept = 0;
    for (double c : count) {
      if (c != 0) {
        kept++;
      }
    }
    return kept == count.length ? this : keep(kept, null).side;
  }

  /** A side and the low parts of its counts. */
  record Compensated(Side side, double[] low) {}

  /** Without the buckets that count nothing, not even a low part. */
  Compensated compact(double[] low) {
    int kept = 0;
    for (int i = 0; i < count.length; i++) {
      if (count[i] != 0 || low[i] != 0) {
        kept++;
      }
    }
    return kept == count.length ? new Compensated(this, low) : keep(kept, low);
  }

  private Compensated keep(int kept, double @Nullable [] low) {
    int[] indexes = new int[kept];
    double[] counts = new double[kept];
    double[] lows = new double[low == null ? 0 : kept];
    int n = 0;
    for (int i = 0; i < count.length; i++) {
      if (count[i] != 0 || (low != null && low[i] != 0)) {
        indexes[n] = index[i];
        counts[n] = count[i];
        if (low != null) {
          lows[n] = low[i];
        }
        n++;
      }
    }
    return new Compensated(new Side(indexes, counts), lows);
  }

  /** The same at a lower resolution: neighbours that fall into one bucket are added. */
  Side reduce(int schema, int lowerSchema) {
    if (isEmpty() || schema == lowerSchema) {
      return this;
    }
    int[] indexes = new int[index.length];
    double[] counts = new double[index.length];
    int n = 0;
    for (int i = 0; i < index.length; i++) {
      int target = ExponentialBounds.reduce(index[i], schema, lowerSchema);
      if (n > 0 && indexes[n - 1] == target) {
        counts[n - 1] += count[i];
      } else {
        indexes[n] = target;
        counts[n++] = count[i];
      }
    }
    return new Side(Arrays.copyOf(indexes, n), Arrays.copyOf(counts, n));
  }

  /** Each count changed by a factor. */
  Side times(double factor) {
    double[] counts = count.clone();
    for (int i = 0; i < counts.length; i++) {
      counts[i] *= factor;
    }
    return new Side(index, counts);
  }

  /** Each count divided. */
  Side dividedBy(double divisor) {
    double[] counts = count.clone();
    for (int i = 0; i < counts.length; i++) {
      counts[i] /= divisor;
    }
    return new Side(index, counts);
  }

  /**
   * This side and the buckets of another one from {@code from} on, added or subtracted bucket by
   * bucket.
   */
  Side plus(Side other, int from, boolean subtract) {
    if (from >= other.size()) {
      return this;
    }
    int most = size() + other.size() - from;
    int[] indexes = new int[most];
    double[] counts = new double[most];
    int n = 0;
    int i = 0;
    int k = from;
    while (i < size() || k < other.size()) {
      boolean mine = k >= other.size() || (i < size() && index[i] <= other.index[k]);
      boolean its = i >= size() || (k < other.size() && other.index[k] <= index[i]);
      indexes[n] = mine ? index[i] : other.index[k];
      double value = mine ? count[i++] : 0;
      if (its) {
        double c = subtract ? -other.count[k] : other.count[k];
        value = mine ? value + c : c;
        k++;
      }
      counts[n++] = value;
    }
    return n == most
        ? new Side(indexes, counts)
        : new Side(Arrays.copyOf(indexes, n), Arrays.copyOf(counts, n));
  }

  /** The same bits in the same buckets. */
  boolean sameAs(Side other) {
    if (!Arrays.equals(index, other.index)) {
      return false;
    }
    for (int i = 0; i < count.length; i++) {
      if (Double.doubleToRawLongBits(count[i]) != Double.doubleToRawLongBits(other.count[i])) {
        return false;
      }
    }
    return true;
  }

  /** First bucket whose bound is greater than a threshold, as a position. */
  int firstAbove(double threshold, int schema) {
    int from = 0;
    while (from < size() && ExponentialBounds.upper(index[from], schema) <= threshold) {
      from++;
    }
    return from;
  }
}
