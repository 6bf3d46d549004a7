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
 * An arithmetic or comparison operator between matching elements of two vectors.
 *
 * <p>Most queries match every series with at most one of the other side, and no two results are
 * called the same: then each result is computed from its own two series when it is asked for. In
 * all other cases what matches what may change from step to step, and may be an error at any of
 * them; both sides are evaluated, and every step is matched by itself in Prometheus' order.
 */
final class VectorBinary extends SeriesOperator {
  private final SeriesOperator many;
  private final SeriesOperator one;
  private final boolean swapped;
  private final VectorMatching matching;
  private final VectorMatcher matcher;
  private final BinaryElement element;

  /** Rows of the simple case: result i is made of {@code manyRow[i]} and {@code oneRow[i]}. */
  private int[] manyRow = new int[0];

  private int[] oneRow = new int[0];

  /** The one side, if a row of it is used by several results. */
  private @Nullable StepMatrix oneValues;

  private @Nullable BitSet loseNames;

  /** The result in the other case. */
  private @Nullable StepMatrix matched;

  VectorBinary(
      SeriesOperator left, SeriesOperator right, VectorMatching matching, BinaryElement element) {
    super(left.query, left.grid);
    this.swapped = matching.cardinality() == Cardinality.ONE_TO_MANY;
    this.many = swapped ? right : left;
    this.one = swapped ? left : right;
    this.matching = matching;
    this.matcher = new VectorMatcher(matching);
    this.element = element;
  }

  @Override
  Labels[] prepare() {
    Labels[] left = (swapped ? one : many).prepare();
    Labels[] right = (swapped ? many : one).prepare();
    Labels[] manySeries = swapped ? right : left;
    Labels[] oneSeries = swapped ? left : right;
    if (manySeries.length == 0 || oneSeries.length == 0) {
      return new Labels[0];
    }
    VectorMatcher.Numbered signatures = matcher.number(manySeries, oneSeries);
    Labels[] simple = prepareSimple(manySeries, oneSeries, signatures);
    return simple != null ? simple : matchSteps(manySeries, oneSeries, signatures);
  }

  /** The result's series if no step can match differently from another; else null. */
  private Labels @Nullable [] prepareSimple(
      Labels[] manySeries, Labels[] oneSeries, VectorMatcher.Numbered signatures) {
    int[] oneOf = new int[signatures.count()];
    Arrays.fill(oneOf, -1);
    for (int i = 0; i < oneSeries.length; i++) {
      int signature = signatures.right()[i];
      if (oneOf[signature] >= 0) {
        return null;
      }
      oneOf[signature] = i;
    }
    boolean[] used = new boolean[signatures.count()];
    boolean shared = false;
    int count = 0;
    int[] rows = new int[manySeries.length];
    for (int i = 0; i < manySeries.length; i++) {
      int signature = signatures.left()[i];
      if (oneOf[signature] < 0) {
        continue;
      }
      if (used[signature]) {
        if (matching.cardinality() == Cardinality.ONE_TO_ONE) {
          return null;
        }
        shared = true;
      }
      used[signature] = true;
      rows[count++] = i;
    }
    Labels[] labels = new Labels[count];
    Set<Labels> distinct = new HashSet<>(2 * count);
    int[] ones = new int[count];
    for (int i = 0; i < count; i++) {
      ones[i] = oneOf[signatures.left()[rows[i]]];
      labels[i] = matcher.result(manySeries[rows[i]], oneSeries[ones[i]], element);
      if (!distinct.add(labels[i])) {
        return null;
      }
    }
    query.chargeBytes(72L * count);
    manyRow = Arrays.copyOf(rows, count);
    loseNames =
        query.lateNames && element.dropsName()
            ? LateNames.all(count)
            : LateNames.ofRows(many.loseNames(), manyRow);
    oneRow = ones;
    if (shared) {
      oneValues = Rows.materialize(one, oneSeries.length);
    }
    return labels;
  }

  @Override
  void evaluate(int series, double[] out, int at, Worker worker) {
    StepMatrix known = matched;
    if (known != null) {
      known.copyRow(series, out, at);
      return;
    }
    int steps = grid.count();
    many.evaluate(manyRow[series], out, at, worker);
    double[] other;
    int from;
    StepMatrix held = oneValues;
    if (held != null) {
      other = held.array(oneRow[series]);
      from = held.offset(oneRow[series]);
    } else {
      other = scratch(worker, steps);
      from = 0;
      one.evaluate(oneRow[series], other, 0, worker);
    }
    for (int s = 0; s < steps; s++) {
      double a = out[at + s];
      double b = other[from + s];
      if (!Absent.is(a)) {
        out[at + s] = Absent.is(b) ? Absent.VALUE : apply(a, b, s, manyRow[series]);
      }
    }
  }

  @Override
  @Nullable BitSet loseNames() {
    return loseNames;
  }

  private double apply(double ofMany, double ofOne, int step, int number) {
    return swapped
        ? element.apply(ofOne, ofMany, ofOne, step, number)
        : element.apply(ofMany, ofOne, ofMany, step, number);
  }

  /** Matches step by step. */
  private Labels[] matchSteps(
      Labels[] manySeries, Labels[] oneSeries, VectorMatcher.Numbered signatures) {
    StepMatrix manyMatrix = Rows.materialize(many, manySeries.length);
    StepMatrix oneMatrix = Rows.materialize(one, oneSeries.length);
    int steps = grid.count();
    BitSet manyLost = many.loseNames();
    BitSet lost = new BitSet();
    Map<Labels, Integer> rows = new HashMap<>();
    List<Labels> labels = new ArrayList<>();
    List<double[]> columns = new ArrayList<>();
    Map<Long, Integer> rowOfPair = new HashMap<>();
    int[] oneOf = new int[signatures.count()];
    boolean[] hit = new boolean[signatures.count()];
    Map<Integer, Set<Integer>> hitRows = new HashMap<>();
    for (int s = 0; s < steps; s++) {
      query.check();
      if (isEmpty(manyMatrix, s) || isEmpty(oneMatrix, s)) {
        continue;
      }
      Arrays.fill(oneOf, -1);
      Arrays.fill(hit, false);
      hitRows.clear();
      for (int i = 0; i < oneSeries.length; i++) {
        if (Absent.is(oneMatrix.get(i, s))) {
          continue;
        }
        int signature = signatures.right()[i];
        if (oneOf[signature] >= 0) {
          throw matcher.duplicate(oneSeries[i], oneSeries[oneOf[signature]], swapped);
        }
        oneOf[signature] = i;
      }
      for (int i = 0; i < manySeries.length; i++) {
        double a = manyMatrix.get(i, s);
        int signature = signatures.left()[i];
        int partner = oneOf[signature];
        if (Absent.is(a) || partner < 0) {
          continue;
        }
        double value = apply(a, oneMatrix.get(partner, s), s, i);
        if (Absent.is(value) && element.notes().refuses(s, i)) {
          continue; // no match at all: it cannot be one too many
        }
        long pair = (long) i << 32 | partner;
        Integer row = rowOfPair.get(pair);
        if (row == null) {
          Labels result = matcher.result(manySeries[i], oneSeries[partner], element);
          row = rows.get(result);
          if (row == null) {
            row = labels.size();
            rows.put(result, row);
            labels.add(result);
            lost.set(row, query.lateNames && element.dropsName());
            query.chargeBytes(8L * steps + 128);
            double[] column = new double[steps];
            Absent.fill(column, 0, steps);
            columns.add(column);
          }
          if (manyLost != null && manyLost.get(i)) {
            lost.set(row);
          }
          rowOfPair.put(pair, row);
        }
        if (matching.cardinality() == Cardinality.ONE_TO_ONE) {
          if (hit[signature]) {
            throw QueryException.execution(
                "multiple matches for labels: many-to-one matching must be explicit"
                    + " (group_left/group_right)");
          }
          hit[signature] = true;
        } else if (!hitRows.computeIfAbsent(signature, key -> new HashSet<>()).add(row)) {
          throw QueryException.execution(
              "multiple matches for labels: grouping labels must ensure unique matches");
        }
        if (Absent.is(value)) {
          continue;
        }
        double[] column = columns.get(row);
        if (!Absent.is(column[s])) {
          throw Merged.sameLabelset();
        }
        column[s] = value;
      }
    }
    StepMatrix result = new StepMatrix(query, columns.size(), steps);
    for (int i = 0; i < columns.size(); i++) {
      System.arraycopy(columns.get(i), 0, result.array(i), result.offset(i), steps);
      query.releaseBytes(8L * steps + 128);
    }
    query.holdSamples(result.countPresent());
    matched = result;
    loseNames = lost.isEmpty() ? null : lost;
    return labels.toArray(new Labels[0]);
  }

  private static boolean isEmpty(StepMatrix matrix, int step) {
    for (int i = 0; i < matrix.rows(); i++) {
      if (!Absent.is(matrix.get(i, step))) {
        return false;
      }
    }
    return true;
  }
}
