package io.varve.bench.cluster;

import io.varve.engine.model.Labels;

/**
 * The samples that a run may write. A sample is a series and a number; both together say its time
 * and its value, and no two samples have the same value by more than chance. Each series is written
 * by one client only. Immutable.
 *
 * @param seed values of another seed are other values
 * @param startMillis time of the samples of number 0
 * @param stepMillis between a number and the next
 */
record UniqueSamples(
    long seed, int clients, int seriesPerClient, long startMillis, long stepMillis) {
  /** The metric that all series have. */
  static final String METRIC = "bench_history";

  /** The label that tells series apart: their number. */
  static final String SERIES = "series";

  private static final String CLIENT = "client";
  private static final int VALUE_BITS = 50; // whole numbers that every format carries exactly

  /** How many series there are. */
  int series() {
    return clients * seriesPerClient;
  }

  /** The client that writes a series. */
  int owner(int series) {
    return series / seriesPerClient;
  }

  Labels labels(int series) {
    return Labels.of(
        Labels.METRIC_NAME,
        METRIC,
        CLIENT,
        Integer.toString(owner(series)),
        SERIES,
        Integer.toString(series));
  }

  long timeMillis(int number) {
    return startMillis + number * stepMillis;
  }

  /** The number of a time, −1 if no sample has this time. */
  int number(long timeMillis) {
    long since = timeMillis - startMillis;
    long number = since / stepMillis;
    return since < 0 || since % stepMillis != 0 || number > Integer.MAX_VALUE ? -1 : (int) number;
  }

  double value(int series, int number) {
    long mixed = seed + ((long) series << 32 | number) * 0x9E3779B97F4A7C15L;
    mixed = (mixed ^ (mixed >>> 30)) * 0xBF58476D1CE4E5B9L;
    mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
    return (mixed ^ (mixed >>> 31)) >>> (Long.SIZE - VALUE_BITS);
  }
}
