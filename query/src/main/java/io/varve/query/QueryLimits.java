package io.varve.query;

/**
 * What one query may spend. Every figure is positive.
 *
 * @param maxSamples samples held at one time: buffers of selectors, intermediate results and the
 *     result; beyond it the query fails with an execution error
 * @param maxBytes bytes of memory charged at one time for buffers and results
 * @param maxSeries series that one selector may select
 * @param timeoutMillis wall-clock time; beyond it the query fails with a timeout
 */
public record QueryLimits(long maxSamples, long maxBytes, int maxSeries, long timeoutMillis) {
  /** 50 million samples, 1 GiB, 2 million series, 2 minutes. */
  public static final QueryLimits DEFAULT =
      new QueryLimits(50_000_000L, 1L << 30, 2_000_000, 120_000L);

  /** Checks that all limits are positive. */
  public QueryLimits {
    if (maxSamples <= 0 || maxBytes <= 0 || maxSeries <= 0 || timeoutMillis <= 0) {
      throw new IllegalArgumentException("query limits must be positive");
    }
  }

  /** These limits with another number of samples. */
  public QueryLimits withMaxSamples(long samples) {
    return new QueryLimits(samples, maxBytes, maxSeries, timeoutMillis);
  }

  /** These limits with another number of bytes. */
  public QueryLimits withMaxBytes(long bytes) {
    return new QueryLimits(maxSamples, bytes, maxSeries, timeoutMillis);
  }

  /** These limits with another number of series. */
  public QueryLimits withMaxSeries(int series) {
    return new QueryLimits(maxSamples, maxBytes, series, timeoutMillis);
  }

  /** These limits with another time. */
  public QueryLimits withTimeoutMillis(long millis) {
    return new QueryLimits(maxSamples, maxBytes, maxSeries, millis);
  }
}
