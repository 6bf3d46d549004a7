package io.varve.query.exec;

import io.varve.engine.model.Labels;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * Computes an instant vector at the steps of a grid, series by series. First {@link #prepare},
 * once, on the thread that asked; then {@link #evaluate} for any series, from any worker. The label
 * sets are distinct. A series may turn out to have no sample at any step.
 */
abstract class SeriesOperator {
  final QueryContext query;
  final StepGrid grid;
  private final double[][] scratch;

  SeriesOperator(QueryContext query, StepGrid grid) {
    this.query = query;
    this.grid = grid;
    this.scratch = new double[query.workers()][];
  }

  /** The output series; evaluates first what must be known of other series. Not to be changed. */
  abstract Labels[] prepare();

  /**
   * Computes one series: fills {@code out[at … at + grid.count)} with its values, {@link
   * io.varve.query.function.Absent} where it has none. Ascending numbers read files forward.
   */
  abstract void evaluate(int series, double[] out, int at, Worker worker);

  /**
   * Says that a worker is about to evaluate some series, one after the other, so that they may be
   * read together.
   *
   * @param to one more than the last
   */
  void expect(int from, int to, Worker worker) {}

  /**
   * After {@link #prepare}: the series that lose the labels which say what their metric is at the
   * end of the query; null if none does. Always null unless names are dropped late ({@link
   * QueryContext#lateNames}).
   */
  @Nullable BitSet loseNames() {
    return null;
  }

  /** A worker's own memory of at least that many values, for the duration of one evaluate. */
  final double[] scratch(Worker worker, int size) {
    double[] mine = scratch[worker.slot()];
    if (mine == null || mine.length < size) {
      if (mine != null) {
        query.releaseBytes(8L * mine.length);
      }
      query.chargeBytes(8L * size);
      mine = new double[size];
      scratch[worker.slot()] = mine;
    }
    return mine;
  }
}
