package io.varve.query.exec;

import io.varve.query.function.Absent;
import io.varve.query.histogram.HistogramTable;
import io.varve.query.promql.Aggregation;
import org.jspecify.annotations.Nullable;

/**
 * Groups of tables that are put together to larger groups, and steps to longer ranges. Sums carry
 * what they lose, as those over samples do (Neumaier). One thread.
 */
final class GroupedFold {
  /** Sums of larger values may overflow in one order and not in another. */
  private static final double MOST = 1e100;

  private final Aggregation aggregation;
  private final StepMatrix values;
  private final @Nullable StepMatrix low;
  private final @Nullable StepMatrix counts;
  private boolean unsure;

  GroupedFold(QueryContext query, Aggregation aggregation, int rows, int steps) {
    this.aggregation = aggregation;
    this.values = StepMatrix.absent(query, rows, steps);
    boolean average = aggregation == Aggregation.AVG;
    this.low =
        average || aggregation == Aggregation.SUM ? StepMatrix.absent(query, rows, steps) : null;
    this.counts = average ? StepMatrix.absent(query, rows, steps) : null;
  }

  /**
   * Adds a value.
   *
   * @param count of what it is the sum, for averages
   */
  void add(int row, int step, double value, double count) {
    double before = values.get(row, step);
    boolean first = Absent.is(before);
    if (first) {
      values.set(row, step, aggregation == Aggregation.GROUP ? 1 : value);
    } else {
      combine(row, step, before, value);
    }
    if (low != null && first) {
      low.set(row, step, 0);
    }
    if (counts != null) {
      counts.set(row, step, first ? count : counts.get(row, step) + count);
    }
  }

  private void combine(int row, int step, double before, double value) {
    switch (aggregation) {
      case SUM, AVG -> {
        unsure |= !(Math.abs(before) <= MOST && Math.abs(value) <= MOST); // NaN, too
        double sum = before + value;
        values.set(row, step, sum);
        if (low != null) {
          double lost =
              Math.abs(before) >= Math.abs(value) ? before - sum + value : value - sum + before;
          low.set(row, step, Double.isInfinite(sum) ? 0 : low.get(row, step) + lost);
        }
      }
      case COUNT -> values.set(row, step, before + value);
      case MIN -> {
        if (value < before || Double.isNaN(before)) {
          values.set(row, step, value);
        }
      }
      case MAX -> {
        if (value > before || Double.isNaN(before)) {
          values.set(row, step, value);
        }
      }
      case GROUP -> {}
      default -> throw new IllegalStateException(aggregation.text());
    }
  }

  /**
   * The result; null if it depends on the order in which values are added, or if a mean has no
   * finite sum, while it may be finite all the same.
   */
  @Nullable StepMatrix finish() {
    if (unsure) {
      return null;
    }
    for (int row = 0; row < values.rows(); row++) {
      for (int step = 0; step < values.steps(); step++) {
        double value = values.get(row, step);
        if (Absent.is(value)) {
          continue;
        }
        if (low != null) {
          value += low.get(row, step);
        }
        if (counts != null) {
          if (!Double.isFinite(value)) {
            return null;
          }
          value /= counts.get(row, step);
        }
        values.set(row, step, HistogramTable.fromOutside(value));
      }
    }
    if (low != null) {
      low.release();
    }
    if (counts != null) {
      counts.release();
    }
    return values;
  }
}
