package io.varve.query.histogram;

import io.varve.query.histogram.FloatHistogram.Combined;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What rate, increase and delta make of histograms in a range that is anchored or smoothed
 * (Prometheus 3.14 {@code promql/functions.go}, extendedHistogramRate). What the user should know
 * is added to a set.
 */
public final class ExtendedHistograms {
  private ExtendedHistograms() {}

  /**
   * What was observed in a range; null if that cannot be told.
   *
   * @param h of the rows that are looked at; those in {@code [first, last]} are not null
   * @param first the last row at or before the start, or the first after it
   * @param last the row at the end, or before it, or if smoothed the first after it
   */
  public static @Nullable FloatHistogram difference(
      long[] times,
      @Nullable FloatHistogram[] h,
      int first,
      int last,
      long start,
      long end,
      boolean smoothed,
      boolean counter,
      Set<HistogramNote> notes) {
    boolean custom = at(h, first).isCustom();
    for (int i = first; i <= last; i++) {
      if (at(h, i).isCustom() != custom) {
        notes.add(HistogramNote.MIXED_SCHEMAS);
        return null;
      }
      if (counter && at(h, i).hint == ResetHint.GAUGE) {
        notes.add(HistogramNote.NOT_COUNTER);
      }
    }
    FloatHistogram left =
        smoothed && times[first] < start
            ? between(
                at(h, first),
                times[first],
                at(h, first + 1),
                times[first + 1],
                start,
                counter,
                notes)
            : at(h, first);
    FloatHistogram right =
        smoothed && last > first && times[last] > end
            ? between(
                at(h, last - 1), times[last - 1], at(h, last), times[last], end, counter, notes)
            : at(h, last);
    if (left == null || right == null) {
      return null;
    }
    if (!counter && (left.hint != ResetHint.GAUGE || right.hint != ResetHint.GAUGE)) {
      notes.add(HistogramNote.NOT_GAUGE);
    }
    Combined difference = right.minus(left);
    if (difference == null) {
      notes.add(HistogramNote.MIXED_SCHEMAS);
      return null;
    }
    if (difference.reconciled()) {
      notes.add(HistogramNote.RECONCILED_SUBTRACTION);
    }
    FloatHistogram result = difference.value();
    if (counter) {
      result = corrected(result, times, h, first, last, left, right, start, smoothed, notes);
    }
    return result == null ? null : result.withHint(ResetHint.GAUGE).compact();
  }

  /** Adds what was counted before each reset between the ends. */
  private static @Nullable FloatHistogram corrected(
      FloatHistogram difference,
      long[] times,
      @Nullable FloatHistogram[] h,
      int first,
      int last,
      FloatHistogram left,
      FloatHistogram right,
      long start,
      boolean smoothed,
      Set<HistogramNote> notes) {
    FloatHistogram result = difference;
    FloatHistogram previous = left;
    int row = first + 1;
    if (smoothed && times[first] < start && at(h, row).isResetAfter(at(h, first))) {
      previous = at(h, row++); // this reset is in what was interpolated
    }
    if (row > last) {
      return result;
    }
    for (; row <= last; row++) {
      FloatHistogram current = row == last ? right : at(h, row);
      if (current.isResetAfter(previous)) {
        Combined sum = result.plus(previous);
        if (sum == null) {
          notes.add(HistogramNote.MIXED_SCHEMAS);
          return null;
        }
        if (sum.reconciled()) {
          notes.add(HistogramNote.RECONCILED_ADDITION);
        }
        result = sum.value();
      }
      previous = current;
    }
    return result;
  }

  private static FloatHistogram at(@Nullable FloatHistogram[] h, int row) {
    FloatHistogram histogram = h[row];
    if (histogram == null) {
      throw new IllegalStateException("a float among histograms");
    }
    return histogram;
  }

  /**
   * A point of the line between two histograms; a counter that began anew began at zero. Null if
   * they are not of one kind.
   */
  public static @Nullable FloatHistogram between(
      FloatHistogram h1,
      long time1,
      FloatHistogram h2,
      long time2,
      long time,
      boolean counter,
      Set<HistogramNote> notes) {
    if (time == time1) {
      return h1;
    }
    if (time == time2) {
      return h2;
    }
    double fraction = (double) (time - time1) / (double) (time2 - time1);
    if (h1.isCustom() != h2.isCustom()) {
      notes.add(HistogramNote.MIXED_SCHEMAS);
      return null;
    }
    if (counter && h2.isResetAfter(h1)) {
      return h2.times(fraction);
    }
    Combined difference = h2.minus(h1);
    Combined sum = difference == null ? null : difference.value().times(fraction).plus(h1);
    if (difference == null || sum == null) {
      notes.add(HistogramNote.MIXED_SCHEMAS);
      return null;
    }
    if (difference.reconciled()) {
      notes.add(HistogramNote.RECONCILED_SUBTRACTION);
    }
    if (sum.reconciled()) {
      notes.add(HistogramNote.RECONCILED_ADDITION);
    }
    return sum.value().withHint(h2.hint);
  }
}
