package io.varve.engine.codec;

/**
 * Logarithms of counts in 1/256 bit, from a table made with {@link StrictMath}: the choice between
 * encodings rests on them, and it must come out the same on every machine.
 */
final class Log2 {
  private static final int SIZE = 4096;
  private static final int[] TABLE = table();

  private Log2() {}

  private static int[] table() {
    int[] table = new int[SIZE];
    double unit = 256 / StrictMath.log(2);
    for (int i = 1; i < SIZE; i++) {
      table[i] = (int) StrictMath.rint(StrictMath.log(i) * unit);
    }
    return table;
  }

  /** 256 × log2 of 1 ≤ count ≤ 65535; 0 for 0. */
  static int of(int count) {
    return count < SIZE ? TABLE[count] : TABLE[count >>> 4] + 4 * 256;
  }
}
