package io.varve.engine;

/**
 * Where samples of a selection are gone, and cells of continuous aggregates stand in for them:
 * reading gives the last sample of each cell there.
 *
 * @param until end of the newest window in which that is so, milliseconds since the epoch
 * @param cellMillis width of cells that there are in all such windows
 */
public record SamplesGone(long until, long cellMillis) {
  /** Nowhere. */
  public static final SamplesGone NOWHERE = new SamplesGone(Long.MIN_VALUE, 0);

  /** True if there is such a window. */
  public boolean any() {
    return cellMillis > 0;
  }
}
