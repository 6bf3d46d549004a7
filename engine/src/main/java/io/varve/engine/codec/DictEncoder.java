package io.varve.engine.codec;

import java.util.Arrays;

/**
 * Plans and writes a stream of few distinct values: their sorted table and an index for each. The
 * plan stays valid until the next one.
 */
final class DictEncoder {
  private static final int MOST = 1024;
  private static final int SLOTS = 4 * MOST;

  private final LeafEncoder steps = new LeafEncoder();
  private final LeafEncoder indices = new LeafEncoder();
  private final long[] distinct = new long[MOST];
  private final long[] keys = new long[SLOTS];
  private final short[] numbers = new short[SLOTS];
  private final long[] step = new long[MOST];
  private long[] index = new long[0];
  private int values;

  int headBits() {
    return Codecs.DICT << 3 | Codecs.BASE_OFFSET << 6;
  }

  /**
   * Plans {@code q[0, count)}.
   *
   * @return upper bound of the bytes; Integer.MAX_VALUE if the values repeat too seldom
   */
  int plan(long[] q, int count) {
    // A table entry must be used some times before it pays.
    int found = findDistinct(q, count, Math.min(MOST, count / 3));
    if (found < 2) {
      return Integer.MAX_VALUE;
    }
    if (index.length < count) {
      index = new long[Math.max(512, count)];
    }
    values = found;
    Arrays.sort(distinct, 0, values);
    for (int i = 0; i < values; i++) {
      numbers[slot(distinct[i])] = (short) (i + 1);
    }
    for (int i = 0; i < count; i++) {
      index[i] = numbers[slot(q[i])] - 1L;
    }
    for (int i = 1; i < values; i++) {
      step[i - 1] = distinct[i] - distinct[i - 1];
    }
    return Codecs.varintBytes(Codecs.zigzag(distinct[0]))
        + Codecs.varintBytes(values)
        + 2
        + steps.plan(step, values - 1, Effort.FULL)
        + indices.planIndices(index, count, values);
  }

  private int slot(long value) {
    int slot = (int) ((value * 0x9E3779B97F4A7C15L) >>> 52);
    while (numbers[slot] != 0 && keys[slot] != value) {
      slot = (slot + 1) & (SLOTS - 1);
    }
    return slot;
  }

  /** Collects the distinct values; 0 if there are more than {@code most}. */
  private int findDistinct(long[] q, int count, int most) {
    Arrays.fill(numbers, (short) 0);
    int found = 0;
    for (int i = 0; i < count; i++) {
      int slot = slot(q[i]);
      if (numbers[slot] == 0) {
        if (found == most) {
          return 0;
        }
        distinct[found++] = q[i];
        keys[slot] = q[i];
        numbers[slot] = (short) found;
      }
    }
    return found;
  }

  /** Writes what was planned, without the head byte; returns the end. */
  int write(byte[] out, int at) {
    int pos = Codecs.putVarint(out, at, Codecs.zigzag(distinct[0]));
    pos = Codecs.putVarint(out, pos, values);
    out[pos] = (byte) steps.headBits();
    pos = steps.write(out, pos + 1);
    out[pos] = (byte) indices.headBits();
    return indices.write(out, pos + 1);
  }
}
