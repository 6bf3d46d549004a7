package io.varve.engine;

/** How long random tests go on that have no natural end: {@code -Dvarve.fuzz.seconds=N}. */
public final class FuzzTime {
  private FuzzTime() {}

  /** The time in nanoseconds; {@code usualSeconds} unless another is asked for. */
  public static long nanos(double usualSeconds) {
    Long given = Long.getLong("varve.fuzz.seconds");
    return (long) ((given != null ? given : usualSeconds) * 1e9);
  }
}
