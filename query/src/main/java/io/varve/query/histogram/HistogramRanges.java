package io.varve.query.histogram;

import io.varve.query.histogram.FloatHistogram.Combined;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What range functions make of several histograms in a row (Prometheus 3.14 {@code
 * promql/functions.go}, histogramRate and instantValue). What the user should know is added to a
 * set.
 */
public final class HistogramRanges {
  private HistogramRanges() {}

  /**
   * What was observed between the first and the last of at least two histograms, as a gauge; null
   * if they are not of one kind.
   *
   * @param h in {@code [from, to)}
   * @param counter true to make up for counter resets
   */
  public static @Nullable FloatHistogram increase(
      FloatHistogram[] h, int from, int to, boolean counter, Set<HistogramNote> notes) {
    FloatHistogram first = h[from];
    FloatHistogram last = h[to - 1];
    boolean gauges = first.hint == ResetHint.GAUGE && last.hint == ResetHint.GAUGE;
    boolean anyGauge = first.hint == ResetHint.GAUGE || last.hint == ResetHint.GAUGE;
    // Before a reset the layout of the first one does not matter.
    if (counter && h[from + 1].isResetAfter(first)) {
      first = h[from + 1].emptied();
    }
    boolean custom = first.isCustom();
    if (last.isCustom() != custom) {
      notes.add(HistogramNote.MIXED_SCHEMAS);
      if (counter && anyGauge) {
        notes.add(HistogramNote.NOT_COUNTER);
      }
      return null;
    }
    int schema = Math.min(first.schema, last.schema);
    if (counter) {
      for (int i = from + 1; i < to - 1; i++) {
        anyGauge |= h[i].hint == ResetHint.GAUGE;
        schema = Math.min(schema, h[i].schema);
        if (h[i].isCustom() != custom) {
          notes.add(HistogramNote.MIXED_SCHEMAS);
          return null;
        }
      }
    }
    Combined difference = last.toSchema(schema).minus(first);
    if (difference == null) {
      notes.add(HistogramNote.MIXED_SCHEMAS);
      return null;
    }
    FloatHistogram result = difference.value();
    if (difference.reconciled()) {
      notes.add(HistogramNote.RECONCILED_SUBTRACTION);
    }
    if (counter) {
      FloatHistogram previous = first;
      for (int i = from + 1; i < to; i++) {
        if (h[i].isResetAfter(previous)) {
          Combined sum = result.plus(previous);
          if (sum == null) {
            notes.clear();
            notes.add(HistogramNote.MIXED_SCHEMAS);
            return null;
          }
          result = sum.value();
          if (sum.reconciled()) {
            notes.add(HistogramNote.RECONCILED_ADDITION);
          }
        }
        previous = h[i];
      }
      if (anyGauge) {
        notes.add(HistogramNote.NOT_COUNTER);
      }
    } else if (!gauges) {
      notes.add(HistogramNote.NOT_GAUGE);
    }
    return result.withHint(ResetHint.GAUGE).compact();
  }

  /** What was observed between two histograms, for irate and idelta; null as above. */
  public static @Nullable FloatHistogram lastDifference(
      FloatHistogram previous, FloatHistogram last, boolean counter, Set<HistogramNote> notes) {
    boolean anyGauge = previous.hint == ResetHint.GAUGE || last.hint == ResetHint.GAUGE;
    boolean gauges = previous.hint == ResetHint.GAUGE && last.hint == ResetHint.GAUGE;
    if (counter && anyGauge) {
      notes.add(HistogramNote.NOT_COUNTER);
    }
    if (!counter && !gauges) {
      notes.add(HistogramNote.NOT_GAUGE);
    }
    FloatHistogram result = last;
    if (!counter || !last.isResetAfter(previous)) {
      Combined difference = last.minus(previous);
      if (difference == null) {
        notes.add(HistogramNote.MIXED_SCHEMAS);
        return null;
      }
      if (difference.reconciled()) {
        notes.add(HistogramNote.RECONCILED_SUBTRACTION);
      }
      result = difference.value();
    }
    return result.withHint(ResetHint.GAUGE).compact();
  }

  /** The sum or the mean of histograms; null as above. */
  public static @Nullable FloatHistogram total(
      FloatHistogram[] h, int from, int to, boolean mean, Set<HistogramNote> notes) {
    HistogramSum sum = new HistogramSum(h[from]);
    for (int i = from + 1; i < to; i++) {
      if (!(mean ? sum.addToMean(h[i]) : sum.add(h[i]))) {
        notes.add(HistogramNote.MIXED_SCHEMAS);
        return null;
      }
    }
    if (sum.hasCollision()) {
      notes.add(HistogramNote.COLLISION);
    }
    if (sum.isReconciled()) {
      notes.add(HistogramNote.RECONCILED_AGGREGATION);
    }
    return mean ? sum.mean() : sum.sum();
  }

  /**
   * Replaces the hints of a series' histograms by what can be seen: gauges stay, and those after a
   * histogram without a reset between say so. With a reset the hint is unknown, or tells it.
   *
   * @param h one per row; null for floats
   * @param tell true if resets are to be told, and buckets left out
   */
  public static void hint(@Nullable FloatHistogram[] h, int rows, boolean tell) {
    FloatHistogram previous = null;
    for (int i = 0; i < rows; i++) {
      FloatHistogram current = h[i];
      if (current != null) {
        h[i] = hinted(previous, current, tell);
      }
      previous = current;
    }
  }

  /** One of a series' histograms with the hint that follows from the one before it. */
  public static FloatHistogram hinted(
      @Nullable FloatHistogram previous, FloatHistogram current, boolean tell) {
    ResetHint hint;
    if (current.hint == ResetHint.GAUGE) {
      hint = ResetHint.GAUGE;
    } else if (previous == null || previous.hint == ResetHint.GAUGE) {
      hint = current.hint == ResetHint.NOT_RESET ? ResetHint.NOT_RESET : ResetHint.UNKNOWN;
    } else if (current.withHint(ResetHint.UNKNOWN).isResetAfter(previous)) {
      hint = tell ? ResetHint.RESET : ResetHint.UNKNOWN;
    } else {
      hint = ResetHint.NOT_RESET;
    }
    return tell ? current.withoutBuckets(hint) : current.withHint(hint);
  }
}
