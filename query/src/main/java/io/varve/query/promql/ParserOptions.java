package io.varve.query.promql;

/**
 * What of PromQL is allowed, and how much of it.
 *
 * @param experimentalFunctions allows experimental functions and aggregations (Prometheus' feature
 *     {@code promql-experimental-functions})
 * @param durationExpressions allows arithmetic in ranges, steps and offsets; a stable part of the
 *     language since Prometheus 3.14
 * @param extendedRangeSelectors allows {@code anchored} and {@code smoothed} ({@code
 *     promql-extended-range-selectors})
 * @param binopFillModifiers allows {@code fill}, {@code fill_left} and {@code fill_right} ({@code
 *     promql-binop-fill-modifiers})
 * @param mostQueryBytes a longer query is refused, in bytes of UTF-8
 * @param mostDepth syntax nested deeper is refused, and so is a tree of more than twice that
 *     height, which a long chain of operators makes: whatever walks an expression may recurse
 */
public record ParserOptions(
    boolean experimentalFunctions,
    boolean durationExpressions,
    boolean extendedRangeSelectors,
    boolean binopFillModifiers,
    int mostQueryBytes,
    int mostDepth) {
  private static final int MOST_QUERY_BYTES = 1 << 20;
  private static final int MOST_DEPTH = 200;

  /** What a Prometheus server allows by default. */
  public static final ParserOptions DEFAULT =
      new ParserOptions(false, true, false, false, MOST_QUERY_BYTES, MOST_DEPTH);

  /** Everything. */
  public static final ParserOptions ALL =
      new ParserOptions(true, true, true, true, MOST_QUERY_BYTES, MOST_DEPTH);

  /** These limits with other features. */
  public ParserOptions with(
      boolean functions, boolean durations, boolean extendedRanges, boolean fillModifiers) {
    return new ParserOptions(
        functions, durations, extendedRanges, fillModifiers, mostQueryBytes, mostDepth);
  }
}
