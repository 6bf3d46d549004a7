package io.varve.query.exec;

import io.varve.engine.model.Labels;
import io.varve.query.function.Absent;
import io.varve.query.function.NaturalOrder;
import io.varve.query.function.ValueOrder;
import io.varve.query.histogram.HistogramTable;
import io.varve.query.promql.Position;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * sort, sort_desc, sort_by_label and sort_by_label_desc: the order of the series at a single step.
 * Over several steps there is no order to make, which is said in a warning.
 */
final class Sorted extends SeriesOperator {
  private final SeriesOperator inner;
  private final boolean descending;
  private final @Nullable List<String> byLabels;
  private final Position position;
  private int @Nullable [] order;
  private @Nullable StepMatrix known;

  Sorted(
      SeriesOperator inner,
      boolean descending,
      @Nullable List<String> byLabels,
      Position position) {
    super(inner.query, inner.grid);
    this.inner = inner;
    this.descending = descending;
    this.byLabels = byLabels;
    this.position = position;
  }

  @Override
  Labels[] prepare() {
    Labels[] series = inner.prepare();
    if (grid.count() != 1 || query.isPartOfMore(grid)) {
      query.annotations.sortInRange(position, grid);
      return series;
    }
    StepMatrix matrix = Rows.materialize(inner, series.length);
    int[] rows = new int[series.length];
    double[] values = new double[series.length];
    int n = 0;
    for (int i = 0; i < series.length; i++) {
      double value = matrix.get(i, 0);
      if (!Absent.is(value) && (byLabels != null || !HistogramTable.isHistogram(value))) {
        rows[n] = i;
        values[n++] = value;
      }
    }
    int[] sorted;
    if (byLabels == null) {
      ValueOrder.sort(values, rows, n, descending);
      sorted = Arrays.copyOf(rows, n);
    } else {
      List<Integer> list = new ArrayList<>(n);
      for (int i = 0; i < n; i++) {
        list.add(rows[i]);
      }
      Comparator<Labels> comparator = comparator(byLabels);
      list.sort(
          (a, b) -> {
            int c = comparator.compare(series[a], series[b]);
            return descending ? -c : c;
          });
      sorted = list.stream().mapToInt(Integer::intValue).toArray();
    }
    order = sorted;
    known = matrix;
    Labels[] labels = new Labels[n];
    for (int i = 0; i < n; i++) {
      labels[i] = series[sorted[i]];
    }
    return labels;
  }

  private static Comparator<Labels> comparator(List<String> names) {
    return (a, b) -> {
      for (String name : names) {
        String x = a.get(name);
        String y = b.get(name);
        if (!x.equals(y)) {
          return NaturalOrder.compare(x, y);
        }
      }
      return a.compareTo(b);
    };
  }

  @Override
  @Nullable BitSet loseNames() {
    return order == null ? inner.loseNames() : LateNames.ofRows(inner.loseNames(), order);
  }

  @Override
  void evaluate(int series, double[] out, int at, Worker worker) {
    int[] sorted = order;
    StepMatrix matrix = known;
    if (sorted == null || matrix == null) {
      inner.evaluate(series, out, at, worker);
      if (byLabels == null && query.histograms.isUsed()) {
        HistogramTable.blank(out, at, grid.count());
      }
    } else {
      matrix.copyRow(sorted[series], out, at);
    }
  }
}
