package io.varve.query.promqltest;

import io.varve.engine.model.Histogram;
import io.varve.query.histogram.FloatHistogram;
import io.varve.query.histogram.ResetHint;
import org.jspecify.annotations.Nullable;

/**
 * Gives the histograms of a loaded series the hints with which Prometheus' storage would hand them
 * out: whatever a script says of counter resets, a histogram is known not to follow one if its
 * storage could append it to the one before, and otherwise nothing is known. Gauges stay.
 */
final class StoredHints {
  private static final int UNKNOWN = 0;
  private static final int RESET = 1;
  private static final int NOT_RESET = 2;
  private static final int GAUGE = 3;

  private @Nullable FloatHistogram previous;

  /** A float stood here. */
  void skip() {
    previous = null;
  }

  /** The next histogram, with its hint. */
  Histogram next(Histogram h) {
    if (h.isStale()) {
      previous = null;
      return h;
    }
    FloatHistogram before = previous;
    FloatHistogram now = FloatHistogram.of(h);
    previous = now;
    if (h.resetHint() == GAUGE) {
      return h;
    }
    boolean appended =
        before != null
            && h.resetHint() != RESET
            && before.hint() != ResetHint.GAUGE
            && before.schema() == now.schema()
            && before.zeroThreshold() == now.zeroThreshold()
            && before.sameBounds(now)
            && !now.withHint(ResetHint.UNKNOWN).isResetAfter(before);
    return withHint(h, appended ? NOT_RESET : UNKNOWN);
  }

  private static Histogram withHint(Histogram h, int hint) {
    return new Histogram(
        h.schema(),
        h.zeroThreshold(),
        h.floatCounts(),
        h.countBits(),
        h.zeroCountBits(),
        h.sum(),
        hint,
        h.positiveSpans(),
        h.negativeSpans(),
        h.positiveDeltas(),
        h.negativeDeltas(),
        h.positiveCounts(),
        h.negativeCounts(),
        h.customValues());
  }
}
