package io.varve.query.exec;

import io.varve.engine.model.Labels;
import io.varve.query.function.Absent;
import io.varve.query.function.GoText;
import io.varve.query.histogram.FloatHistogram;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * count_values: how many series of a group have a value, one output series per value. Which there
 * are is known only when all values are.
 */
final class CountingValues extends SeriesOperator {
  private final SeriesOperator inner;
  private final String label;
  private final List<String> grouping;
  private final boolean without;
  private final List<double[]> counts = new ArrayList<>();
  private final BitSet loseNames = new BitSet();

  CountingValues(SeriesOperator inner, String label, List<String> grouping, boolean without) {
    super(inner.query, inner.grid);
    this.inner = inner;
    this.label = label;
    List<String> names = new ArrayList<>(grouping);
    if (!without) {
      names.add(label);
    }
    this.grouping = names;
    this.without = without;
  }

  /**
   * A value of a series: equal ones have equal output labels. Raw bits, since those of a NaN may
   * stand for a histogram.
   */
  private record Key(int series, long bits) {}

  @Override
  Labels[] prepare() {
    Labels[] series = inner.prepare();
    BitSet lost = inner.loseNames();
    Groups.Projection projection = Groups.projection(grouping, without);
    Map<Labels, Integer> rows = new HashMap<>();
    List<Labels> labels = new ArrayList<>();
    Map<Key, Integer> known = new HashMap<>();
    int steps = grid.count();
    Rows.forEach(
        inner,
        series.length,
        (number, column, at) -> {
          query.check();
          known.clear();
          for (int s = 0; s < steps; s++) {
            double value = column[at + s];
            if (Absent.is(value)) {
              continue;
            }
            Key key = new Key(number, Double.doubleToRawLongBits(value));
            Integer row = known.get(key);
            if (row == null) {
              Labels output =
                  projection.of(new Labels.Builder(series[number]).set(label, text(value)).build());
              row = rows.get(output);
              if (row == null) {
                row = labels.size();
                query.chargeBytes(8L * steps + 128);
                double[] column2 = new double[steps];
                Absent.fill(column2, 0, steps);
                counts.add(column2);
                if (lost != null && lost.get(number)) {
                  loseNames.set(row);
                }
                labels.add(output);
                rows.put(output, row);
              }
              known.put(key, row);
            }
            double[] count = counts.get(row);
            if (Absent.is(count[s])) {
              query.holdSamples(1);
              count[s] = 1;
            } else {
              count[s]++;
            }
          }
          return true;
        });
    return labels.toArray(new Labels[0]);
  }

  private String text(double value) {
    FloatHistogram histogram = query.histograms.get(value);
    return histogram == null ? GoText.plain(value) : histogram.toString();
  }

  @Override
  @Nullable BitSet loseNames() {
    return loseNames.isEmpty() ? null : loseNames;
  }

  @Override
  void evaluate(int series, double[] out, int at, Worker worker) {
    System.arraycopy(counts.get(series), 0, out, at, grid.count());
  }
}
