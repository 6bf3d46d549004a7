package io.varve.query.exec;

import io.varve.engine.model.Labels;
import io.varve.query.function.Absent;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** What operators do to all series of the operator below them, and to label sets. */
final class Rows {
  private static final int BATCH_VALUES = 1 << 20;

  private Rows() {}

  /** Sees one series' column after the other, in order, on the thread that asked. */
  @FunctionalInterface
  interface Consumer {
    /**
     * @return false to see no more
     */
    boolean accept(int series, double[] column, int at);
  }

  /** Sees the columns of a batch of series, several threads at a time, each its own steps. */
  @FunctionalInterface
  interface BatchConsumer {
    /**
     * @param firstSeries the series of the batch's row 0
     * @param rows how many series
     * @param fromStep first step that this call is to look at
     * @param toStep step after the last one
     */
    void accept(StepMatrix batch, int firstSeries, int rows, int fromStep, int toStep);
  }

  /** Evaluates all series and keeps them; their samples count as held until the query ends. */
  static StepMatrix materialize(SeriesOperator operator, int series) {
    StepMatrix matrix = new StepMatrix(operator.query, series, operator.grid.count());
    operator.query.parallelSeries(
        series,
        operator.grid.count(),
        (from, to, worker) -> {
          long present = 0;
          operator.expect(from, to, worker);
          for (int i = from; i < to; i++) {
            double[] array = matrix.array(i);
            int at = matrix.offset(i);
            operator.evaluate(i, array, at, worker);
            present += Absent.countPresent(array, at, operator.grid.count());
            if (operator.query.histograms.isUsed()) {
              present += operator.query.histograms.weight(array, at, operator.grid.count());
            }
          }
          operator.query.holdSamples(present);
        });
    return matrix;
  }

  /**
   * Evaluates all series in batches and shows them one by one, in order. The histograms among the
   * values are forgotten after their batch.
   */
  static void forEach(SeriesOperator operator, int series, Consumer consumer) {
    int steps = operator.grid.count();
    int perBatch = perBatch(series, steps);
    StepMatrix batch = new StepMatrix(operator.query, perBatch, steps);
    try {
      for (int first = 0; first < series; first += perBatch) {
        int rows = Math.min(perBatch, series - first);
        int mark = operator.query.histograms.mark();
        evaluate(operator, batch, first, rows);
        for (int r = 0; r < rows; r++) {
          if (!consumer.accept(first + r, batch.array(r), batch.offset(r))) {
            return;
          }
        }
        operator.query.histograms.forgetSince(mark);
      }
    } finally {
      batch.release();
    }
  }

  /**
   * Evaluates all series in batches and shows each batch, divided by steps among the workers. The
   * histograms among the values are forgotten after their batch.
   */
  static void forEachBatch(SeriesOperator operator, int series, BatchConsumer consumer) {
    int steps = operator.grid.count();
    int perBatch = perBatch(series, steps);
    StepMatrix batch = new StepMatrix(operator.query, perBatch, steps);
    try {
      for (int first = 0; first < series; first += perBatch) {
        int rows = Math.min(perBatch, series - first);
        int mark = operator.query.histograms.mark();
        evaluate(operator, batch, first, rows);
        int firstSeries = first;
        int chunk = Math.max(64, (steps - 1) / operator.query.workers() + 1);
        operator.query.parallel(
            steps,
            chunk,
            (from, to, worker) -> consumer.accept(batch, firstSeries, rows, from, to));
        operator.query.histograms.forgetSince(mark);
      }
    } finally {
      batch.release();
    }
  }

  private static int perBatch(int series, int steps) {
    return Math.clamp(BATCH_VALUES / Math.max(1, steps), Math.min(8, series), Math.max(1, series));
  }

  private static void evaluate(SeriesOperator operator, StepMatrix batch, int first, int rows) {
    operator.query.parallelSeries(
        rows,
        operator.grid.count(),
        (from, to, worker) -> {
          operator.expect(first + from, first + to, worker);
          for (int r = from; r < to; r++) {
            operator.evaluate(first + r, batch.array(r), batch.offset(r), worker);
          }
        });
  }

  /** True for the labels that say what a metric is: gone when a function changes the meaning. */
  static boolean isMetadata(String label) {
    return label.equals(Labels.METRIC_NAME) || label.equals("__type__") || label.equals("__unit__");
  }

  /** The label set without those that say what the metric is. */
  static Labels withoutMetadata(Labels labels) {
    return labels.filter(name -> !isMetadata(name));
  }

  /** The label sets without those that say what the metric is; not distinct any more, perhaps. */
  static Labels[] withoutMetadata(QueryContext query, Labels[] labels) {
    Labels[] result = new Labels[labels.length];
    for (int i = 0; i < labels.length; i++) {
      result[i] = withoutMetadata(labels[i]);
    }
    query.chargeBytes(64L * labels.length);
    return result;
  }

  /** For every row the number of its label set among the distinct ones, in order of appearance. */
  static int[] group(Labels[] labels) {
    Map<Labels, Integer> numbers = new HashMap<>(2 * labels.length);
    int[] group = new int[labels.length];
    for (int i = 0; i < labels.length; i++) {
      Integer number = numbers.putIfAbsent(labels[i], numbers.size());
      group[i] = number == null ? numbers.size() - 1 : number;
    }
    return group;
  }

  /** The rows of each group, ascending. */
  static int[][] members(int[] group, int groups) {
    int[] sizes = new int[groups];
    for (int g : group) {
      if (g >= 0) {
        sizes[g]++;
      }
    }
    int[][] members = new int[groups][];
    for (int g = 0; g < groups; g++) {
      members[g] = new int[sizes[g]];
    }
    Arrays.fill(sizes, 0);
    for (int i = 0; i < group.length; i++) {
      if (group[i] >= 0) {
        members[group[i]][sizes[group[i]]++] = i;
      }
    }
    return members;
  }
}
