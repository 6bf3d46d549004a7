package io.varve.query.exec;

import io.varve.engine.SamplesGone;
import io.varve.engine.model.Labels;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.query.function.Absent;
import io.varve.query.plan.PlanNode;
import io.varve.query.plan.Selection;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * An instant selector: at every step the latest sample that is not older than the lookback (a
 * sample exactly that old is too old), nothing if that is a stale marker.
 */
final class InstantSelect extends SeriesOperator {
  /** Steps so far apart are read one by one: what lies between them need not be decoded. */
  private static final long SPARSE_GAP_MILLIS = 4 * 3600_000L;

  private final Selection selection;
  private final boolean timestamps;
  private final long lookbackMillis;
  private @Nullable SelectedSeries series;
  private SamplesGone gone = SamplesGone.NOWHERE;

  InstantSelect(QueryContext query, StepGrid grid, PlanNode.Select node) {
    super(query, grid);
    this.selection = node.selection();
    this.timestamps = node.timestamps();
    this.lookbackMillis = Math.max(0, query.lookbackMillis - node.lookbackLessMillis());
  }

  @Override
  Labels[] prepare() {
    if (grid.count() == 0) {
      return new Labels[0];
    }
    SelectedSeries found = select(lookbackMillis);
    gone = found.samplesGone();
    if (gone.cellMillis() > lookbackMillis) {
      found = select(gone.cellMillis());
    }
    series = found;
    return found.labels();
  }

  private SelectedSeries select(long lookback) {
    return new SelectedSeries(
        query,
        selection.matchers(),
        new TimeRange(
            selection.reference(grid.start()) - lookback, selection.reference(grid.last())));
  }

  @Override
  void evaluate(int number, double[] out, int at, Worker worker) {
    SelectedSeries found = series;
    if (found == null) {
      throw new IllegalStateException("not prepared");
    }
    int steps = grid.count();
    if (selection.atMillis() != null) {
      long reference = selection.reference(0);
      SampleColumns samples = found.read(number, lookback(reference), worker);
      double value = latest(found, samples, samples.size - 1, reference);
      query.countQueryable(Absent.is(value) ? 0 : steps);
      Arrays.fill(out, at, at + steps, value);
      return;
    }
    if (grid.step() > lookbackMillis + SPARSE_GAP_MILLIS) {
      int looked = 0;
      for (int s = 0; s < steps; s++) {
        long reference = selection.reference(grid.time(s));
        SampleColumns samples = found.read(number, lookback(reference), worker);
        double value = latest(found, samples, samples.size - 1, reference);
        looked += Absent.is(value) ? 0 : 1;
        out[at + s] = value;
      }
      query.countQueryable(looked);
      return;
    }
    long first = selection.reference(grid.start());
    SampleColumns samples =
        found.read(
            number,
            new TimeRange(first - lookbackMillis(first), selection.reference(grid.last())),
            worker);
    long[] times = samples.times;
    int size = samples.size;
    int row = -1;
    int looked = 0;
    long reference = first;
    for (int s = 0; s < steps; s++, reference += grid.step()) {
      while (row + 1 < size && times[row + 1] <= reference) {
        row++;
      }
      double value = latest(found, samples, row, reference);
      looked += Absent.is(value) ? 0 : 1;
      out[at + s] = value;
    }
    query.countQueryable(looked);
  }

  private TimeRange lookback(long reference) {
    return new TimeRange(reference - lookbackMillis(reference), reference);
  }

  /** Where only the last sample of each cell is left, it stands for all of the cell. */
  private long lookbackMillis(long reference) {
    return reference - lookbackMillis < gone.until()
        ? Math.max(lookbackMillis, gone.cellMillis())
        : lookbackMillis;
  }

  private double latest(SelectedSeries found, SampleColumns samples, int row, long reference) {
    if (row < 0 || samples.times[row] <= reference - lookbackMillis(reference)) {
      return Absent.VALUE;
    }
    if (timestamps) {
      return Absent.is(samples.values[row]) ? Absent.VALUE : samples.times[row] / 1000.0;
    }
    return found.value(samples, row, selection.countsOnly()); // a stale marker means absent
  }
}
