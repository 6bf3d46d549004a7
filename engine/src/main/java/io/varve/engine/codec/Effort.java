package io.varve.engine.codec;

/** How much an encoder looks at before it chooses. */
enum Effort {
  /** The cheap choices only. */
  FAST,

  /**
   * Everything but tables of codes, which take more room than they spare among a dozen values; for
   * the blocks of series that live for a few scrapes.
   */
  FEW,

  /** Everything. */
  FULL;

  /** A block of values may have so many to be planned as {@link #FEW}. */
  static final int MOST_FEW = 16;
}
