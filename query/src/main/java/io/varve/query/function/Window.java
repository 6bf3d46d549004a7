package io.varve.query.function;

/**
 * The samples of one series that a range function sees at one step: rows {@code [from, to)} of
 * columns that hold the series over all steps, without stale markers. Never empty when a function
 * sees it. A plain holder, moved from step to step by whoever owns it; one thread.
 */
public final class Window {
  /** Times in milliseconds, ascending, of all rows. */
  public long[] times = new long[0];

  /** Values of all rows. */
  public double[] values = new double[0];

  /** How many rows there are. */
  public int size;

  /** True if some of the values stand for histograms. */
  public boolean hasHistograms;

  /** First row of the window. */
  public int from;

  /** Row after the last one of the window. */
  public int to;

  /** The window's left bound in milliseconds, not part of it. */
  public long start;

  /** The window's right bound in milliseconds, part of it. */
  public long end;

  /** The evaluation time in milliseconds; not the same as {@link #end} with an offset. */
  public long evalTime;

  /** The function's first scalar argument at this step. */
  public double first;

  /** The function's second scalar argument at this step. */
  public double second;

  /** No samples. */
  public Window() {}

  /** Samples in the window. */
  public int count() {
    return to - from;
  }
}
