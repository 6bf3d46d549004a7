package io.varve.query;

import org.jspecify.annotations.Nullable;

/**
 * What answering a query took.
 *
 * @param parseNanos from text to plan
 * @param evalNanos evaluation, sorting included
 * @param sortNanos putting the result in order
 * @param series series that selectors found
 * @param samplesRead samples decoded from the store
 * @param totalQueryableSamples samples that steps looked at; one sample counts for every step whose
 *     window holds it
 * @param peakSamples most samples held at one time
 * @param peakBytes most bytes charged at one time
 * @param storedBlocks blocks answered from stored aggregates without decoding
 * @param storedCells cells of continuous aggregates read
 * @param steps the samples by step, if that was asked for ({@link QueryOptions#stepStats}); then
 *     {@code samplesRead} and {@code totalQueryableSamples} are their sums
 */
public record QueryStats(
    long parseNanos,
    long evalNanos,
    long sortNanos,
    long series,
    long samplesRead,
    long totalQueryableSamples,
    long peakSamples,
    long peakBytes,
    long storedBlocks,
    long storedCells,
    @Nullable Steps steps) {
  /**
   * Samples by step, counted as Prometheus 3.14 counts them.
   *
   * @param start time of the first step, milliseconds since the epoch
   * @param step distance of the steps, milliseconds
   * @param queryable samples that each step looks at
   * @param read samples that are read for it and were not for the one before
   */
  public record Steps(long start, long step, long[] queryable, long[] read) {}
}
