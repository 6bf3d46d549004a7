package io.varve.query;

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
    long storedBlocks) {}
