package io.varve.query.promql;

/**
 * The {@code @} of a selector or subquery, which pins its evaluation to one time.
 *
 * @param anchor what it is pinned to
 * @param timestampMillis milliseconds since the epoch; 0 unless the anchor is a timestamp
 */
public record AtModifier(Anchor anchor, long timestampMillis) {
  /** What an {@code @} refers to. */
  public enum Anchor {
    /** A fixed time. */
    TIMESTAMP,
    /** The begin of the query, {@code @ start()}. */
    START,
    /** The end of the query, {@code @ end()}. */
    END
  }

  /** {@code @ start()}. */
  public static final AtModifier START = new AtModifier(Anchor.START, 0);

  /** {@code @ end()}. */
  public static final AtModifier END = new AtModifier(Anchor.END, 0);

  /** {@code @} a fixed time. */
  public static AtModifier timestamp(long millis) {
    return new AtModifier(Anchor.TIMESTAMP, millis);
  }

  /** The pinned time within a query over these bounds (both the evaluation time if instant). */
  public long resolve(long startMillis, long endMillis) {
    return switch (anchor) {
      case TIMESTAMP -> timestampMillis;
      case START -> startMillis;
      case END -> endMillis;
    };
  }
}
