package io.varve.engine.index;

import java.util.Arrays;

/**
 * A growing list of ints in pieces: it is never copied as a whole, and no array is so large that a
 * heap has to find room for it. Not thread-safe.
 */
final class IntPieces {
  private static final int PIECE_BITS = 14;
  private static final int PIECE = 1 << PIECE_BITS;
  private static final int MASK = PIECE - 1;

  private int[][] pieces = {new int[16]}; // the first one grows, the others do not
  private int size;

  int size() {
    return size;
  }

  void add(int value) {
    int piece = size >>> PIECE_BITS;
    int at = size & MASK;
    if (piece == 0) {
      if (at == pieces[0].length) {
        pieces[0] = Arrays.copyOf(pieces[0], 2 * at);
      }
    } else if (at == 0) {
      if (piece == pieces.length) {
        pieces = Arrays.copyOf(pieces, 2 * piece);
      }
      pieces[piece] = new int[PIECE];
    }
    pieces[piece][at] = value;
    size++;
  }

  int get(int i) {
    return pieces[i >>> PIECE_BITS][i & MASK];
  }

  void set(int i, int value) {
    pieces[i >>> PIECE_BITS][i & MASK] = value;
  }

  /** Copies {@code length} values from {@code from} on to the beginning of an array. */
  void copy(int from, int length, int[] into) {
    for (int done = 0; done < length; ) {
      int at = (from + done) & MASK;
      int some = Math.min(length - done, PIECE - at);
      System.arraycopy(pieces[(from + done) >>> PIECE_BITS], at, into, done, some);
      done += some;
    }
  }

  /** Puts {@code number[value]} in place of each value. */
  void renumber(int[] number) {
    for (int left = size, p = 0; left > 0; left -= PIECE, p++) {
      int[] piece = pieces[p];
      for (int i = 0, n = Math.min(left, PIECE); i < n; i++) {
        piece[i] = number[piece[i]];
      }
    }
  }
}
