package io.varve.http.replay;

import io.varve.engine.model.Labels;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.StaleMarker;
import io.varve.query.QueryResult.Matrix;
import io.varve.query.QueryResult.Series;
import io.varve.query.histogram.FloatHistogram;
import io.varve.retention.rules.Rule;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Makes the series of a recording rule of its results, column by column: the same as {@link
 * io.varve.retention.rules.RuleGroup} makes time by time. Keeps what was made at the last time.
 */
final class Recorded {
  private static final String SAME_LABELS =
      "vector contains metrics with the same labelset after applying rule labels";

  private final Rule.Recording rule;
  private final int limit;
  private Set<Labels> made = new HashSet<>();

  /**
   * @param limit series that there may be at one time, 0 for any number
   */
  Recorded(Rule.Recording rule, int limit) {
    this.rule = rule;
    this.limit = limit;
  }

  /** Is told of times at which the rule fails. */
  interface Failures {
    /** One of them. */
    void failed(long time, String why);
  }

  /** By time which of a result's series has a point there, and where; −1 for none. */
  private static final class Row {
    final int[] series;
    final int[] point;

    Row(int steps) {
      series = new int[steps];
      point = new int[steps];
      Arrays.fill(series, -1);
    }
  }

  /** Adds to {@code out} the samples of some of the times, and markers where series end. */
  void add(Results.Part part, long step, Map<Labels, SampleColumns> out, Failures failures) {
    int steps = (int) ((part.last() - part.first()) / step) + 1;
    if (part.failure() != null) {
      for (int s = 0; s < steps; s++) {
        failures.failed(part.first() + s * step, part.failure());
      }
      return;
    }
    Matrix matrix = part.matrix();
    Map<Labels, Row> rows = new LinkedHashMap<>();
    @Nullable String[] wrong = new @Nullable String[steps];
    int[] count = new int[steps];
    for (int i = 0; i < matrix.series().size(); i++) {
      Series series = matrix.series().get(i);
      Row row = rows.computeIfAbsent(named(series.labels()), labels -> new Row(steps));
      for (int p = 0; p < series.size(); p++) {
        int s = (int) ((series.times()[p] - part.first()) / step);
        if (row.series[s] >= 0) {
          wrong[s] = SAME_LABELS;
        }
        row.series[s] = i;
        row.point[s] = p;
        count[s]++;
      }
    }
    for (int s = 0; s < steps; s++) {
      if (wrong[s] == null && limit > 0 && count[s] > limit) {
        wrong[s] = "exceeded limit of " + limit + " with " + count[s] + " series";
      }
      if (wrong[s] != null) {
        failures.failed(part.first() + s * step, wrong[s]);
      }
    }
    for (Labels labels : made) {
      rows.computeIfAbsent(labels, key -> new Row(steps));
    }
    Set<Labels> now = new HashSet<>();
    List<Series> all = new ArrayList<>(matrix.series());
    rows.forEach(
        (labels, row) -> {
          SampleColumns into = out.computeIfAbsent(labels, key -> new SampleColumns(16));
          if (write(row, all, wrong, made.contains(labels), part.first(), step, into)) {
            now.add(labels);
          }
        });
    made = now;
  }

  /** Returns whether the series is there at the end. */
  private static boolean write(
      Row row,
      List<Series> series,
      @Nullable String[] wrong,
      boolean madeBefore,
      long first,
      long step,
      SampleColumns into) {
    boolean there = madeBefore;
    for (int s = 0; s < wrong.length; s++) {
      if (wrong[s] != null) {
        continue; // a rule that fails ends nothing
      }
      long time = first + s * step;
      if (row.series[s] >= 0) {
        Series from = series.get(row.series[s]);
        FloatHistogram histogram = from.histogram(row.point[s]);
        if (histogram == null) {
          into.add(time, from.values()[row.point[s]], 0);
        } else {
          into.add(time, histogram.toStored(), 0);
        }
        there = true;
      } else if (there) {
        into.add(time, StaleMarker.VALUE, 0);
        there = false;
      }
    }
    return there;
  }

  private Labels named(Labels labels) {
    Labels.Builder builder = new Labels.Builder(labels).set(Labels.METRIC_NAME, rule.name());
    rule.labels().forEach(builder::set);
    return builder.build();
  }
}
