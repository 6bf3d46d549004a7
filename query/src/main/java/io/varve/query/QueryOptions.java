package io.varve.query;

import org.jspecify.annotations.Nullable;

/**
 * How one query is to be answered.
 *
 * @param lookbackMillis how old a sample may be for an instant selector to see it; 0 or less = the
 *     engine's default
 * @param limits what the query may spend; null = the engine's default
 * @param useStoredAggregates whether long ranges may be answered from aggregates stored in chunk
 *     directories (same result within 1e-9 relative); off = always from the samples, bit-exact
 * @param cancellation a switch to end the query early, or null
 * @param explain whether the result tells what each node of the plan did
 * @param useCache whether a range query may take steps from the result cache, and leave its own
 * @param stepStats whether samples are counted by step, if {@link Feature#PER_STEP_STATS} is on:
 *     takes about as long as the query itself
 * @param useCells whether continuous aggregates may be used; not without {@code
 *     useStoredAggregates}
 * @param useGrouped whether grouped ones may be used; not without {@code useCells}
 */
public record QueryOptions(
    long lookbackMillis,
    @Nullable QueryLimits limits,
    boolean useStoredAggregates,
    @Nullable Cancellation cancellation,
    boolean explain,
    boolean useCache,
    boolean stepStats,
    boolean useCells,
    boolean useGrouped) {
  /** The engine's defaults, with stored aggregates. */
  public static final QueryOptions DEFAULT = new QueryOptions(0, null, true, null);

  /** Without explanation and cache. */
  public QueryOptions(
      long lookbackMillis,
      @Nullable QueryLimits limits,
      boolean useStoredAggregates,
      @Nullable Cancellation cancellation) {
    this(
        lookbackMillis, limits, useStoredAggregates, cancellation, false, false, false, true, true);
  }

  /** These options with another lookback, 0 = the engine's default. */
  public QueryOptions withLookbackMillis(long millis) {
    return new QueryOptions(
        millis,
        limits,
        useStoredAggregates,
        cancellation,
        explain,
        useCache,
        stepStats,
        useCells,
        useGrouped);
  }

  /** These options with other limits. */
  public QueryOptions withLimits(QueryLimits other) {
    return new QueryOptions(
        lookbackMillis,
        other,
        useStoredAggregates,
        cancellation,
        explain,
        useCache,
        stepStats,
        useCells,
        useGrouped);
  }

  /** These options with stored aggregates allowed or not. */
  public QueryOptions withStoredAggregates(boolean use) {
    return new QueryOptions(
        lookbackMillis,
        limits,
        use,
        cancellation,
        explain,
        useCache,
        stepStats,
        useCells,
        useGrouped);
  }

  /** These options with continuous aggregates allowed or not. */
  public QueryOptions withCells(boolean use) {
    return new QueryOptions(
        lookbackMillis,
        limits,
        useStoredAggregates,
        cancellation,
        explain,
        useCache,
        stepStats,
        use,
        useGrouped);
  }

  /** These options with grouped aggregates allowed or not. */
  public QueryOptions withGrouped(boolean use) {
    return new QueryOptions(
        lookbackMillis,
        limits,
        useStoredAggregates,
        cancellation,
        explain,
        useCache,
        stepStats,
        useCells,
        use);
  }

  /** These options with a switch to end the query early. */
  public QueryOptions withCancellation(Cancellation other) {
    return new QueryOptions(
        lookbackMillis,
        limits,
        useStoredAggregates,
        other,
        explain,
        useCache,
        stepStats,
        useCells,
        useGrouped);
  }

  /** These options, explaining the query or not. */
  public QueryOptions withExplain(boolean wanted) {
    return new QueryOptions(
        lookbackMillis,
        limits,
        useStoredAggregates,
        cancellation,
        wanted,
        useCache,
        stepStats,
        useCells,
        useGrouped);
  }

  /** These options with the result cache or not. */
  public QueryOptions withCache(boolean use) {
    return new QueryOptions(
        lookbackMillis,
        limits,
        useStoredAggregates,
        cancellation,
        explain,
        use,
        stepStats,
        useCells,
        useGrouped);
  }

  /** These options, counting samples by step or not. */
  public QueryOptions withStepStats(boolean wanted) {
    return new QueryOptions(
        lookbackMillis,
        limits,
        useStoredAggregates,
        cancellation,
        explain,
        useCache,
        wanted,
        useCells,
        useGrouped);
  }
}
