package io.varve.http.remoteread;

/**
 * A column of doubles that are written as what changed in their bits. The first value is written by
 * {@link #first}.
 */
final class XorValue {
  private static final int MOST_LEADING = 31;
  private static final int NONE = -1;

  private long last;
  private int leading = NONE;
  private int trailing;

  /** Writes all bits. */
  void first(BitStream out, long bits) {
    out.bits(bits, 64);
    last = bits;
    leading = NONE;
  }

  /** Writes the difference to the value before. */
  void next(BitStream out, long bits) {
    long change = bits ^ last;
    last = bits;
    if (change == 0) {
      out.bits(0, 1);
      return;
    }
    int zerosBefore = Math.min(Long.numberOfLeadingZeros(change), MOST_LEADING);
    int zerosAfter = Long.numberOfTrailingZeros(change);
    if (leading != NONE && zerosBefore >= leading && zerosAfter >= trailing) {
      out.bits(0b10, 2);
    } else {
      leading = zerosBefore;
      trailing = zerosAfter;
      out.bits(0b11, 2);
      out.bits(leading, 5);
      out.bits(64 - leading - trailing, 6); // 64 is written as 0
    }
    out.bits(change >>> trailing, 64 - leading - trailing);
  }
}
