package io.varve.engine.codec;

import org.jspecify.annotations.Nullable;

/**
 * Plans and writes a stream of signed values with any codec. Each codec that was planned has an
 * encoder, and so buffers, of its own: a later trial must not touch what an earlier one keeps.
 */
final class ResidualEncoder {
  private final LeafEncoder leaf = new LeafEncoder();
  private final SparseEncoder sparse = new SparseEncoder();
  private @Nullable DictEncoder dict;
  private final long[] sampled = new long[Codecs.SAMPLED];
  private int codec;
  private boolean verySparse;
  private int bytes;

  /** Codec and base mode as they stand in a head byte. */
  int headBits() {
    return switch (codec) {
      case Codecs.SPARSE -> sparse.headBits();
      case Codecs.DICT -> dict().headBits();
      default -> leaf.headBits();
    };
  }

  private DictEncoder dict() {
    DictEncoder encoder = dict;
    if (encoder == null) {
      encoder = new DictEncoder();
      dict = encoder;
    }
    return encoder;
  }

  /**
   * Plans {@code q[0, count)}; the array must stay as it is until {@link #write}.
   *
   * @return upper bound of the bytes
   */
  int plan(long[] q, int count, Effort effort) {
    planSparse(q, count, effort);
    if (isVerySparse()) {
      return bytes; // nothing else comes near
    }
    int leafBytes = leaf.plan(q, count, effort);
    if (leafBytes < bytes) {
      codec = leaf.codec();
      bytes = leafBytes;
    }
    return bytes;
  }

  /** True if SPARSE was planned and under an eighth of the values are not the usual one. */
  boolean isVerySparse() {
    return codec == Codecs.SPARSE && verySparse;
  }

  /** Plans SPARSE if most values are one; else returns Integer.MAX_VALUE. */
  int planSparse(long[] q, int count, Effort effort) {
    bytes = Integer.MAX_VALUE;
    codec = -1;
    verySparse = false;
    // Two thirds must be it, so that the vote finds it, too; a sort finds it among many.
    long usual =
        count <= Codecs.SAMPLED ? Codecs.majority(q, count) : Codecs.usual(q, count, sampled);
    int others = 0;
    for (int i = 0; i < count; i++) {
      others += q[i] == usual ? 0 : 1;
    }
    if (others > 0 && others * 3L <= count) {
      codec = Codecs.SPARSE;
      bytes = sparse.plan(q, count, usual, others, effort);
      verySparse = others * 8L <= count;
    }
    return bytes;
  }

  /**
   * Takes DICT instead of what was planned if it is at least 6 % smaller.
   *
   * @return upper bound of the bytes of what is planned now
   */
  int tryDict(long[] q, int count) {
    int dictBytes = dict().plan(q, count);
    if (dictBytes < bytes - bytes / 16) {
      codec = Codecs.DICT;
      bytes = dictBytes;
    }
    return bytes;
  }

  /** Writes what was planned, without the head byte; returns the end. */
  int write(byte[] out, int at) {
    return switch (codec) {
      case Codecs.SPARSE -> sparse.write(out, at);
      case Codecs.DICT -> dict().write(out, at);
      default -> leaf.write(out, at);
    };
  }
}
