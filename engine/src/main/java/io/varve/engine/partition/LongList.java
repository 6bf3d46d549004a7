package io.varve.engine.partition;

import java.util.Arrays;

/** A growing list of longs whose array can be had. */
final class LongList {
  long[] values = new long[64];
  int size;

  void add(long value) {
    if (size == values.length) {
      values = Arrays.copyOf(values, size * 2);
    }
    values[size++] = value;
  }

  void clear() {
    size = 0;
  }
}
