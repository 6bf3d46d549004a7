package io.varve.query;

/**
 * What the result cache did.
 *
 * @param stepsReused steps of range queries that were taken from it
 * @param stepsComputed steps of range queries that might have been, and were computed
 * @param outdated blocks of steps that were dropped since what they depend on had changed
 * @param blocks that it holds
 * @param bytes that these take, about
 */
public record CacheStats(
    long stepsReused, long stepsComputed, long outdated, long blocks, long bytes) {
  /** Of no cache. */
  public static final CacheStats NONE = new CacheStats(0, 0, 0, 0, 0);
}
