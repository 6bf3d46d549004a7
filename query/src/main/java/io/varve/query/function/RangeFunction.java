package io.varve.query.function;

/**
 * What a range function makes of the samples in a window. One object serves one thread and one
 * series after the other; it may keep scratch memory.
 */
public abstract class RangeFunction {
  /** For the functions here. */
  protected RangeFunction() {}

  /**
   * Announces other columns: a new series begins. The window's bounds mean nothing yet; until the
   * next series they only move forward.
   */
  public void begin(Window series) {}

  /** The value over the window, or {@link Absent} if the function has none for it. */
  public abstract double at(Window w);
}
