package io.varve.query.exec;

import io.varve.engine.model.Labels;
import io.varve.query.QueryException;
import io.varve.query.function.Absent;
import io.varve.query.function.LabelHash;
import io.varve.query.promql.Position;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * limit_ratio: a share of the series, whatever their values are: those whose labels' hash lies in a
 * range.
 */
final class ShareOfSeries extends SeriesOperator {
  private final SeriesOperator inner;
  private final double[] share;
  private final Position position;
  private double[] places = new double[0];

  /**
   * @param share which, a column of steps
   * @param position of the share
   */
  ShareOfSeries(SeriesOperator inner, double[] share, Position position) {
    super(inner.query, inner.grid);
    this.inner = inner;
    this.share = share;
    this.position = position;
  }

  @Override
  Labels[] prepare() {
    Labels[] series = inner.prepare();
    if (!checkRatio()) {
      return new Labels[0];
    }
    places = new double[series.length];
    for (int i = 0; i < series.length; i++) {
      places[i] = LabelHash.place(series[i]);
    }
    return series;
  }

  /** False if the ratio is 0 at every step. */
  private boolean checkRatio() {
    double max = Double.NEGATIVE_INFINITY;
    double min = Double.POSITIVE_INFINITY;
    boolean nan = false;
    for (double ratio : share) {
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
  void expect(int from, int to, Worker worker) {
    inner.expect(from, to, worker);
  }

  @Override
  void evaluate(int series, double[] out, int at, Worker worker) {
    inner.evaluate(series, out, at, worker);
    for (int s = 0; s < grid.count(); s++) {
      if (!contains(share[s], places[series])) {
        out[at + s] = Absent.VALUE;
      }
    }
  }

  /** A positive share begins at 0, a negative one ends at 1: together they are all. */
  private static boolean contains(double ratio, double place) {
    return ratio >= 0 ? ratio >= 1 || place < ratio : place >= 1 + ratio;
  }
}
