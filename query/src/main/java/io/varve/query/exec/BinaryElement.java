package io.varve.query.exec;

import io.varve.query.exec.StepNotes.Note;
import io.varve.query.function.Absent;
import io.varve.query.function.BinaryOperators;
import io.varve.query.histogram.FloatHistogram;
import io.varve.query.histogram.FloatHistogram.Combined;
import io.varve.query.histogram.HistogramTable;
import io.varve.query.histogram.HistogramTrim;
import io.varve.query.histogram.ResetHint;
import io.varve.query.promql.Operator;
import org.jspecify.annotations.Nullable;

/**
 * A binary operator between two floats of which at least one is an element of a vector: what it
 * yields, and whether the element stays.
 *
 * @param returnBool true if a comparison yields 0 or 1 in place of filtering
 * @param notes of this operation
 */
record BinaryElement(QueryContext query, Operator operator, boolean returnBool, StepNotes notes) {

  /**
   * The result; absent if the element does not stay. A filter yields {@code kept}.
   *
   * @param kept the value that a comparison lets pass
   * @param step the step at which it is
   * @param number place of the element in the order of the step, for {@link StepNotes}
   */
  double apply(double left, double right, double kept, int step, int number) {
    if (query.histograms.isUsed()
        && (HistogramTable.isHistogram(left) || HistogramTable.isHistogram(right))) {
      return withHistograms(left, right, step, number);
    }
    return ofFloats(left, right, kept, step, number);
  }

  /** The same for elements of the side of which there may be many, and of the other one. */
  double ofSides(boolean swapped, double ofMany, double ofOne, int step, int number) {
    return swapped
        ? apply(ofOne, ofMany, ofOne, step, number)
        : apply(ofMany, ofOne, ofMany, step, number);
  }

  private double ofFloats(double left, double right, double kept, int step, int number) {
    return switch (operator) {
      case ADD -> left + right;
      case SUB -> left - right;
      case MUL -> left * right;
      case DIV -> left / right;
      case MOD, POW, ATAN2 -> BinaryOperators.apply(operator, left, right);
      case EQ, NEQ, LT, LTE, GT, GTE -> {
        boolean holds = BinaryOperators.compare(operator, left, right);
        yield returnBool ? (holds ? 1 : 0) : holds ? kept : Absent.VALUE;
      }
      case TRIM_LOWER, TRIM_UPPER -> refused(Note.FLOATS, step, number);
      case OR, AND, UNLESS -> throw new IllegalStateException(operator.text());
    };
  }

  private double withHistograms(double left, double right, int step, int number) {
    FloatHistogram l = query.histograms.get(left);
    FloatHistogram r = query.histograms.get(right);
    if (l != null && r != null) {
      return switch (operator) {
        case ADD -> combined(l.plus(r), ResetHint.UNKNOWN, step, number);
        case SUB -> combined(l.minus(r), ResetHint.GAUGE, step, number);
        case EQ -> filtered(l.equals(r), left);
        case NEQ -> filtered(!l.equals(r), left);
        default -> refused(Note.HISTOGRAMS, step, number);
      };
    }
    if (l == null) {
      return operator == Operator.MUL && r != null
          ? kept(r.times(left).compact())
          : refused(Note.FLOAT_AND_HISTOGRAM, step, number);
    }
    return switch (operator) {
      case MUL -> kept(l.times(right).compact());
      case DIV -> kept(l.dividedBy(right).compact());
      case TRIM_UPPER -> kept(HistogramTrim.below(l, right));
      case TRIM_LOWER -> kept(HistogramTrim.above(l, right));
      default -> refused(Note.HISTOGRAM_AND_FLOAT, step, number);
    };
  }

  private double kept(FloatHistogram result) {
    return query.histograms.add(result);
  }

  private double filtered(boolean holds, double kept) {
    return returnBool ? (holds ? 1 : 0) : holds ? kept : Absent.VALUE;
  }

  private double refused(Note note, int step, int number) {
    notes.put(step, number, note);
    return Absent.VALUE;
  }

  private double combined(@Nullable Combined result, ResetHint hint, int step, int number) {
    if (result == null) {
      return refused(Note.BUCKETS, step, number);
    }
    if (result.collision()) {
      return refused(Note.COLLISION, step, number);
    }
    if (result.reconciled()) {
      notes.put(step, number, Note.RECONCILED);
    }
    FloatHistogram value = result.value();
    return kept((hint == ResetHint.GAUGE ? value.withHint(hint) : value).compact());
  }

  /** True if the result means something else than the operands, so that it has no name. */
  boolean dropsName() {
    return returnBool || changesMeaning();
  }

  /**
   * True if an element of two vectors loses its name at the end of the query, whether its operands
   * do or not. That of arithmetic is gone at once, and what {@code group_left} brings stays.
   */
  boolean losesNameLate() {
    return returnBool && query.lateNames;
  }

  /** True for arithmetic: between two vectors the name is dropped before labels are included. */
  boolean changesMeaning() {
    return switch (operator) {
      case ADD, SUB, MUL, DIV, MOD, POW, ATAN2 -> true;
      case EQ, NEQ, LT, LTE, GT, GTE, TRIM_LOWER, TRIM_UPPER, OR, AND, UNLESS -> false;
    };
  }

  /**
   * Applies it to a column, in place, with a number per step on one side.
   *
   * @param number of the series
   */
  void withScalars(
      double[] column, int at, int steps, double[] scalars, boolean scalarLeft, int number) {
    if (query.histograms.isUsed() && HistogramTable.any(column, at, steps)) {
      for (int s = 0; s < steps; s++) {
        double value = column[at + s];
        if (!Absent.is(value)) {
          column[at + s] =
              scalarLeft
                  ? apply(scalars[s], value, value, s, number)
                  : apply(value, scalars[s], value, s, number);
        }
      }
    } else if (scalarLeft) {
      for (int s = 0; s < steps; s++) {
        double value = column[at + s];
        if (!Absent.is(value)) {
          column[at + s] = ofFloats(scalars[s], value, value, s, number);
        }
      }
    } else {
      for (int s = 0; s < steps; s++) {
        double value = column[at + s];
        if (!Absent.is(value)) {
          column[at + s] = ofFloats(value, scalars[s], value, s, number);
        }
      }
    }
  }
}
