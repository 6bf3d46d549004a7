package io.varve.query.exec;

import io.varve.engine.model.Labels;
import io.varve.query.function.Absent;
import io.varve.query.promql.VectorMatching;
import io.varve.query.promql.VectorMatching.Cardinality;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * An arithmetic or comparison operator between matching elements of two vectors.
 *
 * <p>Most queries match every series with at most one of the other side, and no two results are
 * called the same: then each result is computed from its own two series when it is asked for, and
 * the others only if there may be annotations of them. In all other cases, and where numbers stand
 * in for missing partners, what matches what may change from step to step, and may be an error at
 * any of them; both sides are evaluated, and every step is matched by itself ({@link
 * StepMatching}).
 */
final class VectorBinary extends SeriesOperator {
  private final SeriesOperator many;
  private final SeriesOperator one;
  private final boolean swapped;
  private final VectorMatching matching;
  private final VectorMatcher matcher;
  private final BinaryElement element;
  private final Remarks manyRemarks;
  private final Remarks oneRemarks;

  /** Rows of the simple case: result i is made of {@code manyRow[i]} and {@code oneRow[i]}. */
  private int[] manyRow = new int[0];

  private int[] oneRow = new int[0];

  /** The one side, if a row of it is used by several results. */
  private @Nullable StepMatrix oneValues;

  private @Nullable BitSet loseNames;

  /** The result in the other case. */
  private @Nullable StepMatching matched;

  /**
   * @param leftRemarks what computing series of the left side may say, so that all of them are
   *     computed
   */
  VectorBinary(
      SeriesOperator left,
      SeriesOperator right,
      VectorMatching matching,
      BinaryElement element,
      Remarks leftRemarks,
      Remarks rightRemarks) {
    super(left.query, left.grid);
    this.swapped = matching.cardinality() == Cardinality.ONE_TO_MANY;
    this.many = swapped ? right : left;
    this.one = swapped ? left : right;
    this.matching = matching;
    this.matcher = new VectorMatcher(matching);
    this.element = element;
    this.manyRemarks = swapped ? rightRemarks : leftRemarks;
    this.oneRemarks = swapped ? leftRemarks : rightRemarks;
  }

  @Override
  Labels[] prepare() {
    Labels[] left = (swapped ? one : many).prepare();
    Labels[] right = (swapped ? many : one).prepare();
    Labels[] manySeries = swapped ? right : left;
    Labels[] oneSeries = swapped ? left : right;
    boolean fills = StepMatching.fills(matching);
    if (!fills && (manySeries.length == 0 || oneSeries.length == 0)) {
      computeTheRest(manySeries.length, oneSeries.length);
      return new Labels[0];
    }
    VectorMatcher.Numbered signatures = matcher.number(manySeries, oneSeries);
    Labels[] simple = fills ? null : prepareSimple(manySeries, oneSeries, signatures);
    if (simple != null) {
      computeTheRest(manySeries.length, oneSeries.length);
      return simple;
    }
    StepMatching steps = new StepMatching(grid, matching, matcher, element);
    steps.match(
        side(many, manySeries, signatures.left()),
        side(one, oneSeries, signatures.right()),
        signatures.count());
    matched = steps;
    loseNames = steps.losesNames();
    return steps.labels();
  }

  /** What series without a partner have to say is said, too. */
  private void computeTheRest(int manySeries, int oneSeries) {
    computeTheRest(many, manyRemarks, manySeries, manyRow);
    if (oneValues == null) {
      computeTheRest(one, oneRemarks, oneSeries, oneRow);
    }
  }

  private void computeTheRest(SeriesOperator side, Remarks remarks, int series, int[] used) {
    if (remarks == Remarks.NONE) {
      return;
    }
    BitSet rest = new BitSet(series);
    rest.set(0, series);
    for (int row : used) {
      rest.clear(row);
    }
    if (!rest.isEmpty()) {
      query.proveLater(() -> computeTheRest(side, remarks, rest));
    }
  }

  /**
   * Metrics of floats are the rule, and need not be computed for what would be said of histograms:
   * if the query has met none, and the first series has none either, there are none.
   */
  private void computeTheRest(SeriesOperator side, Remarks remarks, BitSet rest) {
    if (remarks == Remarks.OF_HISTOGRAMS && !query.histograms.isUsed()) {
      int first = rest.nextSetBit(0);
      query.evaluateForErrors(side, IntStream.of(first));
      rest.clear(first);
      if (!query.histograms.isUsed()) {
        return;
      }
    }
    query.evaluateForErrors(side, rest.stream());
  }

  private StepMatching.Side side(SeriesOperator of, Labels[] series, int[] signatures) {
    StepMatrix values = Rows.materialize(of, series.length);
    BitSet lost = element.changesMeaning() ? null : of.loseNames();
    return new StepMatching.Side(series, values, signatures, lost);
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
        element.losesNameLate()
            ? LateNames.all(count)
            : element.changesMeaning() ? null : LateNames.ofRows(many.loseNames(), manyRow);
    oneRow = ones;
    if (shared) {
      oneValues = Rows.materialize(one, oneSeries.length);
    }
    return labels;
  }

  @Override
  void evaluate(int series, double[] out, int at, Worker worker) {
    StepMatching known = matched;
    if (known != null) {
      System.arraycopy(known.column(series), 0, out, at, grid.count());
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
        out[at + s] =
            Absent.is(b) ? Absent.VALUE : element.ofSides(swapped, a, b, s, manyRow[series]);
      }
    }
  }

  @Override
  @Nullable BitSet loseNames() {
    return loseNames;
  }
}
