package io.varve.query.exec;

import io.varve.engine.model.Labels;

/** One series whose values are known: vector(), absent(), absent_over_time(). */
final class FixedColumn extends SeriesOperator {
  /** Computes the column when the query is prepared. */
  @FunctionalInterface
  interface Source {
    double[] column();
  }

  private final Labels labels;
  private final Source source;
  private double[] column = new double[0];

  FixedColumn(QueryContext query, StepGrid grid, Labels labels, Source source) {
    super(query, grid);
    this.labels = labels;
    this.source = source;
  }

  @Override
  Labels[] prepare() {
    column = source.column();
    return new Labels[] {labels};
  }

  @Override
  void evaluate(int series, double[] out, int at, Worker worker) {
    System.arraycopy(column, 0, out, at, grid.count());
  }
}
