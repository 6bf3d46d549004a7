package io.varve.query.exec;

import io.varve.engine.model.Labels;
import io.varve.query.function.Absent;

/** An empty vector. */
final class NoSeries extends SeriesOperator {
  NoSeries(QueryContext query, StepGrid grid) {
    super(query, grid);
  }

  @Override
  Labels[] prepare() {
    return new Labels[0];
  }

  @Override
  void evaluate(int series, double[] out, int at, Worker worker) {
    Absent.fill(out, at, grid.count());
  }
}
