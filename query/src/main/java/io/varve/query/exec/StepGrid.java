package io.varve.query.exec;

/**
 * The evaluation times of an expression: {@code start + i · step} for {@code 0 ≤ i < count}.
 *
 * @param start the first, milliseconds
 * @param step distance, positive
 * @param count how many; 0 = none
 * @param scope which steps of the query depend on one of these times
 */
record StepGrid(long start, long step, int count, Scope scope) {
  /**
   * Which steps of the query depend on what is evaluated at a time of a grid.
   *
   * @param all true if every step does
   * @param fromMillis else the first that may do so, after that time
   * @param toMillis the last one, after that time
   */
  record Scope(boolean all, long fromMillis, long toMillis) {
    /** The steps are the query's own. */
    static final Scope SELF = new Scope(false, 0, 0);

    /**
     * The steps are some of the query's own, and numbered differently. (Its steps lie more than a
     * millisecond apart, so that the second one is nobody's.)
     */
    static final Scope TIME = new Scope(false, 0, 1);

    /** Each is part of all. */
    static final Scope ALL = new Scope(true, 0, 0);

    /** For times in windows {@code (t − offset − range, t − offset]} of the times of this one. */
    Scope windows(long offsetMillis, long rangeMillis) {
      return all
          ? this
          : new Scope(false, fromMillis + offsetMillis, toMillis + offsetMillis + rangeMillis - 1);
    }
  }

  /** Times of the query itself. */
  StepGrid(long start, long step, int count) {
    this(start, step, count, Scope.SELF);
  }

  /** One evaluation time. */
  static StepGrid instant(long time) {
    return new StepGrid(time, 1, 1);
  }

  /**
   * Some of its steps.
   *
   * @param from the first
   * @param to behind the last
   */
  StepGrid part(int from, int to) {
    if (from == 0 && to == count) {
      return this;
    }
    return new StepGrid(time(from), step, to - from, scope.equals(Scope.SELF) ? Scope.TIME : scope);
  }

  /** The grid of its first step only, which stands for all. */
  StepGrid first() {
    return new StepGrid(start, step, 1, Scope.ALL);
  }

  long time(int i) {
    return start + i * step;
  }

  long last() {
    return start + (count - 1) * step;
  }
}
