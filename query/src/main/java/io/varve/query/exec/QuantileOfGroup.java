package io.varve.query.exec;

import io.varve.engine.model.Labels;
import io.varve.query.function.Absent;
import io.varve.query.function.Quantiles;
import io.varve.query.promql.Position;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The quantile aggregation: of the values of each group's series at a step. */
final class QuantileOfGroup extends SeriesOperator {
  private final SeriesOperator inner;
  private final double[] q;
  private final List<String> grouping;
  private final boolean without;
  private final Position quantilePosition;
  private final Position position;
  private int[][] members = new int[0][];
  private int[] groupOf = new int[0];
  private @Nullable StepMatrix input;

  /**
   * @param q which quantile, a column of steps
   * @param quantilePosition where that stands
   * @param position of what is aggregated
   */
  QuantileOfGroup(
      SeriesOperator inner,
      double[] q,
      List<String> grouping,
      boolean without,
      Position quantilePosition,
      Position position) {
    super(inner.query, inner.grid);
    this.inner = inner;
    this.q = q;
    this.grouping = grouping;
    this.without = without;
    this.quantilePosition = quantilePosition;
    this.position = position;
  }

  @Override
  Labels[] prepare() {
    warn();
    Labels[] series = inner.prepare();
    Groups groups = Groups.of(series, grouping, without);
    groupOf = groups.of;
    members = Rows.members(groups.of, groups.labels.length);
    StepMatrix matrix = Rows.materialize(inner, series.length);
    if (query.histograms.isUsed()) {
      BitSet blanked = matrix.blankHistograms();
      if (!blanked.isEmpty()) {
        query.annotations.ignoredInAggregation("quantile", position, grid, blanked);
      }
    }
    input = matrix;
    return groups.labels;
  }

  /** One warning each for the greatest and smallest value, and for NaN, as Prometheus. */
  private void warn() {
    double max = -Double.MAX_VALUE;
    double min = Double.MAX_VALUE;
    boolean nan = false;
    for (double v : q) {
      if (Double.isNaN(v)) {
        nan = true;
      } else {
        max = Math.max(max, v);
        min = Math.min(min, v);
      }
    }
    if (nan) {
      query.annotations.invalidQuantile(Double.NaN, quantilePosition, grid);
    }
    if (max > 1) {
      query.annotations.invalidQuantile(max, quantilePosition, grid);
    }
    if (min < 0) {
      query.annotations.invalidQuantile(min, quantilePosition, grid);
    }
  }

  @Override
  @Nullable BitSet loseNames() {
    return LateNames.ofGroups(inner.loseNames(), groupOf);
  }

  @Override
  void evaluate(int group, double[] out, int at, Worker worker) {
    StepMatrix matrix = input;
    if (matrix == null) {
      throw new IllegalStateException("not prepared");
    }
    int[] rows = members[group];
    double[] values = scratch(worker, rows.length);
    for (int s = 0; s < grid.count(); s++) {
      int n = 0;
      for (int row : rows) {
        double value = matrix.get(row, s);
        if (!Absent.is(value)) {
          values[n++] = value;
        }
      }
      out[at + s] = n == 0 ? Absent.VALUE : Quantiles.quantile(q[s], values, n);
    }
  }
}
