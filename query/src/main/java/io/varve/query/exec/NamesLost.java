package io.varve.query.exec;

import io.varve.engine.model.Labels;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/** Lets the names of all series be dropped at the end of the query; until then they can be used. */
final class NamesLost extends SeriesOperator {
  private final SeriesOperator inner;
  private int series;

  NamesLost(SeriesOperator inner) {
    super(inner.query, inner.grid);
    this.inner = inner;
  }

  @Override
  Labels[] prepare() {
    Labels[] labels = inner.prepare();
    series = labels.length;
    return labels;
  }

  @Override
  @Nullable BitSet loseNames() {
    return LateNames.all(series);
  }

  @Override
  void expect(int from, int to, Worker worker) {
    inner.expect(from, to, worker);
  }

  @Override
  void evaluate(int number, double[] out, int at, Worker worker) {
    inner.evaluate(number, out, at, worker);
  }
}
