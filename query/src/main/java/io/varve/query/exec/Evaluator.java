package io.varve.query.exec;

import io.varve.engine.model.Labels;
import io.varve.query.function.Absent;
import io.varve.query.function.Window;
import io.varve.query.histogram.FloatHistogram;
import io.varve.query.histogram.HistogramTable;
import io.varve.query.plan.PlanNode.RangeNode;
import io.varve.query.plan.PlanNode.ScalarNode;
import io.varve.query.plan.PlanNode.VectorNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Takes the result of a query from the operators of its plan. */
public final class Evaluator {
  private final QueryContext query;
  private final Operators operators;

  /** For one query. */
  public Evaluator(QueryContext query) {
    this.query = query;
    this.operators = new Operators(query);
  }

  /**
   * The samples of a vector: for each series that has any, its label set, times and values.
   *
   * @param labels the series
   * @param times per series the steps at which it has samples; may be one array for all
   * @param values per series
   * @param histograms per series, null for each float; null for a series of floats
   */
  public record Columns(
      List<Labels> labels,
      List<long[]> times,
      List<double[]> values,
      List<@Nullable FloatHistogram @Nullable []> histograms) {}

  /** The histograms for which values stand; null if there are none. */
  private @Nullable FloatHistogram @Nullable [] histograms(double[] values) {
    if (!query.histograms.isUsed() || !HistogramTable.any(values, 0, values.length)) {
      return null;
    }
    @Nullable FloatHistogram[] found = new FloatHistogram[values.length];
    for (int i = 0; i < values.length; i++) {
      found[i] = query.histograms.get(values[i]);
    }
    return found;
  }

  private StepGrid grid(long start, long end, long step) {
    long steps = (end - start) / step + 1;
    query.checkSteps(steps);
    return new StepGrid(start, step, (int) steps);
  }

  /** Evaluates a scalar at {@code start}, {@code start + step} … up to {@code end}. */
  public Columns scalar(ScalarNode node, long start, long end, long step) {
    StepGrid grid = grid(start, end, step);
    double[] values = operators.scalar(node, grid);
    query.prove();
    query.holdSamples(values.length);
    List<@Nullable FloatHistogram @Nullable []> none = new ArrayList<>();
    none.add(null);
    return new Columns(List.of(Labels.EMPTY), List.of(times(grid)), List.of(values), none);
  }

  /**
   * A vector at one time.
   *
   * @param labels the series, in an order that may mean something
   * @param values per series
   * @param histograms per series, null for each float; null if all are floats
   */
  public record Instant(
      Labels[] labels, double[] values, @Nullable FloatHistogram @Nullable [] histograms) {}

  /** Evaluates a vector at one time. */
  public Instant vector(VectorNode node, long time) {
    SeriesOperator operator = Merged.result(operators.vector(node, StepGrid.instant(time)));
    Labels[] labels = operator.prepare();
    StepMatrix matrix = Rows.materialize(operator, labels.length);
    query.prove();
    int size = 0;
    query.chargeBytes(16L * labels.length);
    Labels[] found = new Labels[labels.length];
    double[] values = new double[labels.length];
    for (int i = 0; i < labels.length; i++) {
      double value = matrix.get(i, 0);
      if (!Absent.is(value)) {
        found[size] = labels[i];
        values[size++] = value;
      }
    }
    double[] kept = Arrays.copyOf(values, size);
    return new Instant(Arrays.copyOf(found, size), kept, histograms(kept));
  }

  /** Evaluates a vector at {@code start}, {@code start + step} … up to {@code end}. */
  public Columns vector(VectorNode node, long start, long end, long step) {
    StepGrid grid = grid(start, end, step);
    SeriesOperator operator = Merged.result(operators.vector(node, grid));
    Labels[] labels = operator.prepare();
    long[] allTimes = times(grid);
    long[][] times = new long[labels.length][];
    double[][] values = new double[labels.length][];
    double[][] columns = new double[query.workers()][];
    query.parallelSeries(
        labels.length,
        grid.count(),
        (from, to, worker) -> {
          double[] column = columns[worker.slot()];
          if (column == null) {
            query.chargeBytes(8L * grid.count());
            column = new double[grid.count()];
            columns[worker.slot()] = column;
          }
          long kept = 0;
          operator.expect(from, to, worker);
          for (int i = from; i < to; i++) {
            operator.evaluate(i, column, 0, worker);
            int present = Absent.countPresent(column, 0, column.length);
            if (present == 0) {
              continue;
            }
            kept += present;
            if (query.histograms.isUsed()) {
              kept += query.histograms.weight(column, 0, column.length);
            }
            query.chargeBytes(16L * present + 64);
            values[i] = new double[present];
            if (present == grid.count()) {
              times[i] = allTimes;
              System.arraycopy(column, 0, values[i], 0, present);
            } else {
              times[i] = new long[present];
              int o = 0;
              for (int s = 0; s < grid.count(); s++) {
                if (!Absent.is(column[s])) {
                  times[i][o] = allTimes[s];
                  values[i][o++] = column[s];
                }
              }
            }
          }
          query.holdSamples(kept);
        });
    query.prove();
    return columns(labels, times, values);
  }

  /** The samples of a range vector at one time. */
  public Columns range(RangeNode node, long time) {
    StepGrid grid = StepGrid.instant(time);
    WindowSource source = operators.range(node, grid);
    Labels[] labels = source.prepare();
    long[][] times = new long[labels.length][];
    double[][] values = new double[labels.length][];
    query.parallelSeries(
        labels.length,
        grid.count(),
        (from, to, worker) -> {
          Window w = new Window();
          for (int i = from; i < to; i++) {
            source.load(i, -1, w, worker);
            if (w.size > 0) {
              query.chargeBytes(16L * w.size + 64);
              query.holdColumn(w.values, 0, w.size);
              query.countQueryable(w.size);
              times[i] = Arrays.copyOf(w.times, w.size);
              values[i] = Arrays.copyOf(w.values, w.size);
            }
          }
        });
    query.prove();
    return columns(labels, times, values);
  }

  private Columns columns(Labels[] labels, long[][] times, double[][] values) {
    List<Labels> l = new ArrayList<>();
    List<long[]> t = new ArrayList<>();
    List<double[]> v = new ArrayList<>();
    List<@Nullable FloatHistogram @Nullable []> h = new ArrayList<>();
    for (int i = 0; i < labels.length; i++) {
      if (values[i] != null) {
        l.add(labels[i]);
        t.add(times[i]);
        v.add(values[i]);
        h.add(histograms(values[i]));
      }
    }
    return new Columns(l, t, v, h);
  }

  private static long[] times(StepGrid grid) {
    long[] times = new long[grid.count()];
    for (int s = 0; s < times.length; s++) {
      times[s] = grid.time(s);
    }
    return times;
  }
}
