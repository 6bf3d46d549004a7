package io.varve.query.exec;

import io.varve.engine.model.Labels;
import io.varve.query.QueryException;
import io.varve.query.function.Absent;
import io.varve.query.promql.VectorMatching;
import io.varve.query.promql.VectorMatching.Cardinality;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An operator between two vectors in which a given number stands in for a missing partner. What
 * stands in has the labels by which partners are found. Every step is matched by itself, in
 * Prometheus' order: first the elements of the side of which there may be many, then what is left
 * of the other one.
 */
final class FilledBinary extends SeriesOperator {
  private final SeriesOperator many;
  private final SeriesOperator one;
  private final boolean swapped;
  private final VectorMatching matching;
  private final VectorMatcher matcher;
  private final BinaryElement element;
  private final @Nullable Double fillMany;
  private final @Nullable Double fillOne;

  private final Map<Labels, Integer> rows = new HashMap<>();
  private final List<Labels> labels = new ArrayList<>();
  private final List<double[]> columns = new ArrayList<>();
  private final BitSet loseNames = new BitSet();

  FilledBinary(
      SeriesOperator left, SeriesOperator right, VectorMatching matching, BinaryElement element) {
    super(left.query, left.grid);
    this.swapped = matching.cardinality() == Cardinality.ONE_TO_MANY;
    this.many = swapped ? right : left;
    this.one = swapped ? left : right;
    this.matching = matching;
    this.matcher = new VectorMatcher(matching);
    this.element = element;
    // With group_right the sides are exchanged but not what fills them, as in Prometheus.
    this.fillMany = matching.fillLeft();
    this.fillOne = matching.fillRight();
  }

  @Override
  Labels[] prepare() {
    Labels[] left = (swapped ? one : many).prepare();
    Labels[] right = (swapped ? many : one).prepare();
    Labels[] manySeries = swapped ? right : left;
    Labels[] oneSeries = swapped ? left : right;
    VectorMatcher.Numbered signatures = matcher.number(manySeries, oneSeries);
    StepMatrix manyValues = Rows.materialize(many, manySeries.length);
    StepMatrix oneValues = Rows.materialize(one, oneSeries.length);
    BitSet manyLost = many.loseNames();
    int[] oneOf = new int[signatures.count()];
    boolean[] matched = new boolean[signatures.count()];
    Set<Long> results = new HashSet<>();
    for (int s = 0; s < grid.count(); s++) {
      query.check();
      Arrays.fill(oneOf, -1);
      Arrays.fill(matched, false);
      results.clear();
      for (int i = 0; i < oneSeries.length; i++) {
        if (Absent.is(oneValues.get(i, s))) {
          continue;
        }
        int signature = signatures.right()[i];
        if (oneOf[signature] >= 0) {
          throw matcher.duplicate(oneSeries[i], oneSeries[oneOf[signature]], swapped);
        }
        oneOf[signature] = i;
      }
      for (int i = 0; i < manySeries.length; i++) {
        double value = manyValues.get(i, s);
        int signature = signatures.left()[i];
        int partner = oneOf[signature];
        Double fill = fillOne;
        if (Absent.is(value) || (partner < 0 && fill == null)) {
          continue;
        }
        double result =
            apply(value, partner < 0 && fill != null ? fill : oneValues.get(partner, s), s, i);
        if (Absent.is(result) && element.notes().refuses(s, i)) {
          continue; // no match at all: its partner may still be filled
        }
        Labels other = partner < 0 ? matcher.signature(manySeries[i]) : oneSeries[partner];
        int row = row(matcher.result(manySeries[i], other, element));
        if (manyLost != null && manyLost.get(i)) {
          loseNames.set(row);
        }
        check(signature, row, matched, results);
        matched[signature] = true;
        set(row, s, result);
      }
      Double fill = fillMany;
      if (fill == null) {
        continue;
      }
      for (int i = 0; i < oneSeries.length; i++) {
        double value = oneValues.get(i, s);
        int signature = signatures.right()[i];
        if (!Absent.is(value) && !matched[signature]) {
          Labels other = matcher.signature(oneSeries[i]);
          double result = apply(fill, value, s, manySeries.length + i);
          set(row(matcher.result(other, oneSeries[i], element)), s, result);
        }
      }
    }
    query.holdSamples(columns.stream().mapToLong(c -> Absent.countPresent(c, 0, c.length)).sum());
    return labels.toArray(new Labels[0]);
  }

  private void check(int signature, int row, boolean[] matched, Set<Long> results) {
    if (matching.cardinality() == Cardinality.ONE_TO_ONE) {
      if (matched[signature]) {
        throw QueryException.execution(
            "multiple matches for labels: many-to-one matching must be explicit"
                + " (group_left/group_right)");
      }
    } else if (!results.add((long) signature << 32 | row)) {
      throw QueryException.execution(
          "multiple matches for labels: grouping labels must ensure unique matches");
    }
  }

  private int row(Labels result) {
    Integer known = rows.putIfAbsent(result, labels.size());
    if (known != null) {
      return known;
    }
    int row = labels.size();
    query.chargeBytes(8L * grid.count() + 128);
    double[] column = new double[grid.count()];
    Absent.fill(column, 0, column.length);
    labels.add(result);
    columns.add(column);
    loseNames.set(row, query.lateNames && element.dropsName());
    return row;
  }

  private double apply(double ofMany, double ofOne, int step, int number) {
    return swapped
        ? element.apply(ofOne, ofMany, ofOne, step, number)
        : element.apply(ofMany, ofOne, ofMany, step, number);
  }

  private void set(int row, int step, double value) {
    if (Absent.is(value)) {
      return;
    }
    double[] column = columns.get(row);
    if (!Absent.is(column[step])) {
      throw Merged.sameLabelset();
    }
    column[step] = value;
  }

  @Override
  @Nullable BitSet loseNames() {
    return loseNames.isEmpty() ? null : loseNames;
  }

  @Override
  void evaluate(int series, double[] out, int at, Worker worker) {
    System.arraycopy(columns.get(series), 0, out, at, grid.count());
  }
}
