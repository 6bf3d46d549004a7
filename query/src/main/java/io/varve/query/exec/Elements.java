package io.varve.query.exec;

import io.varve.engine.model.Labels;
import io.varve.query.function.Absent;
import io.varve.query.function.ElementFunctions;
import io.varve.query.function.ElementFunctions.ElementFunction;
import io.varve.query.histogram.HistogramTable;
import io.varve.query.promql.FunctionSignature;
import java.util.Arrays;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/** Changes the values of every series at every step by itself, in place. */
final class Elements extends SeriesOperator {
  /** Changes a column of steps; leaves alone what is absent. */
  @FunctionalInterface
  interface Change {
    void apply(double[] column, int at, int steps);
  }

  /** Changes a column of steps of a series; leaves alone what is absent. */
  @FunctionalInterface
  interface SeriesChange {
    void apply(int series, double[] column, int at, int steps);
  }

  private final SeriesOperator inner;
  private final SeriesChange change;
  private final boolean floatsOnly;

  private Elements(SeriesOperator inner, SeriesChange change, boolean floatsOnly) {
    super(inner.query, inner.grid);
    this.inner = inner;
    this.change = change;
    this.floatsOnly = floatsOnly;
  }

  /** For a change that knows what to do with histograms. */
  static Elements all(SeriesOperator inner, Change change) {
    return bySeries(inner, (series, column, at, steps) -> change.apply(column, at, steps));
  }

  /** For a change that knows what to do with histograms, and wants to know of which series. */
  static Elements bySeries(SeriesOperator inner, SeriesChange change) {
    return new Elements(inner, change, false);
  }

  /** For a change of floats: histograms become absent. */
  static Elements floats(SeriesOperator inner, Change change) {
    return new Elements(
        inner, (series, column, at, steps) -> change.apply(column, at, steps), true);
  }

  @Override
  Labels[] prepare() {
    return inner.prepare();
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
    inner.evaluate(series, out, at, worker);
    if (floatsOnly && query.histograms.isUsed()) {
      HistogramTable.blank(out, at, grid.count());
    }
    change.apply(series, out, at, grid.count());
  }

  /** Applies a function of one number. */
  static Change each(ElementFunction function) {
    return (column, at, steps) -> {
      for (int i = at; i < at + steps; i++) {
        if (!Absent.is(column[i])) {
          column[i] = function.of(column[i]);
        }
      }
    };
  }

  /**
   * A function of one number, or one of those with arguments.
   *
   * @param arguments a column of steps each
   */
  static Change change(FunctionSignature function, double[][] arguments) {
    return switch (function) {
      case CLAMP -> clamp(arguments[0], arguments[1]);
      case CLAMP_MIN -> clamp(arguments[0], alike(arguments[0], Double.POSITIVE_INFINITY));
      case CLAMP_MAX -> clamp(alike(arguments[0], Double.NEGATIVE_INFINITY), arguments[0]);
      case ROUND ->
          arguments.length == 0 ? each(v -> ElementFunctions.round(v, 1)) : round(arguments[0]);
      default -> {
        ElementFunction known = ElementFunctions.of(function);
        if (known == null) {
          throw new IllegalStateException("not of one number: " + function.text());
        }
        yield each(known);
      }
    };
  }

  private static double[] alike(double[] column, double value) {
    double[] other = new double[column.length];
    Arrays.fill(other, value);
    return other;
  }

  private static Change round(double[] nearest) {
    return (column, at, steps) -> {
      for (int s = 0; s < steps; s++) {
        double value = column[at + s];
        if (!Absent.is(value)) {
          column[at + s] = ElementFunctions.round(value, nearest[s]);
        }
      }
    };
  }

  private static Change clamp(double[] min, double[] max) {
    return (column, at, steps) -> {
      for (int s = 0; s < steps; s++) {
        double value = column[at + s];
        if (!Absent.is(value)) {
          column[at + s] =
              max[s] < min[s] ? Absent.VALUE : ElementFunctions.clamp(value, min[s], max[s]);
        }
      }
    };
  }
}
