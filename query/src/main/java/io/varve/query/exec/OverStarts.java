package io.varve.query.exec;

import io.varve.engine.model.Labels;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.query.QueryException;
import io.varve.query.function.Absent;
import io.varve.query.function.StartTimestamps;
import io.varve.query.histogram.HistogramTable;
import io.varve.query.plan.Selection;
import io.varve.query.promql.FunctionSignature;
import io.varve.query.promql.Position;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * rate, increase, irate and resets of series whose samples tell when their counters began; of all
 * other series another operator's result.
 */
final class OverStarts extends SeriesOperator {
  private final OverRange plain;
  private final FunctionSignature function;
  private final Selection selection;
  private final long rangeMillis;
  private final Position position;
  private @Nullable SelectedSeries series;
  private Labels[] labels = new Labels[0];

  /**
   * @param plain the same function over the same range, without start timestamps
   */
  OverStarts(
      OverRange plain,
      FunctionSignature function,
      Selection selection,
      long rangeMillis,
      Position position) {
    super(plain.query, plain.grid);
    this.plain = plain;
    this.function = function;
    this.selection = selection;
    this.rangeMillis = rangeMillis;
    this.position = position;
  }

  /** True for the functions that look at start timestamps. */
  static boolean knows(FunctionSignature function) {
    return switch (function) {
      case RATE, INCREASE, IRATE, RESETS -> true;
      default -> false;
    };
  }

  @Override
  Labels[] prepare() {
    labels = plain.prepare();
    if (labels.length > 0) {
      series = new SelectedSeries(query, selection.matchers(), all());
    }
    return labels;
  }

  private TimeRange all() {
    return new TimeRange(
        selection.reference(grid.start()) - rangeMillis, selection.reference(grid.last()));
  }

  @Override
  @Nullable BitSet loseNames() {
    return plain.loseNames();
  }

  @Override
  void evaluate(int number, double[] out, int at, Worker worker) {
    SelectedSeries found = series;
    if (found == null) {
      throw new IllegalStateException("not prepared");
    }
    if (plain.isSparse()) {
      plain.evaluate(number, out, at, worker);
      for (int s = 0; s < grid.count(); s++) {
        long end = selection.reference(grid.time(s));
        SampleColumns samples = found.read(number, new TimeRange(end - rangeMillis, end), worker);
        if (samples.starts != null) {
          overStarts(number, samples, samples.starts, s, s + 1, out, at);
        }
      }
      return;
    }
    SampleColumns samples = found.read(number, all(), worker);
    if (samples.starts == null) {
      plain.evaluate(number, out, at, worker);
    } else {
      overStarts(number, samples, samples.starts, 0, grid.count(), out, at);
    }
  }

  private void overStarts(
      int number,
      SampleColumns samples,
      long[] starts,
      int fromStep,
      int toStep,
      double[] out,
      int at) {
    int size = 0;
    for (int row = 0; row < samples.size; row++) {
      if (Absent.is(samples.values[row])) {
        continue;
      }
      if (samples.histogram(row) != null) {
        throw QueryException.execution(
            "native histograms: not supported by this version of Varve with start timestamps;"
                + " series "
                + labels[number]
                + " has one");
      }
      samples.times[size] = samples.times[row];
      samples.values[size] = HistogramTable.fromOutside(samples.values[row]);
      starts[size++] = starts[row];
    }
    int from = 0;
    int to = 0;
    long looked = 0;
    for (int s = fromStep; s < toStep; s++) {
      long end = selection.reference(grid.time(s));
      while (to < size && samples.times[to] <= end) {
        to++;
      }
      while (from < to && samples.times[from] <= end - rangeMillis) {
        from++;
      }
      looked += to - from;
      out[at + s] =
          from == to
              ? Absent.VALUE
              : value(
                  new StartTimestamps.Rows(samples.times, samples.values, starts, from, to),
                  end,
                  labels[number]);
    }
    query.countQueryable(looked);
    if ((function == FunctionSignature.RATE || function == FunctionSignature.INCREASE)
        && Absent.countPresent(out, at + fromStep, toStep - fromStep) > 0) {
      query.annotations.askForCounter(labels[number], query.typeLabels, position);
    }
  }

  private double value(StartTimestamps.Rows rows, long end, Labels of) {
    return switch (function) {
      case RESETS -> rows.resets();
      case IRATE -> rows.lastRate();
      default -> {
        if (rows.overlap()) {
          query.annotations.startOverlap(of.get(Labels.METRIC_NAME), position);
        }
        yield rows.increase(end - rangeMillis, end, function == FunctionSignature.RATE);
      }
    };
  }
}
