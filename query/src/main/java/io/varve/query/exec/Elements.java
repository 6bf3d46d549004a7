package io.varve.query.exec;

import io.varve.engine.model.Labels;

/** Changes the values of every series at every step by itself, in place. */
final class Elements extends SeriesOperator {
  /** Changes a column of steps; leaves alone what is absent. */
  @FunctionalInterface
  interface Change {
    void apply(double[] column, int at, int steps);
  }

  private final SeriesOperator inner;
  private final Change change;

  Elements(SeriesOperator inner, Change change) {
    super(inner.query, inner.grid);
    this.inner = inner;
    this.change = change;
  }

  @Override
  Labels[] prepare() {
    return inner.prepare();
  }

  @Override
  void evaluate(int series, double[] out, int at, Worker worker) {
    inner.evaluate(series, out, at, worker);
    change.apply(out, at, grid.count());
  }
}
