package io.varve.query.exec;

/**
 * The evaluation times of an expression: {@code start + i · step} for {@code 0 ≤ i < count}.
 *
 * @param start the first, milliseconds
 * @param step distance, positive
 * @param count how many; 0 = none
 */
record StepGrid(long start, long step, int count) {
  /** One evaluation time. */
  static StepGrid instant(long time) {
    return new StepGrid(time, 1, 1);
  }

  /** The grid of its first step only. */
  StepGrid first() {
    return new StepGrid(start, step, 1);
  }

  long time(int i) {
    return start + i * step;
  }

  long last() {
    return start + (count - 1) * step;
  }
}
