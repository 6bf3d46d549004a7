package io.varve.engine.head;

import java.util.Arrays;

/**
 * Room for the newest samples of series whose values change: slots of (milliseconds since the
 * tail's base, raw bits) in three sizes, given out and taken back by the writer. A slot that was
 * given back may be given to another series at once; readers notice by the version of the series
 * they read ({@link Head}).
 */
final class TailSlabs {
  /** Slots of a tail of each class. */
  static final int[] CAPACITY = {4, 16, 64};

  private static final int SLAB_BITS = 14;
  private static final int SLAB_SIZE = 1 << SLAB_BITS;

  /** Times and values of {@link #SLAB_SIZE} slots. */
  static final class Slab {
    final int[] delta = new int[SLAB_SIZE];
    final long[] bits = new long[SLAB_SIZE];
  }

  private volatile Slab[] slabs = new Slab[0];
  private int end = 0; // first slot never given out
  private final int[][] free = new int[CAPACITY.length][16];
  private final int[] freeCount = new int[CAPACITY.length];

  /** Address of a tail's first slot; its slots follow each other in one slab. */
  int allocate(int sizeClass) {
    if (freeCount[sizeClass] > 0) {
      return free[sizeClass][--freeCount[sizeClass]];
    }
    int capacity = CAPACITY[sizeClass];
    // Sizes are powers of two, so a tail that begins at a multiple of its size stays in its slab.
    int at = (end + capacity - 1) & -capacity;
    for (int gap = end; gap < at; gap += CAPACITY[0]) {
      release(gap, 0);
    }
    end = at + capacity;
    if ((at >>> SLAB_BITS) >= slabs.length) {
      Slab[] more = Arrays.copyOf(slabs, slabs.length + 1);
      more[slabs.length] = new Slab();
      slabs = more;
    }
    return at;
  }

  void release(int address, int sizeClass) {
    int n = freeCount[sizeClass];
    if (n == free[sizeClass].length) {
      free[sizeClass] = Arrays.copyOf(free[sizeClass], n * 2);
    }
    free[sizeClass][n] = address;
    freeCount[sizeClass] = n + 1;
  }

  Slab slab(int address) {
    return slabs[address >>> SLAB_BITS];
  }

  static int slot(int address) {
    return address & (SLAB_SIZE - 1);
  }

  long bytes() {
    return (long) slabs.length * SLAB_SIZE * 12;
  }
}
