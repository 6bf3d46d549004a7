package io.varve.engine.index;

/**
 * The order in which series stand in files: by tenant, metric, job, instance, then by the canonical
 * label bytes, all compared as unsigned bytes; a missing label comes first.
 */
public final class SeriesOrder {
  private SeriesOrder() {}

  /** Sorts ids into file order, in place. */
  public static void sort(LabelSource series, int[] ids) {
    throw new IllegalStateException("series are not sorted yet");
  }

  /** Compares two series of one tenant by their canonical label bytes. */
  public static int compare(
      byte[] a, int aOffset, int aLength, byte[] b, int bOffset, int bLength) {
    throw new IllegalStateException("series are not sorted yet");
  }
}
