package io.varve.engine;

import java.util.Collection;

/**
 * What a cell may know of its samples besides how many they are, the times of the first and last
 * one, and the last value.
 */
public enum CellPart {
  /** The first value: what delta needs. */
  FIRST,
  /** The resets between values, which need the first one, too: what increase and rate need. */
  RESETS,
  /** The sum: what sum and avg need. */
  SUM,
  /** The smallest and the largest value. */
  BOUNDS;

  /** All parts as bits. */
  public static final int ALL = 15;

  /** This part as a bit. */
  public int bit() {
    return 1 << ordinal();
  }

  /** Parts as bits. */
  public static int bits(Collection<CellPart> parts) {
    int bits = 0;
    for (CellPart part : parts) {
      bits |= part.bit();
    }
    if ((bits & RESETS.bit()) != 0) {
      bits |= FIRST.bit();
    }
    return bits;
  }
}
