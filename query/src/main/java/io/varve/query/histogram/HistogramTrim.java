package io.varve.query.histogram;

import io.varve.query.function.Numbers;

/**
 * The operators {@code </} and {@code >/}: only the observations below or above a value. The bucket
 * in which the value lies is divided as {@link HistogramQuantiles} would; the sum is estimated anew
 * from the middles of what is left, if anything is gone. What lies in a bucket with an infinite
 * bound is unknown, so such a bucket stays or goes as a whole.
 */
public final class HistogramTrim {
  private final FloatHistogram histogram;
  private final double value;
  private final boolean below;
  private double count;
  private double sum;
  private boolean changed;

  private HistogramTrim(FloatHistogram histogram, double value, boolean below) {
    this.histogram = histogram;
    this.value = value;
    this.below = below;
  }

  /** Only observations up to a value. */
  public static FloatHistogram below(FloatHistogram histogram, double value) {
    return new HistogramTrim(histogram, value, true).apply();
  }

  /** Only observations from a value on. */
  public static FloatHistogram above(FloatHistogram histogram, double value) {
    return new HistogramTrim(histogram, value, false).apply();
  }

  private FloatHistogram apply() {
    Side positive = side(histogram.positive, true);
    Side negative = side(histogram.negative, false);
    double zeroCount = histogram.zeroCount;
    if (zeroCount > 0) {
      zeroCount = zero(isPopulated(histogram.negative), isPopulated(histogram.positive));
    }
    if (!changed) {
      return histogram;
    }
    return new FloatHistogram(
            histogram.hint,
            histogram.schema,
            histogram.zeroThreshold,
            zeroCount,
            count,
            sum,
            positive,
            negative,
            histogram.customValues)
        .compact();
  }

  private static boolean isPopulated(Side side) {
    for (double c : side.count()) {
      if (c != 0) {
        return true;
      }
    }
    return false;
  }

  private Side side(Side side, boolean positive) {
    double[] counts = side.count().clone();
    for (int i = 0; i < counts.length; i++) {
      if (counts[i] == 0) {
        continue;
      }
      int index = side.index()[i];
      double outer = BucketCursor.bound(histogram, index);
      double inner = BucketCursor.bound(histogram, index - 1);
      double lower = positive ? inner : -outer;
      double upper = positive ? outer : -inner;
      double kept = counts[i];
      if (below ? upper <= value : lower >= value) {
        keep(kept, middle(lower, upper, positive));
      } else if (below ? lower < value : upper > value) {
        kept = divide(lower, upper, counts[i], positive);
      } else {
        kept = 0;
      }
      if (kept != counts[i]) {
        counts[i] = kept;
        changed = true;
      }
    }
    return new Side(side.index(), counts);
  }

  private void keep(double observations, double middle) {
    count += observations;
    sum += middle * observations;
  }

  /** Keeps a part of the bucket in which the value lies. */
  private double divide(double lower, double upper, double observations, boolean positive) {
    double kept;
    double middle;
    if (lower == Double.NEGATIVE_INFINITY) {
      boolean fromZero = upper > 0 && upper != Double.POSITIVE_INFINITY;
      if (below) {
        if (value > 0 && fromZero) {
          kept = observations * value / upper;
          middle = value / 2;
        } else if (upper <= 0) {
          kept = observations;
          middle = value;
        } else {
          kept = 0;
          middle = 0;
        }
      } else if (value >= 0 && fromZero) {
        kept = observations * (1 - value / upper);
        middle = (value + upper) / 2;
      } else {
        kept = 0;
        middle = 0;
      }
    } else if (upper == Double.POSITIVE_INFINITY) {
      kept = !below && value >= lower ? observations : 0;
      middle = kept == 0 ? 0 : value;
    } else {
      double under = observations * fraction(lower, upper, positive);
      kept = below ? under : observations - under;
      middle = below ? middle(lower, value, positive) : middle(value, upper, positive);
    }
    keep(kept, middle);
    return kept;
  }

  /** The share of a bucket below the value, which lies in it. */
  private double fraction(double lower, double upper, boolean positive) {
    if (histogram.isCustom()) {
      return (value - lower) / (upper - lower);
    }
    double logLower = Numbers.log2(Math.abs(lower));
    double logUpper = Numbers.log2(Math.abs(upper));
    double logValue = Numbers.log2(Math.abs(value));
    return positive
        ? (logValue - logLower) / (logUpper - logLower)
        : 1 - (logValue - logUpper) / (logLower - logUpper);
  }

  private double middle(double lower, double upper, boolean positive) {
    if (Double.isInfinite(lower)) {
      return Double.isInfinite(upper) ? 0 : upper > 0 ? upper / 2 : upper;
    }
    if (Double.isInfinite(upper)) {
      return lower;
    }
    if (histogram.isCustom()) {
      return (lower + upper) / 2;
    }
    double geometric = Math.sqrt(Math.abs(lower * upper));
    return positive ? geometric : -geometric;
  }

  private double zero(boolean hasNegative, boolean hasPositive) {
    double lower = hasPositive && !hasNegative ? 0 : -histogram.zeroThreshold;
    double upper = hasNegative && !hasPositive ? 0 : histogram.zeroThreshold;
    double all = histogram.zeroCount;
    double kept;
    double middle;
    if (below ? value >= upper : value <= lower) {
      kept = all;
      middle = (lower + upper) / 2;
    } else if (below ? value <= lower : value >= upper) {
      kept = 0;
      middle = 0;
    } else if (below) {
      kept = all * ((value - lower) / (upper - lower));
      middle = (lower + value) / 2;
    } else {
      kept = all * ((upper - value) / (upper - lower));
      middle = (value + upper) / 2;
    }
    if (kept != all) {
      changed = true;
    }
    keep(kept, middle);
    return kept;
  }
}
