package io.varve.engine;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.index.IndexSegment;
import io.varve.engine.model.SeriesKey;
import java.util.Arrays;

/** Window ids by series key: made when a window is written to, from the labels in its index. */
final class WindowIds {
  /** A key that has no id. */
  static final int NONE = -1;

  private long[] high;
  private long[] low;
  private int[] ids;
  private int size;

  private WindowIds(int expected) {
    int capacity = Math.max(16, Integer.highestOneBit(expected + 1) * 4);
    high = new long[capacity];
    low = new long[capacity];
    ids = new int[capacity];
    Arrays.fill(ids, NONE);
  }

  /**
   * The ids of all series of a window; a window that is new has none. A damaged segment is reported
   * and left out: its series get other ids from now on.
   */
  static WindowIds of(Iterable<IndexSegment> segments, SeriesKey.Hash hash, DamageLog damage) {
    int count = 0;
    for (IndexSegment segment : segments) {
      count += segment.count();
    }
    WindowIds ids = new WindowIds(count);
    for (IndexSegment segment : segments) {
      long[] highs = new long[segment.count()];
      long[] lows = new long[segment.count()];
      try {
        segment.keys(hash, highs, lows);
      } catch (CorruptDataException e) {
        damage.add(String.valueOf(e.getMessage()));
        continue;
      }
      for (int i = 0; i < highs.length; i++) {
        ids.put(highs[i], lows[i], segment.firstId() + i);
      }
    }
    return ids;
  }

  void put(long keyHigh, long keyLow, int id) {
    if ((size + 1) * 2 > ids.length) {
      grow();
    }
    int at = slot(keyHigh, keyLow);
    if (ids[at] == NONE) {
      size++;
    }
    high[at] = keyHigh;
    low[at] = keyLow;
    ids[at] = id;
  }

  int get(long keyHigh, long keyLow) {
    return ids[slot(keyHigh, keyLow)];
  }

  private int slot(long keyHigh, long keyLow) {
    int mask = ids.length - 1;
    int at = (int) keyLow & mask;
    while (ids[at] != NONE && (low[at] != keyLow || high[at] != keyHigh)) {
      at = (at + 1) & mask;
    }
    return at;
  }

  private void grow() {
    long[] oldHigh = high;
    long[] oldLow = low;
    int[] oldIds = ids;
    high = new long[oldIds.length * 2];
    low = new long[oldIds.length * 2];
    ids = new int[oldIds.length * 2];
    Arrays.fill(ids, NONE);
    for (int i = 0; i < oldIds.length; i++) {
      if (oldIds[i] != NONE) {
        int at = slot(oldHigh[i], oldLow[i]);
        high[at] = oldHigh[i];
        low[at] = oldLow[i];
        ids[at] = oldIds[i];
      }
    }
  }
}
