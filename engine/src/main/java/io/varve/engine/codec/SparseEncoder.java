package io.varve.engine.codec;

/**
 * Plans and writes a stream that is one value almost everywhere: that value, the gaps between the
 * others, and how far they are off it. The plan stays valid until the next one.
 */
final class SparseEncoder {
  private final LeafEncoder gaps = new LeafEncoder();
  private final LeafEncoder offsets = new LeafEncoder();
  private long[] gap = new long[0];
  private long[] offset = new long[0];
  private long base;
  private int changes;

  int headBits() {
    return Codecs.SPARSE << 3 | (base == 0 ? Codecs.BASE_NONE : Codecs.BASE_OFFSET) << 6;
  }

  /**
   * Plans {@code q[0, count)}.
   *
   * @param usual the value that most have
   * @param others how many have another one
   * @return upper bound of the bytes
   */
  int plan(long[] q, int count, long usual, int others, Effort effort) {
    if (gap.length < others) {
      gap = new long[Math.max(160, others)];
      offset = new long[gap.length];
    }
    int k = 0;
    int next = 0;
    for (int i = 0; i < count; i++) {
      if (q[i] != usual) {
        gap[k] = i - (long) next;
        offset[k++] = q[i] - usual;
        next = i + 1;
      }
    }
    base = usual;
    changes = others;
    return (usual == 0 ? 0 : Codecs.varintBytes(Codecs.zigzag(usual)))
        + Codecs.varintBytes(others)
        + 2
        + gaps.plan(gap, others, effort)
        + offsets.plan(offset, others, effort);
  }

  /** Writes what was planned, without the head byte; returns the end. */
  int write(byte[] out, int at) {
    int pos = at;
    if (base != 0) {
      pos = Codecs.putVarint(out, pos, Codecs.zigzag(base));
    }
    pos = Codecs.putVarint(out, pos, changes);
    out[pos] = (byte) gaps.headBits();
    pos = gaps.write(out, pos + 1);
    out[pos] = (byte) offsets.headBits();
    return offsets.write(out, pos + 1);
  }
}
