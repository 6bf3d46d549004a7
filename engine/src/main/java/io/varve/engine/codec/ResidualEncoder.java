package io.varve.engine.codec;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Plans and writes a stream of signed values with any codec: a {@link LeafEncoder}, or SPARSE or
 * DICT over two of them. Each inner stream has an encoder, and so buffers, of its own.
 */
final class ResidualEncoder {
  private static final int MOST_DICT = 1024;
  private static final int SLOTS = 4096;

  private final LeafEncoder leaf = new LeafEncoder();
  private @Nullable LeafEncoder firstInner;
  private @Nullable LeafEncoder secondInner;
  private long[] first = new long[0];
  private long[] second = new long[0];
  private int codec;
  private long base;
  private int changes;
  private int bytes;

  private final long[] distinct = new long[MOST_DICT];
  private long @Nullable [] slotValues;
  private short @Nullable [] slotIndices;

  int headBits() {
    return codec == Codecs.SPARSE
        ? Codecs.SPARSE << 3 | (base == 0 ? Codecs.BASE_NONE : Codecs.BASE_OFFSET) << 6
        : codec == Codecs.DICT ? Codecs.DICT << 3 | Codecs.BASE_OFFSET << 6 : leaf.headBits();
  }

  int bytes() {
    return bytes;
  }

  /** Plans {@code q[0, count)}; the array must stay as it is until {@link #write}. */
  int plan(long[] q, int count, boolean fast) {
    long mode = majority(q, count);
    int other = 0;
    for (int i = 0; i < count; i++) {
      other += q[i] == mode ? 0 : 1;
    }
    codec = -1;
    bytes = Integer.MAX_VALUE;
    if (other > 0 && other * 3 <= count) {
      planSparse(q, count, mode, other, fast);
      if (other * 16 <= count) {
        return bytes; // so few changes: nothing else comes near
      }
    }
    int leafBytes = leaf.plan(q, 0, count, fast);
    if (leafBytes < bytes) {
      codec = leaf.codec();
      bytes = leafBytes;
    }
    return bytes;
  }

  /** The value of more than half, if there is one. */
  private static long majority(long[] q, int count) {
    long candidate = 0;
    int votes = 0;
    for (int i = 0; i < count; i++) {
      if (votes == 0) {
        candidate = q[i];
        votes = 1;
      } else {
        votes += q[i] == candidate ? 1 : -1;
      }
    }
    return candidate;
  }

  private void room(int count) {
    if (first.length < count) {
      first = new long[Math.max(64, count)];
      second = new long[first.length];
    }
  }

  private LeafEncoder firstInner() {
    LeafEncoder inner = firstInner;
    if (inner == null) {
      inner = new LeafEncoder();
      firstInner = inner;
    }
    return inner;
  }

  private LeafEncoder secondInner() {
    LeafEncoder inner = secondInner;
    if (inner == null) {
      inner = new LeafEncoder();
      secondInner = inner;
    }
    return inner;
  }

  private void planSparse(long[] q, int count, long mode, int other, boolean fast) {
    room(other);
    int k = 0;
    int last = -1;
    for (int i = 0; i < count; i++) {
      if (q[i] != mode) {
        first[k] = (long) i - last - 1;
        second[k++] = q[i] - mode;
        last = i;
      }
    }
    codec = Codecs.SPARSE;
    base = mode;
    changes = other;
    bytes =
        LeafEncoder.baseBytes(mode == 0 ? Codecs.BASE_NONE : Codecs.BASE_OFFSET, mode)
            + Codecs.varintBytes(other)
            + 2
            + firstInner().plan(first, 0, other, fast)
            + secondInner().plan(second, 0, other, fast);
  }

  /**
   * Takes DICT instead of what was planned if it is at least 6 % smaller.
   *
   * @return the bytes of what is planned now
   */
  int tryDict(long[] q, int count) {
    int values = findDistinct(q, count);
    // A table entry must be used some times before it pays.
    if (values < 2 || values > count / 3) {
      return bytes;
    }
    room(count);
    Arrays.sort(distinct, 0, values);
    long[] keys = slotValues();
    short[] indices = slotIndices();
    for (int i = 0; i < values; i++) {
      indices[slot(keys, indices, distinct[i])] = (short) (i + 1);
    }
    for (int i = 0; i < count; i++) {
      second[i] = indices[slot(keys, indices, q[i])] - 1L;
    }
    for (int i = 1; i < values; i++) {
      first[i - 1] = distinct[i] - distinct[i - 1];
    }
    int dictBytes =
        Codecs.varintBytes(Codecs.zigzag(distinct[0]))
            + Codecs.varintBytes(values)
            + 2
            + firstInner().plan(first, 0, values - 1, false)
            + secondInner().planIndices(second, count, values);
    if (dictBytes < bytes - bytes / 16) {
      codec = Codecs.DICT;
      base = distinct[0];
      changes = values;
      bytes = dictBytes;
    }
    return bytes;
  }

  private long[] slotValues() {
    long[] slots = slotValues;
    if (slots == null) {
      slots = new long[SLOTS];
      slotValues = slots;
    }
    return slots;
  }

  private short[] slotIndices() {
    short[] slots = slotIndices;
    if (slots == null) {
      slots = new short[SLOTS];
      slotIndices = slots;
    }
    return slots;
  }

  private static int slot(long[] keys, short[] indices, long value) {
    int slot = (int) ((value * 0x9E3779B97F4A7C15L) >>> 52);
    while (indices[slot] != 0 && keys[slot] != value) {
      slot = (slot + 1) & (SLOTS - 1);
    }
    return slot;
  }

  /** Collects the distinct values; MAX_VALUE if there are too many. */
  private int findDistinct(long[] q, int count) {
    long[] keys = slotValues();
    short[] indices = slotIndices();
    Arrays.fill(indices, (short) 0);
    int most = Math.min(MOST_DICT, count / 3);
    int found = 0;
    for (int i = 0; i < count; i++) {
      int slot = slot(keys, indices, q[i]);
      if (indices[slot] == 0) {
        if (found == most) {
          return Integer.MAX_VALUE;
        }
        distinct[found++] = q[i];
        keys[slot] = q[i];
        indices[slot] = (short) found;
      }
    }
    return found;
  }

  /** Writes what was planned, without the head byte; returns the end. */
  int write(byte[] out, int at) {
    if (codec != Codecs.SPARSE && codec != Codecs.DICT) {
      return leaf.write(out, at);
    }
    int pos = at;
    if (codec == Codecs.DICT || base != 0) {
      pos = Codecs.putVarint(out, pos, Codecs.zigzag(base));
    }
    pos = Codecs.putVarint(out, pos, changes);
    pos = writeInner(firstInner(), out, pos);
    return writeInner(secondInner(), out, pos);
  }

  private static int writeInner(LeafEncoder inner, byte[] out, int at) {
    out[at] = (byte) inner.headBits();
    return inner.write(out, at + 1);
  }
}
