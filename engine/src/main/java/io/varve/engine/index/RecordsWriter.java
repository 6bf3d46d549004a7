package io.varve.engine.index;

import io.varve.engine.format.ByteWriter;

/** Encodes the columns of runs of label records, each column in the smallest form. */
final class RecordsWriter {
  private RecordsWriter() {}

  /** Appends a column of {@code count} value numbers, at least one. */
  static void column(int[] values, int count, ByteWriter out) {
    int min = values[0];
    int max = values[0];
    for (int i = 1; i < count; i++) {
      min = Math.min(min, values[i]);
      max = Math.max(max, values[i]);
    }
    if (min == max) {
      head(min, SegmentFormat.CONSTANT, out);
      return;
    }
    // Sorted series of a fleet count through hosts, processors, modes like nested loops.
    int base = values[0];
    int repeat = 1;
    while (values[repeat] == base) {
      repeat++;
    }
    int fall = repeat;
    while (fall < count && values[fall] >= values[fall - 1]) {
      fall++;
    }
    int period = fall < count && fall % repeat == 0 ? fall / repeat : 0;
    if (stairs(values, count, base, repeat, period)) {
      head(base, SegmentFormat.STAIRS, out);
      out.varint(repeat);
      out.varint(period);
      return;
    }
    int width = Integer.SIZE - Integer.numberOfLeadingZeros(max - min);
    head(min, SegmentFormat.PACKED, out);
    out.u8(width);
    long word = 0;
    int bits = 0;
    for (int i = 0; i < count; i++) {
      word |= (long) (values[i] - min) << bits;
      bits += width;
      while (bits >= 8) {
        out.u8((int) word);
        word >>>= 8;
        bits -= 8;
      }
    }
    if (bits > 0) {
      out.u8((int) word);
    }
  }

  private static boolean stairs(int[] values, int count, int base, int repeat, int period) {
    int expected = base;
    int left = repeat;
    int step = 0;
    for (int i = 0; i < count; i++) {
      if (left == 0) {
        left = repeat;
        step++;
        expected++;
        if (step == period) {
          step = 0;
          expected = base;
        }
      }
      if (values[i] != expected) {
        return false;
      }
      left--;
    }
    return true;
  }

  private static void head(int base, int kind, ByteWriter out) {
    out.varint((long) base << SegmentFormat.COLUMN_KIND_BITS | kind);
  }
}
