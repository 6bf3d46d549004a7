package io.varve.query.histogram;

import io.varve.engine.model.Histogram;
import io.varve.query.function.GoText;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A native histogram with float counts, immutable, with the arithmetic of PromQL. Two histograms
 * with exponential buckets are brought to the lower of their resolutions and to a common zero
 * bucket before they are combined; two with custom buckets to the bounds that both have; one of
 * each kind cannot be combined.
 */
public final class FloatHistogram {
  /** The schema of custom buckets. */
  public static final int CUSTOM_BUCKETS = Histogram.CUSTOM_BUCKETS_SCHEMA;

  private static final double[] NO_BOUNDS = new double[0];

  final ResetHint hint;
  final int schema;
  final double zeroThreshold;
  final double zeroCount;
  final double count;
  final double sum;
  final Side positive;
  final Side negative;
  final double[] customValues;

  FloatHistogram(
      ResetHint hint,
      int schema,
      double zeroThreshold,
      double zeroCount,
      double count,
      double sum,
      Side positive,
      Side negative,
      double[] customValues) {
    this.hint = hint;
    this.schema = schema;
    this.zeroThreshold = zeroThreshold;
    this.zeroCount = zeroCount;
    this.count = count;
    this.sum = sum;
    this.positive = positive;
    this.negative = negative;
    this.customValues = customValues;
  }

  /** What a sample says; counts of integer histograms become floats. */
  public static FloatHistogram of(Histogram stored) {
    boolean floats = stored.floatCounts();
    Side positive =
        Side.of(
            stored.positiveSpans(),
            floats ? stored.positiveCounts() : absolute(stored.positiveDeltas()));
    Side negative =
        Side.of(
            stored.negativeSpans(),
            floats ? stored.negativeCounts() : absolute(stored.negativeDeltas()));
    int schema = stored.schema();
    if (schema > ExponentialBounds.HIGHEST_SCHEMA) {
      positive = positive.reduce(schema, ExponentialBounds.HIGHEST_SCHEMA);
      negative = negative.reduce(schema, ExponentialBounds.HIGHEST_SCHEMA);
      schema = ExponentialBounds.HIGHEST_SCHEMA;
    }
    ResetHint hint =
        switch (stored.resetHint()) {
          case 1 -> ResetHint.RESET;
          case 2 -> ResetHint.NOT_RESET;
          case 3 -> ResetHint.GAUGE;
          default -> ResetHint.UNKNOWN;
        };
    boolean custom = schema == CUSTOM_BUCKETS;
    return new FloatHistogram(
        hint,
        schema,
        custom ? 0 : stored.zeroThreshold(),
        custom ? 0 : stored.zeroCount(),
        stored.count(),
        stored.sum(),
        positive,
        custom ? Side.NONE : negative,
        custom ? stored.customValues() : NO_BOUNDS);
  }

  /** As a sample with float counts. */
  public Histogram toStored() {
    return new Histogram(
        schema,
        zeroThreshold,
        true,
        Double.doubleToRawLongBits(count),
        Double.doubleToRawLongBits(zeroCount),
        sum,
        stored(hint),
        positive.spans(),
        negative.spans(),
        new long[0],
        new long[0],
        positive.count(),
        negative.count(),
        customValues);
  }

  private static int stored(ResetHint hint) {
    return switch (hint) {
      case UNKNOWN -> 0;
      case RESET -> 1;
      case NOT_RESET -> 2;
      case GAUGE -> 3;
    };
  }

  private static double[] absolute(long[] deltas) {
    double[] counts = new double[deltas.length];
    long count = 0;
    for (int i = 0; i < deltas.length; i++) {
      count += deltas[i];
      counts[i] = count;
    }
    return counts;
  }

  /** Without observations, with the buckets of another one's kind. */
  FloatHistogram emptied() {
    return new FloatHistogram(
        ResetHint.UNKNOWN, schema, 0, 0, 0, 0, Side.NONE, Side.NONE, customValues);
  }

  /** What is known of a counter reset before this histogram. */
  public ResetHint hint() {
    return hint;
  }

  /** Resolution; {@link #CUSTOM_BUCKETS} with custom buckets. */
  public int schema() {
    return schema;
  }

  /** Up to which distance from zero observations lie in the zero bucket. */
  public double zeroThreshold() {
    return zeroThreshold;
  }

  /** Observations in the zero bucket. */
  public double zeroCount() {
    return zeroCount;
  }

  /** Observations, NaN ones included. */
  public double count() {
    return count;
  }

  /** Sum of the observations. */
  public double sum() {
    return sum;
  }

  /** Positive buckets, or the custom ones. */
  public Side positive() {
    return positive;
  }

  /** Negative buckets. */
  public Side negative() {
    return negative;
  }

  /** Upper bounds of custom buckets but the last; not to be changed. */
  public double[] customValues() {
    return customValues;
  }

  /** True with custom buckets. */
  public boolean isCustom() {
    return schema == CUSTOM_BUCKETS;
  }

  /** Mean of the observations. */
  public double average() {
    return sum / count;
  }

  /** The same with another hint. */
  public FloatHistogram withHint(ResetHint other) {
    return other == hint
        ? this
        : new FloatHistogram(
            other, schema, zeroThreshold, zeroCount, count, sum, positive, negative, customValues);
  }

  /** Only count and sum, for who asks for nothing else. */
  public FloatHistogram withoutBuckets(ResetHint other) {
    return new FloatHistogram(other, schema, 0, 0, count, sum, Side.NONE, Side.NONE, customValues);
  }

  /** All buckets in ascending order. */
  public BucketCursor ascending() {
    return new BucketCursor(this, true);
  }

  /** All buckets in descending order. */
  public BucketCursor descending() {
    return new BucketCursor(this, false);
  }

  /** Memory that it takes, roughly, in bytes. */
  public long bytes() {
    return 168 + 16L * (positive.size() + negative.size()) + 8L * customValues.length;
  }

  // Arithmetic.

  /** All counts and the sum times a factor; a negative one makes it a gauge. */
  public FloatHistogram times(double factor) {
    return new FloatHistogram(
        factor < 0 ? ResetHint.GAUGE : hint,
        schema,
        zeroThreshold,
        zeroCount * factor,
        count * factor,
        sum * factor,
        positive.times(factor),
        negative.times(factor),
        customValues);
  }

  /** All counts and the sum divided; by zero, the buckets disappear. */
  public FloatHistogram dividedBy(double divisor) {
    boolean none = divisor == 0;
    return new FloatHistogram(
        divisor < 0 ? ResetHint.GAUGE : hint,
        schema,
        zeroThreshold,
        zeroCount / divisor,
        count / divisor,
        sum / divisor,
        none ? Side.NONE : positive.dividedBy(divisor),
        none ? Side.NONE : negative.dividedBy(divisor),
        customValues);
  }

  /** Without buckets that count nothing. */
  public FloatHistogram compact() {
    Side p = positive.compact();
    Side n = negative.compact();
    return p.size() == positive.size() && n.size() == negative.size() ? this : withSides(p, n);
  }

  FloatHistogram withSides(Side otherPositive, Side otherNegative) {
    return new FloatHistogram(
        hint,
        schema,
        zeroThreshold,
        zeroCount,
        count,
        sum,
        otherPositive,
        otherNegative,
        customValues);
  }

  /** The same at a lower resolution, without hint; itself at its own. */
  FloatHistogram toSchema(int lower) {
    return lower == schema
        ? this
        : new FloatHistogram(
            ResetHint.UNKNOWN,
            lower,
            zeroThreshold,
            zeroCount,
            count,
            sum,
            positive.reduce(schema, lower),
            negative.reduce(schema, lower),
            customValues);
  }

  /**
   * The result of an addition or subtraction.
   *
   * @param value not compacted
   * @param collision true if one side says that there was a counter reset and the other that there
   *     was none
   * @param reconciled true if custom bounds differed
   */
  public record Combined(FloatHistogram value, boolean collision, boolean reconciled) {}

  /** The sum of both; null if one has custom buckets and the other has not. */
  public @Nullable Combined plus(FloatHistogram other) {
    return combine(other, false);
  }

  /** This less another one; null if one has custom buckets and the other has not. */
  public @Nullable Combined minus(FloatHistogram other) {
    return combine(other, true);
  }

  private @Nullable Combined combine(FloatHistogram other, boolean subtract) {
    if (isCustom() != other.isCustom()) {
      return null;
    }
    ResetHint both = combinedHint(hint, other.hint);
    boolean collision = collide(hint, other.hint);
    double counts = subtract ? count - other.count : count + other.count;
    double sums = subtract ? sum - other.sum : sum + other.sum;
    if (isCustom()) {
      boolean same = sameBounds(other);
      double[] bounds = same ? customValues : commonBounds(customValues, other.customValues);
      Side side;
      if (same) {
        side = positive.plus(other.positive, 0, subtract);
      } else {
        double[] targets = new double[bounds.length + 1];
        double[] lows = new double[targets.length];
        CustomBuckets.fold(positive, null, customValues, bounds, targets, lows, false);
        CustomBuckets.fold(
            other.positive, null, other.customValues, bounds, targets, lows, subtract);
        side = CustomBuckets.populated(targets, lows).side();
      }
      return new Combined(
          new FloatHistogram(both, schema, 0, 0, counts, sums, side, Side.NONE, bounds),
          collision,
          !same);
    }
    ZeroBuckets zero = ZeroBuckets.reconcile(this, null, other);
    FloatHistogram mine = zero.left();
    int lower = Math.min(schema, other.schema);
    Side otherPositive = other.positive.reduce(other.schema, lower);
    Side otherNegative = other.negative.reduce(other.schema, lower);
    double threshold = mine.zeroThreshold;
    return new Combined(
        new FloatHistogram(
            both,
            lower,
            threshold,
            subtract
                ? mine.zeroCount - zero.rightZeroCount()
                : mine.zeroCount + zero.rightZeroCount(),
            counts,
            sums,
            mine.positive
                .reduce(schema, lower)
                .plus(otherPositive, otherPositive.firstAbove(threshold, lower), subtract),
            mine.negative
                .reduce(schema, lower)
                .plus(otherNegative, otherNegative.firstAbove(threshold, lower), subtract),
            NO_BOUNDS),
        collision,
        false);
  }

  static ResetHint combinedHint(ResetHint left, ResetHint right) {
    if (left == right) {
      return left;
    }
    return left == ResetHint.GAUGE || right == ResetHint.GAUGE
        ? ResetHint.GAUGE
        : ResetHint.UNKNOWN;
  }

  static boolean collide(ResetHint left, ResetHint right) {
    return (left == ResetHint.RESET && right == ResetHint.NOT_RESET)
        || (left == ResetHint.NOT_RESET && right == ResetHint.RESET);
  }

  /** True if both have the same custom bounds. */
  public boolean sameBounds(FloatHistogram other) {
    return sameBounds(customValues, other.customValues);
  }

  private static boolean sameBounds(double[] a, double[] b) {
    if (a.length != b.length) {
      return false;
    }
    for (int i = 0; i < a.length; i++) {
      if (a[i] != b[i]) {
        return false;
      }
    }
    return true;
  }

  /** The bounds that both have. */
  static double[] commonBounds(double[] a, double[] b) {
    double[] common = new double[Math.min(a.length, b.length)];
    int n = 0;
    int i = 0;
    int k = 0;
    while (i < a.length && k < b.length) {
      if (a[i] == b[k]) {
        common[n++] = a[i];
        i++;
        k++;
      } else if (a[i] < b[k]) {
        i++;
      } else {
        k++;
      }
    }
    return Arrays.copyOf(common, n);
  }

  // Counter resets.

  /**
   * True if something that an earlier histogram counted is not counted any more, so that the
   * counter must have begun anew. Hints are believed.
   */
  public boolean isResetAfter(FloatHistogram previous) {
    if (hint == ResetHint.RESET) {
      return true;
    }
    if (hint == ResetHint.NOT_RESET) {
      return false;
    }
    if (count < previous.count) {
      return true;
    }
    if (isCustom()) {
      if (!previous.isCustom()) {
        return true;
      }
      if (!sameBounds(previous)) {
        return CustomBuckets.haveFallen(previous, this);
      }
      return haveFallen(previous.positive, positive, 0, 0);
    }
    if (schema > previous.schema || zeroThreshold < previous.zeroThreshold) {
      return true;
    }
    ZeroBuckets.Widened before = ZeroBuckets.widen(previous, null, zeroThreshold);
    if (before.threshold() != zeroThreshold || zeroCount < before.count()) {
      return true;
    }
    return hasFallen(previous.positive.reduce(previous.schema, schema), positive)
        || hasFallen(previous.negative.reduce(previous.schema, schema), negative);
  }

  private boolean hasFallen(Side before, Side now) {
    return haveFallen(
        before,
        now,
        before.firstAbove(zeroThreshold, schema),
        now.firstAbove(zeroThreshold, schema));
  }

  /** True if a bucket counts less than before, or is populated no more. */
  private static boolean haveFallen(Side before, Side now, int fromBefore, int fromNow) {
    int k = fromNow;
    for (int i = fromBefore; i < before.size(); i++) {
      while (k < now.size() && now.index()[k] < before.index()[i]) {
        k++;
      }
      if (k < now.size() && now.index()[k] == before.index()[i]) {
        if (now.count()[k] < before.count()[i]) {
          return true;
        }
      } else if (before.count()[i] != 0) {
        return true;
      }
    }
    return false;
  }

  /** True if any count or the sum is infinite. */
  boolean hasOverflow() {
    return Double.isInfinite(zeroCount)
        || Double.isInfinite(count)
        || Double.isInfinite(sum)
        || hasInfinite(positive)
        || hasInfinite(negative);
  }

  private static boolean hasInfinite(Side side) {
    for (double c : side.count()) {
      if (Double.isInfinite(c)) {
        return true;
      }
    }
    return false;
  }

  /** The same bits, in the same buckets; hints do not count. */
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof FloatHistogram that
        && schema == that.schema
        && same(count, that.count)
        && same(sum, that.sum)
        && zeroThreshold == that.zeroThreshold
        && same(zeroCount, that.zeroCount)
        && sameBounds(that)
        && positive.sameAs(that.positive)
        && negative.sameAs(that.negative);
  }

  private static boolean same(double a, double b) {
    return Double.doubleToRawLongBits(a) == Double.doubleToRawLongBits(b);
  }

  @Override
  public int hashCode() {
    return 31 * (31 * schema + Double.hashCode(count)) + Double.hashCode(sum);
  }

  /** As Prometheus writes a histogram into a label: count, sum and populated buckets. */
  @Override
  public String toString() {
    StringBuilder out = new StringBuilder("{count:").append(GoText.general(count));
    out.append(", sum:").append(GoText.general(sum));
    BucketCursor bucket = ascending();
    while (bucket.next()) {
      if (bucket.count != 0) {
        out.append(", ")
            .append(bucket.lowerInclusive ? '[' : '(')
            .append(GoText.general(bucket.lower))
            .append(',')
            .append(GoText.general(bucket.upper))
            .append(bucket.upperInclusive ? ']' : ')')
            .append(':')
            .append(GoText.general(bucket.count));
      }
    }
    return out.append('}').toString();
  }
}
