package io.varve.engine.head;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Time columns of {@link PackedTails} that were unpacked last. Series of a scrape target are read
 * one after the other, and have theirs in common, column by column. For one thread.
 */
final class UnpackedTimes {
  private static final int SLOTS = 16; // a power of two; columns of one series stand apart

  private final long[] owners = new long[SLOTS];
  private final int[] addresses = new int[SLOTS];
  private final long[][] columns = new long[SLOTS][];

  UnpackedTimes() {
    Arrays.fill(columns, new long[0]);
  }

  /** The column at an address; null if it is not kept. */
  long @Nullable [] find(long owner, int address) {
    int slot = slot(owner, address);
    return owners[slot] == owner && addresses[slot] == address ? columns[slot] : null;
  }

  /** An array for a column that is to be unpacked; {@link #keep} it then. */
  long[] room(long owner, int address, int n) {
    int slot = slot(owner, address);
    owners[slot] = 0;
    if (columns[slot].length < n) {
      columns[slot] = new long[Math.max(n, 64)];
    }
    return columns[slot];
  }

  void keep(long owner, int address) {
    int slot = slot(owner, address);
    owners[slot] = owner;
    addresses[slot] = address;
  }

  private static int slot(long owner, int address) {
    return (int) ((owner + address) * 0x9E3779B97F4A7C15L >>> 60) & SLOTS - 1;
  }
}
