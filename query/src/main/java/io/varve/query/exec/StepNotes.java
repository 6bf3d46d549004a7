package io.varve.query.exec;

import io.varve.query.promql.Operator;
import io.varve.query.promql.Position;
import org.jspecify.annotations.Nullable;

/**
 * What a binary operation has to say of its elements. Of all elements of a step the last one counts
 * that there is something to say of, as in Prometheus; so it stays open until the query is at its
 * end. Thread-safe.
 */
final class StepNotes {
  /** What there is to say of an element. All but the last mean that it has no result. */
  enum Note {
    FLOATS,
    FLOAT_AND_HISTOGRAM,
    HISTOGRAM_AND_FLOAT,
    HISTOGRAMS,
    BUCKETS,
    COLLISION,
    RECONCILED
  }

  private final QueryContext query;
  private final Operator operator;
  private final Position position;
  private final StepGrid grid;

  /** Per step the element that the note is of; null if there is none at all. */
  private int @Nullable [] element;

  private @Nullable Note[] note = new Note[0];

  /** Of an operation that was not told anything yet. */
  StepNotes(QueryContext query, StepGrid grid, Operator operator, Position position) {
    this.query = query;
    this.operator = operator;
    this.position = position;
    this.grid = grid;
    query.annotations.atEnd(this::tell);
  }

  /** Takes a note of an element, by its place in the order of a step. */
  synchronized void put(int step, int number, Note of) {
    int[] elements = element;
    if (elements == null) {
      query.chargeBytes(8L * grid.count());
      elements = new int[grid.count()];
      element = elements;
      note = new Note[grid.count()];
    }
    if (number + 1 >= elements[step]) {
      elements[step] = number + 1; // 0 is none
      note[step] = of;
    }
  }

  /** True if the last note of a step is of this element, and says that it has no result. */
  synchronized boolean refuses(int step, int number) {
    int[] elements = element;
    return elements != null && elements[step] == number + 1 && note[step] != Note.RECONCILED;
  }

  private synchronized void tell(Annotations annotations) {
    for (int step = 0; step < note.length; step++) {
      Note of = note[step];
      if (of != null) {
        tell(annotations, of, step);
      }
    }
  }

  private void tell(Annotations annotations, Note of, int step) {
    String operation = operator == Operator.ADD ? "addition" : "subtraction";
    switch (of) {
      case FLOATS ->
          annotations.incompatible(operator.text(), "float", "float", position, grid, step);
      case FLOAT_AND_HISTOGRAM ->
          annotations.incompatible(operator.text(), "float", "histogram", position, grid, step);
      case HISTOGRAM_AND_FLOAT ->
          annotations.incompatible(operator.text(), "histogram", "float", position, grid, step);
      case HISTOGRAMS ->
          annotations.incompatible(operator.text(), "histogram", "histogram", position, grid, step);
      case BUCKETS -> annotations.incompatibleBuckets(operator.text(), position, grid, step);
      case COLLISION -> annotations.resetCollision(operation, position, grid, step);
      case RECONCILED -> annotations.reconciled(operation, position, grid, step);
    }
  }
}
