package io.varve.query.histogram;

import static io.varve.query.histogram.FloatHistogramTest.custom;
import static io.varve.query.histogram.FloatHistogramTest.exponential;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.varve.query.histogram.HistogramQuantiles.NanEffect;
import org.junit.jupiter.api.Test;

/** Quantiles, shares and trims, by histograms small enough to compute by hand. */
class HistogramQuantilesTest {
  private static final double[] NONE = new double[0];

  /** Four observations each in [-4,-2), [-2,-1), [-1,1], (1,2], (2,4]. */
  private static final FloatHistogram BOTH_SIDES =
      exponential(0, 1, 4, new double[] {4, 4}, new double[] {4, 4});

  /** Four each in (-Inf,1], (1,3], (3,+Inf). */
  private static final FloatHistogram CUSTOM = custom(new double[] {1, 3}, 4, 4, 4);

  private static double quantile(double q, FloatHistogram h) {
    return HistogramQuantiles.quantile(q, h).value();
  }

  private static double fraction(double lower, double upper, FloatHistogram h) {
    return HistogramQuantiles.fraction(lower, upper, h).value();
  }

  @Test
  void quantilesAreInterpolatedOnALogarithmicScale() {
    assertThat(quantile(0.7, BOTH_SIDES)).isEqualTo(1.414213562373095, within(1e-12));
    assertThat(quantile(0.5, BOTH_SIDES)).isZero();
    assertThat(quantile(0.55, BOTH_SIDES)).isEqualTo(0.5, within(1e-12));
    assertThat(quantile(0.3, BOTH_SIDES)).isEqualTo(-1.414213562373095, within(1e-12));
    assertThat(quantile(0, BOTH_SIDES)).isEqualTo(-4);
    assertThat(quantile(1, BOTH_SIDES)).isEqualTo(4);
    assertThat(quantile(-0.1, BOTH_SIDES)).isEqualTo(Double.NEGATIVE_INFINITY);
    assertThat(quantile(1.1, BOTH_SIDES)).isEqualTo(Double.POSITIVE_INFINITY);
    assertThat(quantile(Double.NaN, BOTH_SIDES)).isNaN();
    assertThat(quantile(0.5, BOTH_SIDES.emptied())).isNaN();
  }

  @Test
  void oneSidedHistogramsEndAtZero() {
    FloatHistogram positive = exponential(0, 1, 4, new double[] {4}, NONE);
    assertThat(quantile(0.25, positive)).isEqualTo(0.5);
    FloatHistogram negative = exponential(0, 1, 4, NONE, new double[] {4});
    assertThat(quantile(0.75, negative)).isEqualTo(-0.5);
    assertThat(fraction(0, 0.5, positive)).isEqualTo(0.25);
    assertThat(fraction(-0.5, 0, negative)).isEqualTo(0.25);
  }

  @Test
  void customBucketsAreInterpolatedLinearly() {
    assertThat(quantile(0.5, CUSTOM)).isEqualTo(2);
    assertThat(quantile(0.9, CUSTOM)).isEqualTo(3);
    assertThat(quantile(1.0 / 6, CUSTOM)).isEqualTo(0.5, within(1e-12));
    FloatHistogram below = custom(new double[] {-1, 3}, 4, 4);
    assertThat(quantile(0.1, below)).isEqualTo(-1);
  }

  @Test
  void sharesAreTheInverse() {
    for (FloatHistogram h : new FloatHistogram[] {BOTH_SIDES, CUSTOM}) {
      for (double q = 0.35; q < 0.65; q += 0.01) {
        assertThat(fraction(Double.NEGATIVE_INFINITY, quantile(q, h), h))
            .isEqualTo(q, within(1e-9));
      }
    }
    assertThat(fraction(1, 4, BOTH_SIDES)).isEqualTo(0.4);
    assertThat(fraction(4, 1, BOTH_SIDES)).isZero();
    assertThat(fraction(Double.NaN, 1, BOTH_SIDES)).isNaN();
    assertThat(fraction(Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY, BOTH_SIDES))
        .isEqualTo(1);
  }

  @Test
  void nanObservationsCountAsTheGreatestAndInNoShare() {
    FloatHistogram h =
        new FloatHistogram(
            ResetHint.UNKNOWN,
            0,
            0,
            0,
            10,
            Double.NaN,
            FloatHistogramTest.side(1, 4, 4),
            Side.NONE,
            NONE);
    assertThat(HistogramQuantiles.quantile(0.9, h).nan()).isEqualTo(NanEffect.RESULT);
    assertThat(quantile(0.9, h)).isNaN();
    assertThat(HistogramQuantiles.quantile(0.4, h).nan()).isEqualTo(NanEffect.SKEW);
    assertThat(quantile(0.4, h)).isEqualTo(2);
    HistogramQuantiles.Answer share = HistogramQuantiles.fraction(1, 4, h);
    assertThat(share.value()).isEqualTo(0.8);
    assertThat(share.nan()).isEqualTo(NanEffect.SKEW);
    assertThat(HistogramQuantiles.quantile(0.4, BOTH_SIDES).nan()).isEqualTo(NanEffect.NONE);
  }

  @Test
  void varianceIsOfTheMiddlesOfBuckets() {
    FloatHistogram h =
        new FloatHistogram(
            ResetHint.UNKNOWN, 0, 0, 0, 2, 4, FloatHistogramTest.side(1, 1, 1), Side.NONE, NONE);
    double low = Math.sqrt(2) - 2;
    double high = Math.sqrt(8) - 2;
    assertThat(HistogramQuantiles.variance(h))
        .isEqualTo((low * low + high * high) / 2, within(1e-12));
  }

  @Test
  void trimsDivideTheBucketInWhichTheValueLies() {
    FloatHistogram below = HistogramTrim.below(BOTH_SIDES, 1.414213562373095);
    assertThat(below.positive().index()).containsExactly(1);
    assertThat(below.positive().count()[0]).isEqualTo(2, within(1e-9));
    assertThat(below.count()).isEqualTo(14, within(1e-9));
    assertThat(below.negative().count()).containsExactly(4, 4);
    FloatHistogram above = HistogramTrim.above(BOTH_SIDES, 0);
    assertThat(above.zeroCount()).isEqualTo(2);
    assertThat(above.negative().isEmpty()).isTrue();
    assertThat(above.count()).isEqualTo(10);
    assertThat(HistogramTrim.above(BOTH_SIDES, -5)).isSameAs(BOTH_SIDES);
    assertThat(HistogramTrim.below(BOTH_SIDES, 4)).isSameAs(BOTH_SIDES);
    assertThat(HistogramTrim.below(BOTH_SIDES, Double.NEGATIVE_INFINITY).count()).isZero();
  }

  @Test
  void trimsOfCustomBucketsAreLinearAndInfiniteBucketsStayOrGo() {
    FloatHistogram below = HistogramTrim.below(CUSTOM, 2);
    assertThat(below.positive().count()).containsExactly(4, 2);
    assertThat(below.count()).isEqualTo(6);
    assertThat(below.sum()).isEqualTo(4 * 0.5 + 2 * 1.5);
    FloatHistogram half = HistogramTrim.below(CUSTOM, 0.5);
    assertThat(half.positive().count()).containsExactly(2);
    FloatHistogram above = HistogramTrim.above(CUSTOM, 5);
    assertThat(above.positive().index()).containsExactly(2);
    assertThat(above.sum()).isEqualTo(20);
    assertThat(HistogramTrim.below(CUSTOM, 5).positive().index()).containsExactly(0, 1);
  }
}
