package io.varve.query.promqltest;

import io.varve.engine.model.Histogram;
import io.varve.engine.model.StaleMarker;
import io.varve.query.function.GoText;
import io.varve.query.histogram.FloatHistogram;
import io.varve.query.histogram.Side;
import org.jspecify.annotations.Nullable;

/**
 * What a query yielded for a series at a step.
 *
 * @param histogram null if it is a float
 */
record Sample(double number, @Nullable FloatHistogram histogram) {
  private static final double EPSILON = 0.000001;

  /** True if it is what a script expects, but for a small difference of numbers. */
  boolean isLike(Sequence.Value expected) {
    Double number = expected.number();
    if (number != null) {
      return histogram == null && almostEqual(number, this.number);
    }
    Histogram wanted = expected.histogram();
    return wanted != null
        && histogram != null
        && isLike(FloatHistogram.of(wanted), histogram, expected.hintGiven());
  }

  private static boolean isLike(FloatHistogram expected, FloatHistogram found, boolean hint) {
    FloatHistogram a = expected.compact();
    FloatHistogram b = found.compact();
    return a.schema() == b.schema()
        && almostEqual(a.count(), b.count())
        && almostEqual(a.sum(), b.sum())
        && a.zeroThreshold() == b.zeroThreshold()
        && almostEqual(a.zeroCount(), b.zeroCount())
        && a.sameBounds(b)
        && isLike(a.positive(), b.positive())
        && isLike(a.negative(), b.negative())
        && (!hint || a.hint() == b.hint());
  }

  private static boolean isLike(Side a, Side b) {
    if (a.size() != b.size()) {
      return false;
    }
    for (int i = 0; i < a.size(); i++) {
      if (a.index()[i] != b.index()[i] || !almostEqual(a.count()[i], b.count()[i])) {
        return false;
      }
    }
    return true;
  }

  static boolean almostEqual(double a, double b) {
    if (StaleMarker.is(a) || StaleMarker.is(b)) {
      return StaleMarker.is(a) && StaleMarker.is(b);
    }
    if (Double.isNaN(a) || Double.isNaN(b)) {
      return Double.isNaN(a) && Double.isNaN(b);
    }
    if (a == b) {
      return true;
    }
    double sum = Math.abs(a) + Math.abs(b);
    double difference = Math.abs(a - b);
    if (a == 0 || b == 0 || sum < Double.MIN_NORMAL) {
      return difference < EPSILON * Double.MIN_NORMAL;
    }
    return difference / Math.min(sum, Double.MAX_VALUE) < EPSILON;
  }

  @Override
  public String toString() {
    return histogram == null ? GoText.general(number) : HistogramText.of(histogram);
  }
}
