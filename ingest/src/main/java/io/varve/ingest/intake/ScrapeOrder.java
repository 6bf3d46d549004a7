package io.varve.ingest.intake;

import java.util.Arrays;

/**
 * Remembers which series followed which the last time, and how long its label bytes were: a scrape
 * repeats its order, so the series after a known one is known as well before a byte of it is read.
 *
 * <p>It holds guesses, not facts. Every guess is checked against the label bytes that the head
 * keeps, so threads share the table without any synchronisation: a lost, torn or outdated entry
 * costs a hash, never a wrong answer. Eight bytes per series; bounded.
 */
public final class ScrapeOrder {
  private static final int FIRST_SIZE = 1 << 10;

  private final int mostSeries;
  private volatile long[] next = new long[FIRST_SIZE]; // id → follower's id ≪ 32 | label length

  /**
   * @param mostSeries series with ids from here on are not remembered
   */
  public ScrapeOrder(int mostSeries) {
    this.mostSeries = mostSeries;
  }

  /** What followed the series: its id in the upper half, its label length in the lower; or 0. */
  long after(int id) {
    long[] table = next;
    return id >= 0 && id < table.length ? table[id] : 0;
  }

  void remember(int id, int follower, int labelLength) {
    if (id < 0 || id >= mostSeries) {
      return;
    }
    long[] table = next;
    if (id >= table.length) {
      table = grow(id);
    }
    table[id] = (long) follower << 32 | labelLength;
  }

  private synchronized long[] grow(int id) {
    long[] table = next;
    if (id >= table.length) {
      int size = (int) Math.min(mostSeries, Math.max(table.length * 2L, id + 1L));
      table = Arrays.copyOf(table, size);
      next = table;
    }
    return table;
  }
}
