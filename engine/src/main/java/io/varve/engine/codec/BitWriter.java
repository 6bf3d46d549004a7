package io.varve.engine.codec;

/**
 * Writes codes of up to 56 bits, least significant bit first. Stores whole words, so the output
 * needs {@link BitPacking#SLACK} bytes of room past its end.
 */
final class BitWriter {
  private byte[] out = new byte[0];
  private int pos;
  private long word;
  private int filled;

  /** Places the writer. */
  void on(byte[] bytes, int at) {
    out = bytes;
    pos = at;
    word = 0;
    filled = 0;
  }

  /** Appends {@code bits ≤ 56} bits of a value that has no higher ones. */
  void put(long value, int bits) {
    word |= value << filled;
    filled += bits;
    BitPacking.LONG.set(out, pos, word);
    int whole = filled >>> 3;
    pos += whole;
    // filled ≤ 63 before the shift, as fewer than 8 bits stayed from the last call.
    word >>>= whole << 3;
    filled &= 7;
  }

  /** Pads to a byte and returns the end. */
  int end() {
    return filled > 0 ? pos + 1 : pos;
  }
}
