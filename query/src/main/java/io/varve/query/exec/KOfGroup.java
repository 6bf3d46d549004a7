package io.varve.query.exec;

import io.varve.engine.model.Labels;
import io.varve.query.QueryException;
import io.varve.query.function.Absent;
import io.varve.query.function.GoText;
import io.varve.query.function.ValueOrder;
import io.varve.query.promql.Position;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * topk, bottomk and limitk: of each group the k series that have the greatest or smallest values at
 * a step, or just the first k that have any. At a single step the output of topk and bottomk is in
 * that order, groups in order of appearance; else it is the input with everything else blanked.
 */
final class KOfGroup extends SeriesOperator {
  /** Which series of a group are taken. */
  enum Choice {
    GREATEST,
    SMALLEST,
    FIRST
  }

  /** Beyond these a double is no integer in Go. */
  private static final double MOST = 0x1.fffffffffffffp62;

  private static final double LEAST = -0x1p63;

  private final SeriesOperator inner;
  private final Choice choice;
  private final double[] k;
  private final List<String> grouping;
  private final boolean without;
  private final Position position;
  private @Nullable StepMatrix result;
  private int[] rows = new int[0];

  /**
   * @param k how many, a column of steps
   * @param position of what is aggregated
   */
  KOfGroup(
      SeriesOperator inner,
      Choice choice,
      double[] k,
      List<String> grouping,
      boolean without,
      Position position) {
    super(inner.query, inner.grid);
    this.inner = inner;
    this.choice = choice;
    this.k = k;
    this.grouping = grouping;
    this.without = without;
    this.position = position;
  }

  @Override
  Labels[] prepare() {
    Labels[] series = inner.prepare();
    if (!checkParameter(k)) {
      return new Labels[0];
    }
    StepMatrix matrix = Rows.materialize(inner, series.length);
    if (choice != Choice.FIRST && query.histograms.isUsed()) {
      BitSet blanked = matrix.blankHistograms();
      if (!blanked.isEmpty()) {
        query.annotations.ignoredInAggregation(
            choice == Choice.GREATEST ? "topk" : "bottomk", position, grid, blanked);
      }
    }
    Groups groups = Groups.of(series, grouping, without);
    int[][] members = Rows.members(groups.of, groups.labels.length);
    result = matrix;
    if (grid.count() == 1 && choice != Choice.FIRST) {
      rows = ordered(matrix, members, series.length);
    } else {
      query.parallel(
          grid.count(),
          16,
          (from, to, worker) -> {
            ValueOrder.Best best = new ValueOrder.Best(choice == Choice.GREATEST);
            boolean[] chosen = new boolean[series.length];
            for (int step = from; step < to; step++) {
              blank(matrix, members, step, best, chosen);
            }
          });
      rows = new int[series.length];
      Arrays.setAll(rows, i -> i);
    }
    Labels[] labels = new Labels[rows.length];
    for (int i = 0; i < rows.length; i++) {
      labels[i] = series[rows[i]];
    }
    return labels;
  }

  /** False if k is below 1 at every step. */
  private static boolean checkParameter(double[] k) {
    double max = -Double.MAX_VALUE;
    double min = Double.MAX_VALUE;
    for (double v : k) {
      if (Double.isNaN(v)) {
        max = Double.NaN;
        break;
      }
      max = Math.max(max, v);
      min = Math.min(min, v);
    }
    if (max < 1) {
      return false;
    }
    if (Double.isNaN(max)) {
      throw QueryException.execution("Parameter value is NaN");
    }
    if (min <= LEAST) {
      throw QueryException.execution("Scalar value " + GoText.general(min) + " underflows int64");
    }
    if (max >= MOST) {
      throw QueryException.execution("Scalar value " + GoText.general(max) + " overflows int64");
    }
    return true;
  }

  private int[] ordered(StepMatrix matrix, int[][] members, int series) {
    ValueOrder.Best best = new ValueOrder.Best(choice == Choice.GREATEST);
    List<int[]> parts = new ArrayList<>();
    List<int[]> byAppearance = new ArrayList<>();
    for (int[] group : members) {
      int[] present = Arrays.stream(group).filter(r -> !Absent.is(matrix.get(r, 0))).toArray();
      if (present.length > 0) {
        byAppearance.add(present);
      }
    }
    byAppearance.sort((a, b) -> Integer.compare(a[0], b[0]));
    int total = 0;
    for (int[] group : byAppearance) {
      int n = choose(matrix, group, 0, series, best);
      int[] part = new int[n];
      for (int i = 0; i < n; i++) {
        part[i] = best.row(i);
      }
      parts.add(part);
      total += n;
    }
    int[] all = new int[total];
    int o = 0;
    for (int[] part : parts) {
      System.arraycopy(part, 0, all, o, part.length);
      o += part.length;
    }
    return all;
  }

  private void blank(
      StepMatrix matrix, int[][] members, int step, ValueOrder.Best best, boolean[] chosen) {
    for (int[] group : members) {
      if (choice == Choice.FIRST) {
        blankBehind(matrix, group, step);
        continue;
      }
      int n = choose(matrix, group, step, matrix.rows(), best);
      for (int i = 0; i < n; i++) {
        chosen[best.row(i)] = true;
      }
      for (int row : group) {
        if (chosen[row]) {
          chosen[row] = false;
        } else {
          matrix.set(row, step, Absent.VALUE);
        }
      }
    }
  }

  private void blankBehind(StepMatrix matrix, int[] group, int step) {
    long taken = 0;
    for (int row : group) {
      if (!Absent.is(matrix.get(row, step)) && ++taken > (long) k[step]) {
        matrix.set(row, step, Absent.VALUE);
      }
    }
  }

  private int choose(StepMatrix matrix, int[] group, int step, int series, ValueOrder.Best best) {
    best.clear();
    long most = Math.min((long) k[step], series);
    if (most < 1) {
      return 0;
    }
    for (int row : group) {
      double value = matrix.get(row, step);
      if (!Absent.is(value)) {
        best.offer(value, row, most);
      }
    }
    return best.sort();
  }

  @Override
  @Nullable BitSet loseNames() {
    return LateNames.ofRows(inner.loseNames(), rows);
  }

  @Override
  void evaluate(int series, double[] out, int at, Worker worker) {
    StepMatrix matrix = result;
    if (matrix == null) {
      Absent.fill(out, at, grid.count());
    } else {
      matrix.copyRow(rows[series], out, at);
    }
  }
}
