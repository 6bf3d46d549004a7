package io.varve.engine.codec;

import io.varve.engine.format.ByteReader;
import java.util.Arrays;

/** Reads the streams that {@link IntegerStreamEncoder} writes. Scratch memory is reused. */
final class IntegerStreamDecoder {
  private final LeafDecoder leaf = new LeafDecoder();
  private long[] first = new long[0];
  private long[] second = new long[0];

  /**
   * Reads n ≥ 1 values into {@code out[at, at + n)}.
   *
   * @param in on an array with {@link BitPacking#SLACK} bytes past its end
   */
  void decode(ByteReader in, int n, long[] out, int at) {
    int head = in.u8();
    int order = head & 3;
    if (order > Math.min(2, n)) {
      throw in.corrupt("difference order " + order + " of " + n + " values");
    }
    long divisor = 1;
    if ((head & 4) != 0) {
      divisor = in.varint();
    }
    long start = 0;
    if (order > 0) {
      start = in.zigzag();
    } else if (divisor != 1) {
      start = in.varint();
    }
    long step = order == 2 ? in.zigzag() : 0;
    residuals(head, in, n - order, out, at + order);
    if (order == 1) {
      integrate(start, divisor, n, out, at);
    } else if (order == 2) {
      integrateTwice(start, step, divisor, n, out, at);
    } else if (divisor != 1) {
      for (int i = at; i < at + n; i++) {
        out[i] = out[i] * divisor + start;
      }
    }
  }

  private static void integrate(long start, long divisor, int n, long[] out, int at) {
    long value = start;
    out[at] = value;
    if (divisor == 1) {
      for (int i = at + 1; i < at + n; i++) {
        value += out[i];
        out[i] = value;
      }
    } else {
      for (int i = at + 1; i < at + n; i++) {
        value += out[i] * divisor;
        out[i] = value;
      }
    }
  }

  private static void integrateTwice(
      long start, long firstStep, long divisor, int n, long[] out, int at) {
    long step = firstStep * divisor;
    long value = start;
    out[at] = value;
    value += step;
    out[at + 1] = value;
    for (int i = at + 2; i < at + n; i++) {
      step += out[i] * divisor;
      value += step;
      out[i] = value;
    }
  }

  private void residuals(int head, ByteReader in, int count, long[] out, int at) {
    int codec = head >>> 3 & 7;
    if (codec == Codecs.SPARSE) {
      sparse(head, in, count, out, at);
    } else if (codec == Codecs.DICT) {
      dict(in, count, out, at);
    } else {
      leaf.decode(head, in, count, out, at);
    }
  }

  private void room(int count) {
    if (first.length < count) {
      first = new long[Math.max(512, count)];
      second = new long[first.length];
    }
  }

  private void sparse(int head, ByteReader in, int count, long[] out, int at) {
    long base = head >>> 6 == Codecs.BASE_OFFSET ? in.zigzag() : 0;
    int changes = in.count(count);
    room(changes);
    leaf.decode(in.u8(), in, changes, first, 0);
    leaf.decode(in.u8(), in, changes, second, 0);
    Arrays.fill(out, at, at + count, base);
    long place = -1;
    for (int i = 0; i < changes; i++) {
      long gap = first[i];
      if (gap < 0 || gap >= count - 1 - place) {
        throw in.corrupt("change past the last of " + count + " values");
      }
      place += gap + 1;
      out[at + (int) place] = base + second[i];
    }
  }

  private void dict(ByteReader in, int count, long[] out, int at) {
    long smallest = in.zigzag();
    int values = in.count(count);
    if (values == 0) {
      throw in.corrupt("empty dictionary");
    }
    room(values);
    leaf.decode(in.u8(), in, values - 1, first, 1);
    first[0] = smallest;
    for (int i = 1; i < values; i++) {
      first[i] += first[i - 1];
    }
    leaf.decode(in.u8(), in, count, out, at);
    for (int i = at; i < at + count; i++) {
      long index = out[i];
      if (index < 0 || index >= values) {
        throw in.corrupt("index " + index + " into a dictionary of " + values);
      }
      out[i] = first[(int) index];
    }
  }
}
