package io.varve.engine.partition;

import io.varve.engine.codec.TimeColumnEncoder;
import io.varve.engine.format.ByteWriter;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * The distinct time columns of a file that is being written, encoded. A sequence of timestamps that
 * comes again (all series of one scrape target have the same) gets the number of the column that is
 * there. For one thread.
 */
final class TimeColumns {
  /** Timestamps that are kept to be compared; beyond that, encoded columns are. */
  private static final long MOST_KEPT = 1 << 20;

  private final TimeColumnEncoder encoder;
  private final ByteWriter bytes = new ByteWriter(1 << 12);
  private final HashTable byTimes = new HashTable();
  private final HashTable byBytes = new HashTable();
  private final Map<Long, int[]> copied = new HashMap<>();
  private final LongList rows = new LongList();
  private final LongList first = new LongList();
  private final LongList last = new LongList();
  private final LongList ends = new LongList();
  private long[][] kept = new long[64][];
  private long keptTimes;

  /** Which column was asked for after each: metric after metric, the targets come in one order. */
  private int[] after = new int[64];

  private int latest;

  TimeColumns(TimeColumnEncoder encoder) {
    this.encoder = encoder;
  }

  /** All columns, one after the other. */
  ByteWriter bytes() {
    return bytes;
  }

  int count() {
    return rows.size;
  }

  int rows(int column) {
    return (int) rows.values[column];
  }

  long first(int column) {
    return first.values[column];
  }

  long last(int column) {
    return last.values[column];
  }

  int length(int column) {
    return end(column) - start(column);
  }

  private int start(int column) {
    return column == 0 ? 0 : (int) ends.values[column - 1];
  }

  private int end(int column) {
    return (int) ends.values[column];
  }

  /** The number of the column of these timestamps. */
  int column(long[] times, int from, int n) {
    if (rows.size > 0 && keeps(after[latest], times, from, n)) {
      latest = after[latest];
      return latest;
    }
    int column = find(times, from, n);
    after[latest] = column;
    latest = column;
    return column;
  }

  /** The number of the column of so many timestamps between two, of which nothing else is kept. */
  int bare(int n, long firstTime, long lastTime) {
    if (rows.size > 0 && isBare(after[latest], n, firstTime, lastTime)) {
      latest = after[latest];
      return latest;
    }
    long hash = mix(mix(n, firstTime), lastTime);
    int column = -1;
    for (int slot = byTimes.first(hash); slot >= 0; slot = byTimes.next(slot, hash)) {
      if (isBare(byTimes.value(slot), n, firstTime, lastTime)) {
        column = byTimes.value(slot);
        break;
      }
    }
    if (column < 0) {
      column = add(n, firstTime, lastTime);
      byTimes.add(hash, column);
    }
    after[latest] = column;
    latest = column;
    return column;
  }

  private boolean isBare(int column, int n, long firstTime, long lastTime) {
    return rows(column) == n
        && first.values[column] == firstTime
        && last.values[column] == lastTime;
  }

  private boolean keeps(int column, long[] times, int from, int n) {
    long[] others = kept[column];
    return others.length == n && Arrays.equals(others, 0, n, times, from, from + n);
  }

  private int find(long[] times, int from, int n) {
    long hash = hash(times, from, n);
    for (int slot = byTimes.first(hash); slot >= 0; slot = byTimes.next(slot, hash)) {
      int column = byTimes.value(slot);
      if (keeps(column, times, from, n)) {
        return column;
      }
    }
    int at = bytes.size();
    int end = encoder.encode(times, from, n, bytes.reserve(encoder.maxBytes(n)), at);
    int column = encoded(end - at, n, times[from], times[from + n - 1]);
    if (kept[column].length == 0 && keptTimes + n <= MOST_KEPT) {
      kept[column] = Arrays.copyOfRange(times, from, from + n);
      keptTimes += n;
      byTimes.add(hash, column);
    }
    return column;
  }

  /**
   * The number of the column that a source has under its own number.
   *
   * @param encoded holds the source's bytes
   */
  int copy(
      long source,
      int sourceColumn,
      int sourceColumns,
      byte[] encoded,
      int offset,
      int length,
      int n,
      long firstTime,
      long lastTime) {
    int[] known = copied.computeIfAbsent(source, any -> new int[sourceColumns]);
    if (known[sourceColumn] == 0) {
      System.arraycopy(encoded, offset, bytes.reserve(length), bytes.size(), length);
      known[sourceColumn] = 1 + encoded(length, n, firstTime, lastTime);
    }
    return known[sourceColumn] - 1;
  }

  /** True if a source's column has a number already, so that its bytes are not needed. */
  int known(long source, int sourceColumn) {
    int[] known = copied.get(source);
    return known == null ? -1 : known[sourceColumn] - 1;
  }

  /** The number of the column whose bytes stand, uncounted, at the end; counts them if new. */
  private int encoded(int length, int n, long firstTime, long lastTime) {
    int at = bytes.size();
    byte[] all = bytes.array();
    long hash = hash(all, at, length, n);
    for (int slot = byBytes.first(hash); slot >= 0; slot = byBytes.next(slot, hash)) {
      int column = byBytes.value(slot);
      if (rows(column) == n
          && Arrays.equals(all, start(column), end(column), all, at, at + length)) {
        return column;
      }
    }
    bytes.advance(length);
    int column = add(n, firstTime, lastTime);
    byBytes.add(hash, column);
    return column;
  }

  /** Counts a column whose bytes, if it has any, are there. */
  private int add(int n, long firstTime, long lastTime) {
    int column = rows.size;
    if (column == kept.length) {
      kept = Arrays.copyOf(kept, column * 2);
      after = Arrays.copyOf(after, column * 2);
    }
    kept[column] = NONE;
    rows.add(n);
    first.add(firstTime);
    last.add(lastTime);
    ends.add(bytes.size());
    return column;
  }

  private static final long[] NONE = {};

  private static long hash(long[] times, int from, int n) {
    // Four lanes, since one multiplication after the other would take most of the time.
    long a = n;
    long b = 1;
    long c = 2;
    long d = 3;
    int i = from;
    for (int end = from + n - 3; i < end; i += 4) {
      a = mix(a, times[i]);
      b = mix(b, times[i + 1]);
      c = mix(c, times[i + 2]);
      d = mix(d, times[i + 3]);
    }
    for (; i < from + n; i++) {
      a = mix(a, times[i]);
    }
    return mix(mix(mix(a, b), c), d);
  }

  private static long hash(byte[] bytes, int from, int length, int n) {
    long hash = n;
    for (int i = from; i < from + length; i++) {
      hash = mix(hash, bytes[i]);
    }
    return hash;
  }

  private static long mix(long hash, long value) {
    long h = (hash ^ value) * 0x9E3779B97F4A7C15L;
    return h ^ h >>> 32;
  }

  /** From hashes to column numbers; a hash may have several. */
  private static final class HashTable {
    private long[] hashes = new long[128];
    private int[] values = new int[128]; // column + 1, 0 = free
    private int size;

    int first(long hash) {
      return from((int) hash & hashes.length - 1, hash);
    }

    int next(int slot, long hash) {
      return from(slot + 1 & hashes.length - 1, hash);
    }

    private int from(int start, long hash) {
      int slot = start;
      while (values[slot] != 0) {
        if (hashes[slot] == hash) {
          return slot;
        }
        slot = slot + 1 & hashes.length - 1;
      }
      return -1;
    }

    int value(int slot) {
      return values[slot] - 1;
    }

    void add(long hash, int column) {
      if (2 * ++size > hashes.length) {
        long[] oldHashes = hashes;
        int[] oldValues = values;
        hashes = new long[2 * oldHashes.length];
        values = new int[hashes.length];
        for (int i = 0; i < oldHashes.length; i++) {
          if (oldValues[i] != 0) {
            put(oldHashes[i], oldValues[i]);
          }
        }
      }
      put(hash, column + 1);
    }

    private void put(long hash, int value) {
      int slot = (int) hash & hashes.length - 1;
      while (values[slot] != 0) {
        slot = slot + 1 & hashes.length - 1;
      }
      hashes[slot] = hash;
      values[slot] = value;
    }
  }
}
