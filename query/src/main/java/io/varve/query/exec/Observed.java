package io.varve.query.exec;

import io.varve.engine.model.Labels;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/** An operator whose work is written down. */
final class Observed extends SeriesOperator {
  private final SeriesOperator inner;
  private final Profile profile;
  private final Profile.Entry entry;

  Observed(SeriesOperator inner, Profile profile, Profile.Entry entry) {
    super(inner.query, inner.grid);
    this.inner = inner;
    this.profile = profile;
    this.entry = entry;
  }

  @Override
  Labels[] prepare() {
    Profile.Entry before = profile.resume(entry);
    long begun = System.nanoTime();
    try {
      Labels[] labels = inner.prepare();
      entry.yields(labels.length);
      return labels;
    } finally {
      entry.took(System.nanoTime() - begun);
      profile.resume(before);
    }
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
    long begun = System.nanoTime();
    inner.evaluate(series, out, at, worker);
    entry.took(System.nanoTime() - begun);
  }
}
