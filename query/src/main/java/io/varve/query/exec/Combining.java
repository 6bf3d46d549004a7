package io.varve.query.exec;

import io.varve.engine.model.Labels;
import io.varve.query.function.Absent;
import io.varve.query.function.StepSums;
import io.varve.query.histogram.HistogramTable;
import io.varve.query.promql.Aggregation;
import io.varve.query.promql.Position;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The aggregations that carry a few numbers per group and step from series to series: sum, avg,
 * min, max, count, group, stddev, stdvar. Series are added in their order, so that sums are the
 * same in every run.
 */
final class Combining extends SeriesOperator {
  private final SeriesOperator inner;
  private final Aggregation aggregation;
  private final List<String> grouping;
  private final boolean without;
  private int[] groupOf = new int[0];
  private final Position position;
  private @Nullable StepMatrix result;

  /**
   * @param position of what is aggregated
   */
  Combining(
      SeriesOperator inner,
      Aggregation aggregation,
      List<String> grouping,
      boolean without,
      Position position) {
    super(inner.query, inner.grid);
    this.inner = inner;
    this.aggregation = aggregation;
    this.grouping = grouping;
    this.without = without;
    this.position = position;
  }

  @Override
  Labels[] prepare() {
    Labels[] series = inner.prepare();
    Groups groups = Groups.of(series, grouping, without);
    groupOf = groups.of;
    int count = groups.labels.length;
    int steps = grid.count();
    StepMatrix value = StepMatrix.absent(query, count, steps);
    @Nullable StepMatrix second = null;
    @Nullable StepMatrix third = null;
    switch (aggregation) {
      case SUM -> second = new StepMatrix(query, count, steps);
      case AVG, STDDEV, STDVAR -> {
        second = new StepMatrix(query, count, steps);
        third = new StepMatrix(query, count, steps);
      }
      default -> {}
    }
    StepMatrix low = second;
    StepMatrix counts = third;
    HistogramGroups histograms =
        new HistogramGroups(query, aggregation == Aggregation.AVG, count, grid, position);
    Rows.forEachBatch(
        inner,
        series.length,
        (batch, firstSeries, rows, from, to) -> {
          for (int r = 0; r < rows; r++) {
            int group = groups.of[firstSeries + r];
            if (query.histograms.isUsed()) {
              take(histograms, batch, r, series[firstSeries + r], value, group, from, to);
            }
            add(batch.array(r), batch.offset(r) + from, to - from, value, low, counts, group, from);
          }
        });
    for (int g = 0; g < count; g++) {
      finish(value, low, counts, g);
      histograms.finish(g, value.array(g), value.offset(g));
    }
    if (low != null) {
      low.release();
    }
    if (counts != null) {
      counts.release();
    }
    query.holdSamples(value.countPresent());
    result = value;
    return groups.labels;
  }

  /** Takes the histograms out of a row of a batch. */
  private void take(
      HistogramGroups histograms,
      StepMatrix batch,
      int row,
      Labels series,
      StepMatrix value,
      int group,
      int from,
      int to) {
    double[] in = batch.array(row);
    int at = batch.offset(row) + from;
    switch (aggregation) {
      case SUM, AVG ->
          histograms.add(
              in,
              at,
              to - from,
              from,
              group,
              value.array(group),
              value.offset(group) + from,
              series.get(Labels.METRIC_NAME));
      case COUNT, GROUP -> {}
      case MIN, MAX, STDDEV, STDVAR -> {
        BitSet blanked = HistogramTable.blanked(in, at, to - from, from);
        if (!blanked.isEmpty()) {
          query.annotations.ignoredInAggregation(aggregation.text(), position, grid, blanked);
        }
      }
      case BOTTOMK, COUNT_VALUES, LIMIT_RATIO, LIMITK, QUANTILE, TOPK ->
          throw new IllegalStateException(aggregation.text());
    }
  }

  private void add(
      double[] in,
      int at,
      int steps,
      StepMatrix value,
      @Nullable StepMatrix second,
      @Nullable StepMatrix third,
      int group,
      int from) {
    double[] into = value.array(group);
    int to = value.offset(group) + from;
    switch (aggregation) {
      case SUM -> StepSums.sum(in, at, steps, into, to, array(second, group));
      case AVG ->
          StepSums.average(in, at, steps, into, to, array(second, group), array(third, group));
      case STDDEV, STDVAR ->
          StepSums.variance(in, at, steps, into, to, array(second, group), array(third, group));
      case MIN -> StepSums.min(in, at, steps, into, to);
      case MAX -> StepSums.max(in, at, steps, into, to);
      case COUNT -> StepSums.count(in, at, steps, into, to);
      case GROUP -> StepSums.group(in, at, steps, into, to);
      case BOTTOMK, COUNT_VALUES, LIMIT_RATIO, LIMITK, QUANTILE, TOPK ->
          throw new IllegalStateException(aggregation.text());
    }
  }

  private static double[] array(@Nullable StepMatrix matrix, int row) {
    if (matrix == null) {
      throw new IllegalStateException("no such column");
    }
    return matrix.array(row);
  }

  private void finish(
      StepMatrix value, @Nullable StepMatrix second, @Nullable StepMatrix third, int group) {
    double[] into = value.array(group);
    int at = value.offset(group);
    int steps = grid.count();
    switch (aggregation) {
      case SUM -> StepSums.finishSum(into, at, steps, array(second, group));
      case AVG ->
          StepSums.finishAverage(into, at, steps, array(second, group), array(third, group));
      case STDDEV -> StepSums.finishVariance(into, at, steps, array(third, group), true);
      case STDVAR -> StepSums.finishVariance(into, at, steps, array(third, group), false);
      case MIN, MAX, COUNT, GROUP -> {}
      case BOTTOMK, COUNT_VALUES, LIMIT_RATIO, LIMITK, QUANTILE, TOPK ->
          throw new IllegalStateException(aggregation.text());
    }
  }

  @Override
  @Nullable BitSet loseNames() {
    return LateNames.ofGroups(inner.loseNames(), groupOf);
  }

  @Override
  void evaluate(int series, double[] out, int at, Worker worker) {
    StepMatrix known = result;
    if (known == null) {
      Absent.fill(out, at, grid.count());
    } else {
      known.copyRow(series, out, at);
    }
  }
}
