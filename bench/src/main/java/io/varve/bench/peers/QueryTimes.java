package io.varve.bench.peers;

import java.util.Arrays;

/**
 * How long one store took for one query.
 *
 * @param firstMillis the first time after the store was started
 * @param millis of the runs that count, ascending
 * @param cpuMillis of the server, per run
 * @param series that the answer has
 */
record QueryTimes(double firstMillis, double[] millis, double cpuMillis, int series) {
  /** Times in any order. */
  static QueryTimes of(double firstMillis, double[] millis, double cpuMillis, int series) {
    double[] sorted = millis.clone();
    Arrays.sort(sorted);
    return new QueryTimes(firstMillis, sorted, cpuMillis, series);
  }

  double median() {
    int n = millis.length;
    return n % 2 == 1 ? millis[n / 2] : (millis[n / 2 - 1] + millis[n / 2]) / 2;
  }

  /** The smallest time that 99 % of the runs do not exceed. */
  double p99() {
    return millis[(int) Math.ceil(0.99 * millis.length) - 1];
  }
}
