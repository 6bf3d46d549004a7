package io.varve.engine.codec;

/**
 * Classes of unsigned values by magnitude: the symbols that Huffman codes stand for. With {@code m}
 * mantissa bits, values below 2^(m+1) are classes of their own; above, a class is a bit length and
 * the {@code m} bits after the leading one, and the bits below follow the code as they are.
 *
 * <pre>
 *   m = 0:  0 | 1 | 2-3 | 4-7 | 8-15 …        m = 1:  0 | 1 | 2 | 3 | 4-5 | 6-7 | 8-11 …
 * </pre>
 */
final class MagnitudeClass {
  /** Most classes that a code may have. */
  static final int MOST = 256;

  private MagnitudeClass() {}

  /** Plain bits that follow the class of {@code u}. */
  static int extraOf(long u, int m) {
    return Math.max(0, 63 - Long.numberOfLeadingZeros(u) - m);
  }

  /** The class of {@code u}; may exceed {@link #MOST} for large m. */
  static int of(long u, int m) {
    int extra = extraOf(u, m);
    return (extra << m) + (int) (u >>> extra);
  }

  /** Plain bits of a class. */
  static int extra(int symbol, int m) {
    return Math.max(0, (symbol >>> m) - 1);
  }

  /** The smallest value of a class; meaningless if its extra bits and m exceed 63. */
  static long smallest(int symbol, int m) {
    int extra = extra(symbol, m);
    return extra == 0 ? symbol : ((1L << m) + (symbol & ((1 << m) - 1))) << extra;
  }

  /** The class with m − 1 mantissa bits of a class with m. */
  static int coarser(int symbol, int m) {
    return symbol < 1 << m ? symbol : (symbol >>> 1) + (1 << (m - 1));
  }
}
