package io.varve.query.histogram;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.varve.engine.Seeds;
import io.varve.engine.model.Histogram;
import io.varve.query.histogram.FloatHistogram.Combined;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** The arithmetic of native histograms. */
class FloatHistogramTest {
  private static final double[] NONE = new double[0];

  /** Exponential, with a positive side from index 1 on and a negative one from index 1 on. */
  static FloatHistogram exponential(
      int schema, double threshold, double zero, double[] positive, double[] negative) {
    double count = zero;
    double sum = 0;
    for (double c : positive) {
      count += c;
      sum += 2 * c;
    }
    for (double c : negative) {
      count += c;
      sum -= 2 * c;
    }
    return new FloatHistogram(
        ResetHint.UNKNOWN,
        schema,
        threshold,
        zero,
        count,
        sum,
        side(1, positive),
        side(1, negative),
        NONE);
  }

  static FloatHistogram custom(double[] bounds, double... counts) {
    double count = 0;
    for (double c : counts) {
      count += c;
    }
    return new FloatHistogram(
        ResetHint.UNKNOWN,
        FloatHistogram.CUSTOM_BUCKETS,
        0,
        0,
        count,
        3 * count,
        side(0, counts),
        Side.NONE,
        bounds);
  }

  static Side side(int first, double... counts) {
    int[] index = new int[counts.length];
    for (int i = 0; i < index.length; i++) {
      index[i] = first + i;
    }
    return new Side(index, counts);
  }

  private static FloatHistogram sum(FloatHistogram a, FloatHistogram b) {
    Combined combined = requireNonNull(a.plus(b));
    return combined.value();
  }

  private static FloatHistogram difference(FloatHistogram a, FloatHistogram b) {
    Combined combined = requireNonNull(a.minus(b));
    return combined.value();
  }

  @Test
  void integerDeltasBecomeAbsoluteCounts() {
    FloatHistogram h =
        FloatHistogram.of(
            new Histogram(
                1,
                0.001,
                false,
                7,
                2,
                3.5,
                3,
                new int[] {0, 2, 1, 1},
                new int[] {-1, 1},
                new long[] {1, 1, -1},
                new long[] {1},
                NONE,
                NONE,
                NONE));
    assertThat(h.hint()).isEqualTo(ResetHint.GAUGE);
    assertThat(h.positive().index()).containsExactly(0, 1, 3);
    assertThat(h.positive().count()).containsExactly(1, 2, 1);
    assertThat(h.negative().index()).containsExactly(-1);
    assertThat(h)
        .hasToString(
            "{count:7, sum:3.5, [-0.7071067811865475,-0.5):1, [-0.001,0.001]:2,"
                + " (0.7071067811865475,1]:1, (1,1.414213562373095]:2, (2,2.82842712474619]:1}");
    assertThat(FloatHistogram.of(h.toStored())).isEqualTo(h);
    assertThat(h.toStored().positiveSpans()).containsExactly(0, 2, 1, 1);
  }

  @Test
  void countsOfBeyondSignedRangeStayPositive() {
    FloatHistogram h =
        FloatHistogram.of(
            new Histogram(
                0,
                0,
                false,
                -1,
                -1,
                0,
                0,
                new int[0],
                new int[0],
                new long[0],
                new long[0],
                NONE,
                NONE,
                NONE));
    assertThat(h.count()).isEqualTo(0x1p64);
  }

  @Test
  void theLowerResolutionWins() {
    FloatHistogram fine = exponential(1, 0, 0, new double[] {1, 2, 3, 4}, NONE);
    FloatHistogram coarse = exponential(0, 0, 0, new double[] {10, 20}, NONE);
    FloatHistogram both = sum(fine, coarse);
    assertThat(both.schema()).isZero();
    assertThat(both.positive().index()).containsExactly(1, 2);
    assertThat(both.positive().count()).containsExactly(13, 27);
    assertThat(sum(coarse, fine)).isEqualTo(both);
    assertThat(both.count()).isEqualTo(40);
  }

  @Test
  void theWiderZeroBucketTakesWhatLiesInIt() {
    FloatHistogram narrow = exponential(0, 0.5, 1, new double[] {2, 4, 8}, new double[] {3});
    // Buckets: (1,2] (2,4] (4,8]; [-2,-1).
    FloatHistogram wide = exponential(0, 2, 100, NONE, NONE);
    FloatHistogram both = sum(narrow, wide);
    assertThat(both.zeroThreshold()).isEqualTo(2);
    assertThat(both.zeroCount()).isEqualTo(106);
    assertThat(both.positive().index()).containsExactly(2, 3);
    assertThat(both.negative().isEmpty()).isTrue();
    assertThat(sum(wide, narrow)).isEqualTo(both);
  }

  @Test
  void aZeroBucketEndsAtNoPopulatedBucketsInside() {
    FloatHistogram h = exponential(0, 0.5, 1, NONE, new double[] {0, 3});
    FloatHistogram wide = exponential(0, 2.5, 100, new double[] {0, 0, 7}, NONE);
    FloatHistogram both = sum(h, wide); // 2.5 lies in [-4,-2), which counts 3
    assertThat(both.zeroThreshold()).isEqualTo(4);
    assertThat(both.zeroCount()).isEqualTo(104);
    assertThat(both.positive().index()).containsExactly(3);
    FloatHistogram less = difference(wide, h);
    assertThat(less.zeroCount()).isEqualTo(96);
    assertThat(less.count()).isEqualTo(103);
  }

  @Test
  void customBucketsMeetAtTheBoundsThatBothHave() {
    FloatHistogram a = custom(new double[] {1, 2, 4}, 1, 2, 3, 4);
    FloatHistogram b = custom(new double[] {2, 3, 4, 5}, 10, 20, 30, 40, 50);
    Combined combined = requireNonNull(a.plus(b));
    assertThat(combined.reconciled()).isTrue();
    assertThat(combined.value().customValues()).containsExactly(2, 4);
    assertThat(combined.value().positive().count()).containsExactly(13, 53, 94);
    Combined none = requireNonNull(a.plus(custom(new double[] {7}, 1, 1)));
    assertThat(none.value().customValues()).isEmpty();
    assertThat(none.value().positive().count()).containsExactly(12);
    Combined same = requireNonNull(a.minus(a));
    assertThat(same.reconciled()).isFalse();
    assertThat(same.value().compact().positive().isEmpty()).isTrue();
  }

  @Test
  void exponentialAndCustomBucketsDoNotMix() {
    FloatHistogram a = exponential(0, 0, 0, new double[] {1}, NONE);
    FloatHistogram b = custom(new double[] {1}, 1);
    assertThat(a.plus(b)).isNull();
    assertThat(b.minus(a)).isNull();
  }

  @Test
  void hintsOfResults() {
    FloatHistogram h = exponential(0, 0, 1, new double[] {1}, NONE);
    ResetHint[][] table = {
      {ResetHint.RESET, ResetHint.RESET, ResetHint.RESET},
      {ResetHint.RESET, ResetHint.NOT_RESET, ResetHint.UNKNOWN},
      {ResetHint.RESET, ResetHint.UNKNOWN, ResetHint.UNKNOWN},
      {ResetHint.NOT_RESET, ResetHint.GAUGE, ResetHint.GAUGE},
      {ResetHint.UNKNOWN, ResetHint.GAUGE, ResetHint.GAUGE}
    };
    for (ResetHint[] row : table) {
      for (boolean swap : new boolean[] {false, true}) {
        Combined both =
            requireNonNull(h.withHint(row[swap ? 1 : 0]).plus(h.withHint(row[swap ? 0 : 1])));
        assertThat(both.value().hint()).isEqualTo(row[2]);
        assertThat(both.collision())
            .isEqualTo(row[0] == ResetHint.RESET && row[1] == ResetHint.NOT_RESET);
      }
    }
    assertThat(h.times(-1).hint()).isEqualTo(ResetHint.GAUGE);
    assertThat(h.times(2).hint()).isEqualTo(ResetHint.UNKNOWN);
    assertThat(h.dividedBy(-2).hint()).isEqualTo(ResetHint.GAUGE);
  }

  @Test
  void divisionByZeroLeavesNoBuckets() {
    FloatHistogram h = exponential(0, 0.5, 1, new double[] {1}, new double[] {1}).dividedBy(0);
    assertThat(h.count()).isEqualTo(Double.POSITIVE_INFINITY);
    assertThat(h.zeroCount()).isEqualTo(Double.POSITIVE_INFINITY);
    assertThat(h.positive().isEmpty()).isTrue();
    assertThat(h.negative().isEmpty()).isTrue();
  }

  @Test
  void counterResets() {
    FloatHistogram before = exponential(1, 0.5, 2, new double[] {1, 2, 3}, new double[] {1});
    assertThat(before.isResetAfter(before)).isFalse();
    assertThat(sum(before, before).isResetAfter(before)).isFalse();
    assertThat(before.isResetAfter(sum(before, before))).isTrue();
    assertThat(before.withHint(ResetHint.RESET).isResetAfter(before)).isTrue();
    assertThat(before.withHint(ResetHint.NOT_RESET).isResetAfter(sum(before, before))).isFalse();
    // Another bucket takes what one lost.
    assertThat(
            exponential(1, 0.5, 2, new double[] {1, 1, 4}, new double[] {1}).isResetAfter(before))
        .isTrue();
    assertThat(exponential(1, 0.5, 2, new double[] {1, 2, 4}, NONE).isResetAfter(before)).isTrue();
    assertThat(
            exponential(1, 0.5, 1, new double[] {1, 2, 3}, new double[] {2}).isResetAfter(before))
        .isTrue();
    // A higher resolution or a narrower zero bucket comes with a restart only.
    assertThat(
            exponential(2, 0.5, 9, new double[] {9, 9, 9}, new double[] {9}).isResetAfter(before))
        .isTrue();
    assertThat(
            exponential(1, 0.4, 9, new double[] {9, 9, 9}, new double[] {9}).isResetAfter(before))
        .isTrue();
    // A lower resolution comes when there are too many buckets.
    assertThat(exponential(0, 0.5, 2, new double[] {3, 3}, new double[] {1}).isResetAfter(before))
        .isFalse();
    assertThat(exponential(0, 0.5, 9, new double[] {2, 3}, new double[] {1}).isResetAfter(before))
        .isTrue();
    // As does a wider zero bucket, at the end of a bucket: [-√2,√2] holds one of each side.
    double root = ExponentialBounds.upper(1, 1);
    assertThat(
            new FloatHistogram(ResetHint.UNKNOWN, 1, root, 4, 9, 0, side(2, 2, 3), Side.NONE, NONE)
                .isResetAfter(before))
        .isFalse();
    assertThat(exponential(1, 1.1, 9, new double[] {9, 9, 9}, NONE).isResetAfter(before)).isTrue();
  }

  @Test
  void counterResetsOfCustomBuckets() {
    FloatHistogram before = custom(new double[] {1, 2, 4}, 1, 2, 3, 4);
    assertThat(custom(new double[] {1, 2, 4}, 1, 2, 3, 5).isResetAfter(before)).isFalse();
    assertThat(custom(new double[] {1, 2, 4}, 1, 1, 9, 9).isResetAfter(before)).isTrue();
    // Up to 2: 3, up to 4: 3, beyond: 4.
    assertThat(custom(new double[] {2, 3, 4}, 3, 2, 1, 4).isResetAfter(before)).isFalse();
    assertThat(custom(new double[] {2, 3, 4}, 3, 1, 1, 9).isResetAfter(before)).isTrue();
    assertThat(before.isResetAfter(exponential(0, 0, 0, new double[] {1}, NONE))).isTrue();
  }

  /** Against bookkeeping by index, at one resolution and zero threshold. */
  @Test
  void sumsAndDifferencesOfRandomHistograms() {
    long seed = Seeds.usual(1);
    Random random = new Random(seed);
    for (int round = 0; round < 500; round++) {
      FloatHistogram a = random(random);
      FloatHistogram b = random(random);
      boolean subtract = random.nextBoolean();
      TreeMap<Integer, Double> expected = new TreeMap<>();
      for (int i = 0; i < a.positive().size(); i++) {
        expected.put(a.positive().index()[i], a.positive().count()[i]);
      }
      for (int i = 0; i < b.positive().size(); i++) {
        double c = b.positive().count()[i];
        expected.merge(b.positive().index()[i], subtract ? -c : c, Double::sum);
      }
      Side found = (subtract ? difference(a, b) : sum(a, b)).positive();
      assertThat(found.index())
          .as("seed %d", seed)
          .containsExactly(expected.keySet().stream().mapToInt(Integer::intValue).toArray());
      assertThat(found.count())
          .as("seed %d", seed)
          .containsExactly(expected.values().stream().mapToDouble(Double::doubleValue).toArray());
      int lower = random.nextInt(3) - 3;
      assertThat(sum(a.toSchema(lower), b.toSchema(lower)).compact())
          .as("seed %d", seed)
          .isEqualTo(sum(a, b).toSchema(lower).compact());
    }
  }

  private static FloatHistogram random(Random random) {
    int n = random.nextInt(12);
    int[] index = random.ints(-20, 20).distinct().limit(n).sorted().toArray();
    double[] counts = new double[n];
    double total = 0;
    for (int i = 0; i < n; i++) {
      counts[i] = random.nextInt(1, 100);
      total += counts[i];
    }
    return new FloatHistogram(
        ResetHint.UNKNOWN, 0, 0, 0, total, total, new Side(index, counts), Side.NONE, NONE);
  }

  @Test
  void boundsAreThoseOfThePrometheusTable() {
    assertThat(ExponentialBounds.upper(1, 1)).isEqualTo(1.414213562373095);
    assertThat(ExponentialBounds.upper(0, 1)).isEqualTo(1);
    assertThat(ExponentialBounds.upper(-1, 3)).isEqualTo(0.9170040432046711);
    assertThat(ExponentialBounds.upper(3, 0)).isEqualTo(8);
    assertThat(ExponentialBounds.upper(1, -4)).isEqualTo(0x1p16);
    assertThat(ExponentialBounds.upper(0, -4)).isEqualTo(1);
    assertThat(ExponentialBounds.upper(1024, 0)).isEqualTo(Double.MAX_VALUE);
    assertThat(ExponentialBounds.upper(1025, 0)).isEqualTo(Double.POSITIVE_INFINITY);
    assertThat(ExponentialBounds.upper(64, -4)).isEqualTo(Double.MAX_VALUE);
    assertThat(ExponentialBounds.upper(1024 << 8, 8)).isEqualTo(Double.MAX_VALUE);
    assertThat(ExponentialBounds.upper((1024 << 8) + 1, 8)).isEqualTo(Double.POSITIVE_INFINITY);
    assertThat(ExponentialBounds.upper(Integer.MAX_VALUE, 8)).isEqualTo(Double.POSITIVE_INFINITY);
    assertThat(ExponentialBounds.upper(Integer.MIN_VALUE, -4)).isZero();
    for (int i = -2000; i < 2000; i++) {
      double bound = ExponentialBounds.upper(i, 8);
      assertThat(bound).isGreaterThan(ExponentialBounds.upper(i - 1, 8));
      assertThat(bound / Math.pow(2, i / 256.0)).isCloseTo(1, within(1e-15));
      assertThat(ExponentialBounds.upper(ExponentialBounds.reduce(i, 8, 5), 5))
          .isGreaterThanOrEqualTo(bound);
    }
  }

  @Test
  void sumsKeepWhatRoundingLoses() {
    FloatHistogram large = exponential(0, 0, 0x1p60, new double[] {0x1p60}, NONE);
    FloatHistogram small = exponential(0, 0, 1, new double[] {1}, NONE);
    HistogramSum sum = new HistogramSum(large);
    for (int i = 0; i < 100; i++) {
      assertThat(sum.add(small)).isTrue();
    }
    assertThat(sum.add(large.times(-1))).isTrue();
    assertThat(sum.sum().positive().count()).containsExactly(100);
    assertThat(sum.sum().zeroCount()).isEqualTo(100);
    assertThat(sum.sum().count()).isEqualTo(200);
  }

  @Test
  void meansDoNotOverflow() {
    FloatHistogram huge =
        exponential(0, 0, 0, new double[] {1e308}, NONE).withHint(ResetHint.GAUGE);
    HistogramSum sum = new HistogramSum(huge);
    for (int i = 0; i < 9; i++) {
      assertThat(sum.addToMean(huge)).isTrue();
    }
    assertThat(sum.mean().positive().count()[0]).isCloseTo(1e308, within(1e293));
    assertThat(sum.mean().hint()).isEqualTo(ResetHint.GAUGE);
  }

  @Test
  void valuesThatStandForHistograms() {
    long[] held = {0};
    HistogramTable table = new HistogramTable(b -> held[0] += b, b -> held[0] -= b);
    assertThat(table.isUsed()).isFalse();
    FloatHistogram h = exponential(0, 0, 1, new double[] {1}, NONE);
    double first = table.add(h);
    int mark = table.mark();
    double[] many = new double[3000];
    for (int i = 0; i < many.length; i++) {
      many[i] = table.add(h.times(i));
    }
    assertThat(HistogramTable.isHistogram(first)).isTrue();
    assertThat(HistogramTable.isHistogram(Double.NaN)).isFalse();
    assertThat(HistogramTable.isHistogram(HistogramTable.fromOutside(first))).isFalse();
    assertThat(HistogramTable.isHistogram(first + 1)).isFalse();
    assertThat(table.get(many[2999])).isEqualTo(h.times(2999));
    assertThat(table.get(1.5)).isNull();
    table.forgetSince(mark);
    assertThat(table.get(first)).isSameAs(h);
    assertThat(held[0]).isEqualTo(h.bytes());
    assertThat(HistogramTable.blank(many, 0, 10)).isTrue();
    assertThat(HistogramTable.any(many, 0, 10)).isFalse();
  }
}
