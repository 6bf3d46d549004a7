package io.varve.query.exec;

import io.varve.engine.model.Labels;
import io.varve.query.QueryException;
import io.varve.query.function.Absent;
import io.varve.query.function.LabelHash;
import io.varve.query.promql.Position;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * limitk and limit_ratio: some of the series of each group, whatever their values are. limitk takes
 * the first that have a sample at a step; limit_ratio those whose labels' hash lies in a range.
 */
final class LimitedSeries extends SeriesOperator {
  private final SeriesOperator inner;
  private final boolean byRatio;
  private final double[] limit;
  private final List<String> grouping;
  private final boolean without;
  private final Position position;
  private @Nullable StepMatrix firstK;
  private double[] places = new double[0];

  /**
   * @param limit how many, or which share, a column of steps
   * @param position of the limit
   */
  LimitedSeries(
      SeriesOperator inner,
      boolean byRatio,
      double[] limit,
      List<String> grouping,
      boolean without,
      Position position) {
    super(inner.query, inner.grid);
    this.inner = inner;
    this.byRatio = byRatio;
    this.limit = limit;
    this.grouping = grouping;
    this.without = without;
    this.position = position;
  }

  @Override
  Labels[] prepare() {
    Labels[] series = inner.prepare();
    if (byRatio ? !checkRatio() : !BestK.checkParameter(limit)) {
      return new Labels[0];
    }
    if (byRatio) {
      places = new double[series.length];
      for (int i = 0; i < series.length; i++) {
        places[i] = LabelHash.place(series[i]);
      }
      return series;
    }
    StepMatrix matrix = Rows.materialize(inner, series.length);
    Groups groups = Groups.of(series, grouping, without);
    int[] taken = new int[groups.labels.length];
    for (int s = 0; s < grid.count(); s++) {
      Arrays.fill(taken, 0);
      for (int i = 0; i < series.length; i++) {
        if (!Absent.is(matrix.get(i, s)) && ++taken[groups.of[i]] > (long) limit[s]) {
          matrix.set(i, s, Absent.VALUE);
        }
      }
    }
    firstK = matrix;
    return series;
  }

  /** False if the ratio is 0 at every step. */
  private boolean checkRatio() {
    double max = Double.NEGATIVE_INFINITY;
    double min = Double.POSITIVE_INFINITY;
    boolean nan = false;
    for (double ratio : limit) {
      nan |= Double.isNaN(ratio);
      max = Math.max(max, ratio);
      min = Math.min(min, ratio);
    }
    if (max == 0 && min == 0) {
      return false;
    }
    if (nan) {
      throw QueryException.execution("Ratio value is NaN");
    }
    if (max > 1) {
      query.annotations.invalidRatio(max, 1, position);
    }
    if (min < -1) {
      query.annotations.invalidRatio(min, -1, position);
    }
    return true;
  }

  @Override
  @Nullable BitSet loseNames() {
    return inner.loseNames();
  }

  @Override
  void evaluate(int series, double[] out, int at, Worker worker) {
    StepMatrix known = firstK;
    if (known != null) {
      known.copyRow(series, out, at);
      return;
    }
    inner.evaluate(series, out, at, worker);
    for (int s = 0; s < grid.count(); s++) {
      if (!contains(limit[s], places[series])) {
        out[at + s] = Absent.VALUE;
      }
    }
  }

  /** A positive share begins at 0, a negative one ends at 1: together they are all. */
  private static boolean contains(double ratio, double place) {
    return ratio >= 0 ? ratio >= 1 || place < ratio : place >= 1 + ratio;
  }
}
