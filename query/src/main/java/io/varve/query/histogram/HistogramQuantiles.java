package io.varve.query.histogram;

import io.varve.query.function.KahanSum;
import io.varve.query.function.Numbers;

/**
 * What is asked of the distribution in a histogram. Within a bucket, observations are taken to lie
 * evenly on a logarithmic scale; in the zero bucket and in custom buckets evenly on a linear one. A
 * histogram with buckets on one side of zero only is taken to have no observation beyond zero.
 */
public final class HistogramQuantiles {
  /** What NaN observations did to an answer. */
  public enum NanEffect {
    /** Nothing. */
    NONE,
    /** They are the answer. */
    RESULT,
    /** They moved the answer, or count in no share. */
    SKEW
  }

  /**
   * An answer.
   *
   * @param nan what NaN observations did to it
   */
  public record Answer(double value, NanEffect nan) {
    private static Answer plain(double value) {
      return new Answer(value, NanEffect.NONE);
    }
  }

  private HistogramQuantiles() {}

  /** A quantile; ±Inf for one below 0 or above 1. NaN observations count as greater than all. */
  public static Answer quantile(double q, FloatHistogram h) {
    if (q < 0) {
      return Answer.plain(Double.NEGATIVE_INFINITY);
    }
    if (q > 1) {
      return Answer.plain(Double.POSITIVE_INFINITY);
    }
    if (h.count == 0 || Double.isNaN(q)) {
      return Answer.plain(Double.NaN);
    }
    boolean forward = Double.isNaN(h.sum) || q < 0.5; // the shorter way, unless there may be NaNs
    BucketCursor b = forward ? h.ascending() : h.descending();
    double rank = forward ? q * h.count : (1 - q) * h.count;
    double count = 0;
    double bucketCount = 0;
    double lower = 0;
    double upper = 0;
    while (b.next()) {
      lower = b.lower;
      upper = b.upper;
      bucketCount = b.count;
      count += b.count;
      if (b.count != 0 && count >= rank) {
        break;
      }
    }
    if (h.isCustom()) {
      if (lower == Double.NEGATIVE_INFINITY) {
        if (upper <= 0) {
          return Answer.plain(upper);
        }
        lower = 0;
      } else if (upper == Double.POSITIVE_INFINITY) {
        return Answer.plain(lower);
      }
    } else if (lower < 0 && upper > 0) {
      if (h.negative.isEmpty() && !h.positive.isEmpty()) {
        lower = 0;
      } else if (h.positive.isEmpty() && !h.negative.isEmpty()) {
        upper = 0;
      }
    }
    count = Math.min(count, h.count);
    if (count < rank) {
      return Double.isNaN(h.sum) ? new Answer(Double.NaN, NanEffect.RESULT) : Answer.plain(upper);
    }
    rank = forward ? rank - (count - bucketCount) : count - rank;
    NanEffect nan = NanEffect.NONE;
    if (Double.isNaN(h.sum)) {
      while (b.next()) {
        count += b.count;
      }
      if (count < h.count) { // infinities make the sum NaN, too
        nan = NanEffect.SKEW;
      }
    }
    double fraction = rank / bucketCount;
    return new Answer(interpolate(h, lower, upper, fraction), nan);
  }

  private static double interpolate(FloatHistogram h, double lower, double upper, double fraction) {
    if (h.isCustom() || (lower <= 0 && upper >= 0)) {
      return lower + (upper - lower) * fraction;
    }
    double logLower = Numbers.log2(Math.abs(lower));
    double logUpper = Numbers.log2(Math.abs(upper));
    return lower > 0
        ? Numbers.exp2(logLower + (logUpper - logLower) * fraction)
        : -Numbers.exp2(logUpper + (logLower - logUpper) * (1 - fraction));
  }

  /** The share of observations between two values. NaN observations are in no share. */
  public static Answer fraction(double lower, double upper, FloatHistogram h) {
    if (h.count == 0 || Double.isNaN(lower) || Double.isNaN(upper)) {
      return Answer.plain(Double.NaN);
    }
    if (lower >= upper) {
      return Answer.plain(0);
    }
    double lowerRank = Double.NaN;
    double upperRank = Double.NaN;
    double rank = 0;
    double count = 0;
    BucketCursor b = h.ascending();
    while (b.next()) {
      count += b.count;
      boolean zero = b.lower <= 0 && b.upper >= 0;
      if (zero) {
        if (h.negative.isEmpty() && !h.positive.isEmpty()) {
          b.lower = 0;
        } else if (h.positive.isEmpty() && !h.negative.isEmpty()) {
          b.upper = 0;
        }
      }
      boolean linear = zero || h.isCustom();
      if (Double.isNaN(lowerRank)) {
        lowerRank = rankWithin(b, lower, rank, linear);
      }
      if (Double.isNaN(upperRank)) {
        upperRank = rankWithin(b, upper, rank, linear);
      }
      if (!Double.isNaN(lowerRank) && !Double.isNaN(upperRank)) {
        break;
      }
      rank += b.count;
    }
    NanEffect nan = NanEffect.NONE;
    if (Double.isNaN(h.sum)) {
      while (b.next()) {
        count += b.count;
      }
      if (count < h.count) {
        nan = NanEffect.SKEW;
      }
    } else {
      count = h.count;
    }
    double from = Double.isNaN(lowerRank) || lowerRank > count ? count : lowerRank;
    double to = Double.isNaN(upperRank) || upperRank > count ? count : upperRank;
    return new Answer((to - from) / h.count, nan);
  }

  /** Observations up to a value, if it lies before or in the bucket; else NaN. */
  private static double rankWithin(BucketCursor b, double value, double rank, boolean linear) {
    if (b.lower >= value) {
      return rank;
    }
    if (!(b.upper > value)) {
      return Double.NaN;
    }
    if (linear) {
      return b.lower == Double.NEGATIVE_INFINITY
          ? b.count
          : rank + b.count * (value - b.lower) / (b.upper - b.lower);
    }
    double logLower = Numbers.log2(Math.abs(b.lower));
    double logUpper = Numbers.log2(Math.abs(b.upper));
    double logValue = Numbers.log2(Math.abs(value));
    double fraction =
        value > 0
            ? (logValue - logLower) / (logUpper - logLower)
            : 1 - (logValue - logUpper) / (logLower - logUpper);
    return rank + b.count * fraction;
  }

  /** The variance, by the geometric middle of exponential buckets and the middle of others. */
  public static double variance(FloatHistogram h) {
    double mean = h.sum / h.count;
    KahanSum squares = new KahanSum();
    BucketCursor b = h.ascending();
    while (b.next()) {
      if (b.count == 0) {
        continue;
      }
      double value;
      if (h.isCustom()) {
        value = (b.upper + b.lower) / 2;
      } else if (b.lower <= 0 && b.upper >= 0) {
        value = 0;
      } else {
        value = Math.sqrt(b.upper * b.lower);
        if (b.upper < 0) {
          value = -value;
        }
      }
      double delta = value - mean;
      squares.add(b.count * delta * delta);
    }
    return (squares.high() + squares.low()) / h.count;
  }
}
