package io.varve.query.exec;

import io.varve.engine.model.Labels;
import java.util.Arrays;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/** A vector that is the same at every step: evaluated at the first one. */
final class Pinned extends SeriesOperator {
  private final SeriesOperator inner;
  private @Nullable StepMatrix values;

  /**
   * @param inner over one step
   */
  Pinned(QueryContext query, StepGrid grid, SeriesOperator inner) {
    super(query, grid);
    this.inner = inner;
  }

  @Override
  Labels[] prepare() {
    if (grid.count() == 0) {
      return new Labels[0];
    }
    Labels[] labels = inner.prepare();
    if (grid.count() > 1) {
      values = Rows.materialize(inner, labels.length);
    }
    return labels;
  }

  @Override
  @Nullable BitSet loseNames() {
    return grid.count() == 0 ? null : inner.loseNames();
  }

  @Override
  void evaluate(int series, double[] out, int at, Worker worker) {
    StepMatrix known = values;
    if (known == null) {
      inner.evaluate(series, out, at, worker);
    } else {
      Arrays.fill(out, at, at + grid.count(), known.get(series, 0));
    }
  }
}
