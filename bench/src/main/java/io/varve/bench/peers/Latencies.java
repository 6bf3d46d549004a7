package io.varve.bench.peers;

import org.HdrHistogram.Histogram;

/**
 * How long something took, in milliseconds.
 *
 * @param count how often it was measured
 */
public record Latencies(long count, double p50, double p99, double most) {
  private static final double NANOS = 1e6;

  /** Of a histogram of nanoseconds. */
  public static Latencies of(Histogram nanos) {
    return new Latencies(
        nanos.getTotalCount(),
        nanos.getValueAtPercentile(50) / NANOS,
        nanos.getValueAtPercentile(99) / NANOS,
        nanos.getMaxValue() / NANOS);
  }
}
