package io.varve.engine.head;

import java.util.Arrays;

/**
 * Where the time columns stand that were packed last. The series of a scrape target come one after
 * the other and fill up at the same sample, so mostly the column is the one before; a few more are
 * kept since series that changed at different times fill up at different ones.
 */
final class RecentTimes {
  private static final int SLOTS = 16; // a power of two

  /** Longer columns are mostly those of constant series, and take a few bytes each. */
  private static final int MOST_SAMPLES = 1024;

  private static final int USUAL_SAMPLES = 128;

  private final long[][] columns = new long[SLOTS][];
  private final int[] lengths = new int[SLOTS];
  private final int[] addresses = new int[SLOTS];

  /** The address of an equal column, or {@link PackedTails#NONE}. */
  int find(long[] times, int n) {
    int slot = slot(times, n);
    boolean known = lengths[slot] == n && n > 0 && Arrays.equals(columns[slot], 0, n, times, 0, n);
    return known ? addresses[slot] : PackedTails.NONE;
  }

  void add(long[] times, int n, int address) {
    if (n > MOST_SAMPLES) {
      return;
    }
    int slot = slot(times, n);
    if (columns[slot] == null || columns[slot].length < n) {
      columns[slot] = new long[Math.max(n, USUAL_SAMPLES)];
    }
    System.arraycopy(times, 0, columns[slot], 0, n);
    lengths[slot] = n;
    addresses[slot] = address;
  }

  private static int slot(long[] times, int n) {
    return (int) ((times[0] + n) * 0x9E3779B97F4A7C15L >>> 60) & SLOTS - 1;
  }
}
