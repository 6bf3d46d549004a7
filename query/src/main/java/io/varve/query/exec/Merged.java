package io.varve.query.exec;

import io.varve.engine.model.Labels;
import io.varve.query.QueryException;
import io.varve.query.function.Absent;
import java.util.BitSet;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Gives the series of an operator other label sets, and makes one series of those that become equal
 * thereby: of each step's samples there may be only one. After a range function there may be only
 * one series with samples at all, as in Prometheus.
 */
final class Merged extends SeriesOperator {
  /** Makes the new label sets of the old ones. */
  @FunctionalInterface
  interface Relabelling {
    Labels[] of(Labels[] labels);
  }

  private final SeriesOperator inner;
  private final @Nullable Relabelling relabelling;
  private final boolean onlyOneSeries;
  private boolean namesAnew;
  private @Nullable BitSet loseNames;
  private int @Nullable [][] members; // null while every series has its own label set
  private boolean[] evaluated = new boolean[0];

  Merged(SeriesOperator inner, boolean onlyOneSeries, @Nullable Relabelling relabelling) {
    super(inner.query, inner.grid);
    this.inner = inner;
    this.onlyOneSeries = onlyOneSeries;
    this.relabelling = relabelling;
  }

  /**
   * The operator's series without the labels that say what the metric is, which are dropped now or
   * at the end of the query.
   */
  static SeriesOperator withoutMetadata(SeriesOperator inner, boolean onlyOneSeries) {
    return inner.query.lateNames
        ? new NamesLost(inner)
        : new Merged(inner, onlyOneSeries, labels -> Rows.withoutMetadata(inner.query, labels));
  }

  /** The same, except that now only the name is dropped: of type and unit something is left. */
  static SeriesOperator withoutName(SeriesOperator inner) {
    return inner.query.lateNames
        ? new NamesLost(inner)
        : new Merged(inner, false, labels -> withoutName(inner, labels));
  }

  private static Labels[] withoutName(SeriesOperator inner, Labels[] labels) {
    Labels[] result = new Labels[labels.length];
    for (int i = 0; i < labels.length; i++) {
      result[i] = labels[i].without(Labels.METRIC_NAME);
    }
    inner.query.chargeBytes(64L * labels.length);
    return result;
  }

  /** What a query yields: drops the names that are left to be dropped. */
  static SeriesOperator result(SeriesOperator inner) {
    return inner.query.lateNames
        ? new Merged(inner, false, labels -> withoutLost(inner, labels))
        : inner;
  }

  private static Labels[] withoutLost(SeriesOperator inner, Labels[] labels) {
    BitSet lost = inner.loseNames();
    if (lost == null) {
      return labels;
    }
    Labels[] result = labels.clone();
    lost.stream().forEach(i -> result[i] = Rows.withoutMetadata(labels[i]));
    inner.query.chargeBytes(64L * lost.cardinality());
    return result;
  }

  /** As {@link #Merged}, by labels of which one is the metric's name: whoever gets it keeps it. */
  static Merged named(SeriesOperator inner, Relabelling relabelling) {
    Merged merged = new Merged(inner, false, relabelling);
    merged.namesAnew = true;
    return merged;
  }

  /** Without new labels: only the series that are equal already are made one. */
  static Merged equalSeries(SeriesOperator inner) {
    return new Merged(inner, false, null);
  }

  @Override
  Labels[] prepare() {
    Labels[] before = inner.prepare();
    Labels[] after = relabelling == null ? before : relabelling.of(before);
    loseNames = namesAnew ? unchanged(before, after) : inner.loseNames();
    if (before.length < 2 || (relabelling != null && staysDistinct(before, after))) {
      return after;
    }
    int[] group = Rows.group(after);
    int groups = 0;
    for (int g : group) {
      groups = Math.max(groups, g + 1);
    }
    if (groups == after.length) {
      return after;
    }
    int[][] rows = Rows.members(group, groups);
    members = rows;
    evaluated = new boolean[groups];
    // Two samples at one step are an error also where nobody needs them.
    query.proveLater(this::evaluateTheRest);
    loseNames = LateNames.ofGroups(loseNames, group);
    Labels[] merged = new Labels[groups];
    for (int g = 0; g < groups; g++) {
      merged[g] = after[rows[g][0]];
    }
    return merged;
  }

  /**
   * True if no label set changed, or all lost the same metric name and nothing else: then distinct
   * ones stay distinct, and no table is needed to see it. This is how most queries are.
   */
  @SuppressWarnings("ReferenceEquality") // the same object is the usual case, and quick to see
  private static boolean staysDistinct(Labels[] before, Labels[] after) {
    boolean unchanged = true;
    for (int i = 0; i < before.length && unchanged; i++) {
      unchanged = before[i] == after[i];
    }
    if (unchanged) {
      return true;
    }
    String name = before[0].get(Labels.METRIC_NAME);
    for (int i = 0; i < before.length; i++) {
      if (before[i].size() - after[i].size() != 1
          || !before[i].get(Labels.METRIC_NAME).equals(name)
          || after[i].has(Labels.METRIC_NAME)
          || name.isEmpty()) {
        return false;
      }
    }
    return true;
  }

  /** Those that lose their names and have not been given new ones. */
  @SuppressWarnings("ReferenceEquality") // a series that is not renamed keeps its object
  private @Nullable BitSet unchanged(Labels[] before, Labels[] after) {
    BitSet lost = inner.loseNames();
    if (lost == null) {
      return null;
    }
    BitSet left = (BitSet) lost.clone();
    lost.stream().filter(i -> before[i] != after[i]).forEach(left::clear);
    return left;
  }

  @Override
  @Nullable BitSet loseNames() {
    return loseNames;
  }

  @Override
  void expect(int from, int to, Worker worker) {
    if (members == null) {
      inner.expect(from, to, worker);
    }
  }

  @Override
  void evaluate(int series, double[] out, int at, Worker worker) {
    int[][] groups = members;
    if (groups == null) {
      inner.evaluate(series, out, at, worker);
      return;
    }
    evaluated[series] = true;
    int[] rows = groups[series];
    inner.evaluate(rows[0], out, at, worker);
    if (rows.length == 1) {
      return;
    }
    int steps = grid.count();
    double[] next = scratch(worker, steps);
    boolean found = Absent.countPresent(out, at, steps) > 0;
    for (int r = 1; r < rows.length; r++) {
      inner.evaluate(rows[r], next, 0, worker);
      boolean some = false;
      for (int s = 0; s < steps; s++) {
        if (!Absent.is(next[s])) {
          if (!Absent.is(out[at + s])) {
            throw sameLabelset();
          }
          out[at + s] = next[s];
          some = true;
        }
      }
      if (some && found && onlyOneSeries) {
        throw sameLabelset();
      }
      found |= some;
    }
  }

  private void evaluateTheRest() {
    int[][] groups = members;
    if (groups == null) {
      return;
    }
    query.evaluateForErrors(
        this, IntStream.range(0, groups.length).filter(g -> groups[g].length > 1 && !evaluated[g]));
  }

  static QueryException sameLabelset() {
    return QueryException.execution("vector cannot contain metrics with the same labelset");
  }
}
