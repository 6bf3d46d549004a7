package io.varve.query.exec;

import io.varve.engine.model.Labels;
import io.varve.query.function.Absent;
import io.varve.query.promql.Operator;
import io.varve.query.promql.VectorMatching;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * and, or, unless: elements stay by whether the other side has one with the same signature at that
 * step; values are not compared. The output of {@code or} may have a label set twice, once from
 * each side.
 */
final class SetOperator extends SeriesOperator {
  private final Operator operator;
  private final SeriesOperator left;
  private final SeriesOperator right;
  private final VectorMatcher matcher;

  /** Per signature and step whether the other side has an element. */
  private boolean[][] present = new boolean[0][];

  private int[] signatureOfRow = new int[0];
  private int leftCount;
  private @Nullable StepMatrix leftValues;

  SetOperator(
      Operator operator, SeriesOperator left, SeriesOperator right, VectorMatching matching) {
    super(left.query, left.grid);
    this.operator = operator;
    this.left = left;
    this.right = right;
    this.matcher = new VectorMatcher(matching);
  }

  @Override
  Labels[] prepare() {
    Labels[] leftSeries = left.prepare();
    Labels[] rightSeries = right.prepare();
    leftCount = leftSeries.length;
    VectorMatcher.Numbered signatures = matcher.number(leftSeries, rightSeries);
    int steps = grid.count();
    query.chargeBytes((long) signatures.count() * (steps + 16));
    present = new boolean[signatures.count()][];
    if (operator != Operator.OR) {
      signatureOfRow = signatures.left();
      int[] of = signatures.right();
      for (int i = 0; i < rightSeries.length; i++) {
        present[of[i]] = new boolean[steps];
      }
      query.parallelSeries(
          rightSeries.length,
          steps,
          (from, to, worker) -> {
            double[] column = scratch(worker, steps);
            for (int i = from; i < to; i++) {
              right.evaluate(i, column, 0, worker);
              mark(column, 0, steps, present[of[i]]);
            }
          });
      return leftSeries;
    }
    signatureOfRow = signatures.right();
    StepMatrix matrix = Rows.materialize(left, leftCount);
    leftValues = matrix;
    for (int i = 0; i < leftCount; i++) {
      int signature = signatures.left()[i];
      if (present[signature] == null) {
        present[signature] = new boolean[steps];
      }
      mark(matrix.array(i), matrix.offset(i), steps, present[signature]);
    }
    Labels[] all = new Labels[leftCount + rightSeries.length];
    System.arraycopy(leftSeries, 0, all, 0, leftCount);
    System.arraycopy(rightSeries, 0, all, leftCount, rightSeries.length);
    return all;
  }

  /** Several workers may mark the same steps: they all write true. */
  private static void mark(double[] column, int at, int steps, boolean[] present) {
    for (int s = 0; s < steps; s++) {
      if (!Absent.is(column[at + s])) {
        present[s] = true;
      }
    }
  }

  @Override
  @Nullable BitSet loseNames() {
    return operator == Operator.OR
        ? LateNames.joined(left.loseNames(), leftCount, right.loseNames())
        : left.loseNames();
  }

  @Override
  void evaluate(int series, double[] out, int at, Worker worker) {
    StepMatrix known = leftValues;
    if (known == null) {
      left.evaluate(series, out, at, worker);
      keep(signatureOfRow[series], operator == Operator.AND, out, at);
    } else if (series < leftCount) {
      known.copyRow(series, out, at);
    } else {
      right.evaluate(series - leftCount, out, at, worker);
      keep(signatureOfRow[series - leftCount], false, out, at);
    }
  }

  /** Blanks the steps at which the other side has an element, or those at which it has none. */
  private void keep(int signature, boolean whereMarked, double[] out, int at) {
    boolean[] marks = present[signature];
    int steps = grid.count();
    if (marks == null) {
      if (whereMarked) {
        Absent.fill(out, at, steps);
      }
      return;
    }
    for (int s = 0; s < steps; s++) {
      if (marks[s] != whereMarked) {
        out[at + s] = Absent.VALUE;
      }
    }
  }
}
