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
 * The elements of two vectors are matched at every step by itself, in Prometheus' order: first
 * those of the side of which there may be many, then, if a number stands in for their missing
 * partners, what is left of the other side. What stands in has the labels by which partners are
 * found.
 */
final class StepMatching {
  /** In the place of a row that there is not. */
  private static final int NOBODY = -1;

  private final QueryContext query;
  private final int steps;
  private final VectorMatching matching;
  private final VectorMatcher matcher;
  private final BinaryElement element;
  private final boolean swapped;
  private final @Nullable Double fillMany;
  private final @Nullable Double fillOne;

  private final Map<Labels, Integer> rows = new HashMap<>();
  private final Map<Long, Integer> rowOfPair = new HashMap<>();
  private final List<Labels> labels = new ArrayList<>();
  private final List<double[]> columns = new ArrayList<>();
  private final BitSet lost = new BitSet();

  StepMatching(
      StepGrid grid, VectorMatching matching, VectorMatcher matcher, BinaryElement element) {
    this.query = element.query();
    this.steps = grid.count();
    this.matching = matching;
    this.matcher = matcher;
    this.element = element;
    this.swapped = matching.cardinality() == Cardinality.ONE_TO_MANY;
    // With group_right the sides are exchanged but not what fills them, as in Prometheus.
    this.fillMany = matching.fillLeft();
    this.fillOne = matching.fillRight();
  }

  /** True if numbers stand in for missing partners. */
  static boolean fills(VectorMatching matching) {
    return matching.fillLeft() != null || matching.fillRight() != null;
  }

  /** One side: its series, their values, and the numbers of what must be equal to match. */
  record Side(Labels[] series, StepMatrix values, int[] signatures, @Nullable BitSet losesNames) {
    boolean isEmpty(int step) {
      for (int i = 0; i < series.length; i++) {
        if (!Absent.is(values.get(i, step))) {
          return false;
        }
      }
      return true;
    }
  }

  /** Matches all steps; then the result is there. */
  void match(Side many, Side one, int signatures) {
    int[] oneOf = new int[signatures];
    boolean[] matched = new boolean[signatures];
    Set<Long> results = new HashSet<>();
    boolean fills = fills(matching);
    for (int s = 0; s < steps; s++) {
      query.check();
      if (!fills && (many.isEmpty(s) || one.isEmpty(s))) {
        continue; // also two of the one side that match the same are no error then
      }
      Arrays.fill(matched, false);
      results.clear();
      findOnes(one, s, oneOf);
      for (int i = 0; i < many.series.length; i++) {
        double value = many.values.get(i, s);
        int signature = many.signatures[i];
        int partner = oneOf[signature];
        Double fill = fillOne;
        if (Absent.is(value) || (partner < 0 && fill == null)) {
          continue;
        }
        double other = partner < 0 && fill != null ? fill : one.values.get(partner, s);
        double result = element.ofSides(swapped, value, other, s, i);
        if (Absent.is(result) && element.notes().refuses(s, i)) {
          continue; // no match at all: it is not one too many, and its partner may be filled
        }
        int row = row(i, partner, many, one);
        check(signature, row, matched, results);
        matched[signature] = true;
        set(row, s, result);
      }
      Double fill = fillMany;
      for (int i = 0; fill != null && i < one.series.length; i++) {
        double value = one.values.get(i, s);
        if (!Absent.is(value) && !matched[one.signatures[i]]) {
          double result = element.ofSides(swapped, fill, value, s, many.series.length + i);
          set(row(NOBODY, i, many, one), s, result);
        }
      }
    }
    query.holdSamples(columns.stream().mapToLong(c -> Absent.countPresent(c, 0, c.length)).sum());
  }

  /** The row of the one side of each signature at a step. */
  private void findOnes(Side one, int step, int[] oneOf) {
    Arrays.fill(oneOf, NOBODY);
    for (int i = 0; i < one.series.length; i++) {
      if (Absent.is(one.values.get(i, step))) {
        continue;
      }
      int signature = one.signatures[i];
      if (oneOf[signature] >= 0) {
        throw matcher.duplicate(one.series[i], one.series[oneOf[signature]], swapped);
      }
      oneOf[signature] = i;
    }
  }

  /** The result's row of two that match, of which one may be nobody. */
  private int row(int ofMany, int ofOne, Side many, Side one) {
    long pair = (long) ofMany << 32 | (ofOne & 0xffffffffL);
    Integer known = rowOfPair.get(pair);
    if (known == null) {
      known =
          row(
              matcher.result(
                  ofMany < 0 ? matcher.signature(one.series[ofOne]) : many.series[ofMany],
                  ofOne < 0 ? matcher.signature(many.series[ofMany]) : one.series[ofOne],
                  element));
      rowOfPair.put(pair, known);
      BitSet losing = many.losesNames;
      if (ofMany >= 0 && losing != null && losing.get(ofMany)) {
        lost.set(known);
      }
    }
    return known;
  }

  private int row(Labels result) {
    Integer known = rows.putIfAbsent(result, labels.size());
    if (known != null) {
      return known;
    }
    int row = labels.size();
    query.chargeBytes(8L * steps + 128);
    double[] column = new double[steps];
    Absent.fill(column, 0, steps);
    labels.add(result);
    columns.add(column);
    lost.set(row, element.losesNameLate());
    return row;
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

  /** The result's series. */
  Labels[] labels() {
    return labels.toArray(new Labels[0]);
  }

  /** The values of one of them. */
  double[] column(int series) {
    return columns.get(series);
  }

  /** Those that lose their names at the end; null if none does. */
  @Nullable BitSet losesNames() {
    return lost.isEmpty() ? null : lost;
  }
}
