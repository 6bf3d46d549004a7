package io.varve.query.histogram;

/**
 * Moves over all buckets of a histogram, explicit empty ones included: negative ones, the zero
 * bucket if it counts anything, positive ones; or the other way round. Bounds that reach into the
 * zero bucket are cut. One thread.
 */
public final class BucketCursor {
  private final FloatHistogram histogram;
  private final boolean ascending;
  private final Side first;
  private final Side second;
  private int at = -1;
  private int phase;

  /** The lower bound. */
  public double lower;

  /** The upper bound. */
  public double upper;

  /** True if an observation of exactly the lower bound lies in this bucket. */
  public boolean lowerInclusive;

  /** True if an observation of exactly the upper bound lies in this bucket. */
  public boolean upperInclusive;

  /** Observations. */
  public double count;

  BucketCursor(FloatHistogram histogram, boolean ascending) {
    this.histogram = histogram;
    this.ascending = ascending;
    this.first = ascending ? histogram.negative : histogram.positive;
    this.second = ascending ? histogram.positive : histogram.negative;
  }

  /** Goes to the next bucket; false, and the fields stay, if there is none. */
  public boolean next() {
    if (phase == 0) {
      if (++at < first.size()) {
        moveTo(first, first.size() - 1 - at, !ascending);
        cut();
        return true;
      }
      phase = 1;
    }
    if (phase == 1) {
      phase = 2;
      at = -1;
      if (histogram.zeroCount > 0) {
        lower = -histogram.zeroThreshold;
        upper = histogram.zeroThreshold;
        lowerInclusive = true;
        upperInclusive = true;
        count = histogram.zeroCount;
        return true;
      }
    }
    if (++at < second.size()) {
      moveTo(second, at, ascending);
      cut();
      return true;
    }
    return false;
  }

  private void cut() {
    double zero = histogram.zeroThreshold;
    if (upper < 0 && upper > -zero) {
      upper = -zero;
    } else if (lower > 0 && lower < zero) {
      lower = zero;
    }
  }

  private void moveTo(Side side, int i, boolean positive) {
    count = side.count()[i];
    int index = side.index()[i];
    double outer = bound(histogram, index);
    double inner = bound(histogram, index - 1);
    lower = positive ? inner : -outer;
    upper = positive ? outer : -inner;
    if (histogram.isCustom()) {
      lowerInclusive = index == 0;
      upperInclusive = true;
    } else {
      lowerInclusive = lower < 0;
      upperInclusive = upper > 0;
    }
  }

  /** The upper bound of a positive bucket, uncut. */
  static double bound(FloatHistogram histogram, int index) {
    if (!histogram.isCustom()) {
      return ExponentialBounds.upper(index, histogram.schema);
    }
    double[] bounds = histogram.customValues;
    return index < 0
        ? Double.NEGATIVE_INFINITY
        : index < bounds.length ? bounds[index] : Double.POSITIVE_INFINITY;
  }
}
