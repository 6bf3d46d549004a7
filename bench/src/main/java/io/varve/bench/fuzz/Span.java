package io.varve.bench.fuzz;

/**
 * Times of a query in milliseconds.
 *
 * @param step 0 for an instant query at the end
 */
record Span(long start, long end, long step) {
  boolean isRange() {
    return step > 0;
  }

  @Override
  public String toString() {
    return step == 0
        ? "at " + end / 1e3
        : "from " + start / 1e3 + " to " + end / 1e3 + " step " + step / 1e3;
  }
}
