package io.varve.query.function;

import io.varve.engine.model.StaleMarker;
import java.util.Arrays;

/**
 * The double that says "no sample at this step". It has the bits of the stale marker, which works
 * because that marker can be no sample of a result: an instant selector that meets it yields
 * nothing, range selectors skip it, and arithmetic cannot make it, since it is a signalling NaN and
 * every operation answers with a quiet one. Only the two operations that touch nothing but the sign
 * bit could, and they keep clear of it ({@link Numbers#negate}, {@link Numbers#abs}).
 *
 * <p>So a column of steps is one array, a selector writes what it read, and every other NaN is an
 * ordinary value. Test it before you compute with it, and move it untouched.
 */
public final class Absent {
  /** No sample. */
  public static final double VALUE = StaleMarker.VALUE;

  private Absent() {}

  /** True if there is no sample. */
  public static boolean is(double value) {
    return Double.doubleToRawLongBits(value) == StaleMarker.BITS;
  }

  /** Clears steps {@code [at, at + steps)}. */
  public static void fill(double[] column, int at, int steps) {
    Arrays.fill(column, at, at + steps, VALUE);
  }

  /** How many of the steps {@code [at, at + steps)} have a sample. */
  public static int countPresent(double[] column, int at, int steps) {
    int present = 0;
    for (int i = at; i < at + steps; i++) {
      if (!is(column[i])) {
        present++;
      }
    }
    return present;
  }
}
