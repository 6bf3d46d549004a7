package io.varve.engine;

import java.util.Map;

/**
 * What a replicated log may hold. A version of Varve knows all levels up to its own; records of a
 * new kind, or of a new form, belong to a new level, and are written only when the cluster has
 * agreed on that level, which it does when every node runs a version that knows it. So versions of
 * two levels work together, one node after the other can be replaced, and a node that is too old is
 * told so instead of failing at a record.
 *
 * <p>The level is the shared setting {@value #SETTING}, a number. It never falls.
 *
 * <pre>
 * 1   records 1 to 12 of {@link Records}
 * </pre>
 */
public final class FeatureLevel {
  /** The highest level that this version knows. */
  public static final int CURRENT = 1;

  /** Name of the shared setting that holds the level of a cluster. */
  public static final String SETTING = "level";

  private FeatureLevel() {}

  /** The level that shared settings name; 0 if none is agreed on yet. */
  public static int of(Map<String, String> shared) {
    try {
      return Integer.parseInt(shared.getOrDefault(SETTING, "0"));
    } catch (NumberFormatException e) {
      return Integer.MAX_VALUE; // something newer
    }
  }

  /**
   * Checks that this version knows all that a log with these settings may hold.
   *
   * @throws UnknownLevelException if it does not
   */
  static void check(Map<String, String> shared) {
    if (of(shared) > CURRENT) {
      throw new UnknownLevelException(String.valueOf(shared.get(SETTING)));
    }
  }
}
