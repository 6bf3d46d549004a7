package io.varve.bench.cluster;

/** Samples of one series with numbers from {@code from} to before {@code to}. */
record Run(int series, int from, int to) {
  Run {
    if (from < 0 || to < from) {
      throw new IllegalArgumentException("from " + from + " to " + to);
    }
  }

  int samples() {
    return to - from;
  }

  @Override
  public String toString() {
    return series + "[" + from + "," + to + ")";
  }
}
