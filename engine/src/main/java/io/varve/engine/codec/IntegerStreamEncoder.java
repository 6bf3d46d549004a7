package io.varve.engine.codec;

/**
 * Writes a column of 64-bit integers as one stream: divides differences by their greatest common
 * divisor, then takes the values, their differences or the differences of those, whichever comes
 * out smallest. Arithmetic wraps, so any values are allowed. Not thread-safe; reused.
 */
final class IntegerStreamEncoder {
  private static final int[] ORDERS = {1, 0, 2};

  private final ResidualEncoder[] encoders = {
    new ResidualEncoder(), new ResidualEncoder(), new ResidualEncoder()
  };
  private final long[][] streams = {new long[0], new long[0], new long[0]};

  private void room(int n) {
    if (streams[0].length < n) {
      int size = Math.max(512, n);
      for (int order = 0; order < 3; order++) {
        streams[order] = new long[size];
      }
    }
  }

  /** Bytes that n values take at most, slack included. */
  static int maxBytes(int n) {
    // Worst is PFOR of 64-bit values in minis; the rest is heads and slack.
    return 64 + n * 8 + n / 16 + 2 * BitPacking.SLACK;
  }

  /** Writes {@code values[from, from + n)}, n ≥ 1; returns the end. */
  int encode(long[] values, int from, int n, Effort effort, byte[] out, int at) {
    room(n);
    long[] zeroth = streams[0];
    long[] firsts = streams[1];
    long[] seconds = streams[2];
    for (int i = 1; i < n; i++) {
      firsts[i - 1] = values[from + i] - values[from + i - 1];
    }
    long divisor = divisor(firsts, n - 1);
    if (divisor > 1) {
      divide(firsts, n - 1, divisor);
      long k = Math.floorDiv(values[from], divisor);
      zeroth[0] = k;
      for (int i = 1; i < n; i++) {
        k += firsts[i - 1];
        zeroth[i] = k;
      }
    } else {
      System.arraycopy(values, from, zeroth, 0, n);
    }
    for (int i = 1; i < n - 1; i++) {
      seconds[i - 1] = firsts[i] - firsts[i - 1];
    }
    int order = effort == Effort.FAST ? cheapestByBits(n) : cheapestByPlan(n, divisor, effort);
    int pos = at;
    ResidualEncoder encoder = encoders[order];
    out[pos++] = (byte) (order | (divisor > 1 ? 4 : 0) | encoder.headBits());
    if (divisor > 1) {
      pos = Codecs.putVarint(out, pos, divisor);
    }
    if (order > 0) {
      pos = Codecs.putVarint(out, pos, Codecs.zigzag(values[from]));
    } else if (divisor > 1) {
      pos = Codecs.putVarint(out, pos, Math.floorMod(values[from], divisor));
    }
    if (order == 2) {
      pos = Codecs.putVarint(out, pos, Codecs.zigzag(firsts[0]));
    }
    return encoder.write(out, pos);
  }

  /** Bytes of values that stand before the residuals. */
  private int prefix(int order, long divisor) {
    long start = streams[0][0] * divisor;
    return switch (order) {
      case 0 -> divisor > 1 ? Codecs.varintBytes(divisor - 1) : 0;
      case 1 -> Codecs.varintBytes(Codecs.zigzag(start));
      default ->
          Codecs.varintBytes(Codecs.zigzag(start))
              + Codecs.varintBytes(Codecs.zigzag(streams[1][0]));
    };
  }

  private int cheapestByPlan(int n, long divisor, Effort effort) {
    int best = 0;
    int bestBytes = Integer.MAX_VALUE;
    boolean fewSteps = false;
    // Differences first: where few are not the same, most of the work is spared.
    for (int order : ORDERS) {
      if (order >= n) {
        continue;
      }
      int bytes;
      if (fewSteps) {
        if (order == 2) {
          continue;
        }
        bytes = encoders[0].planSparse(streams[0], n, effort);
      } else {
        bytes = encoders[order].plan(streams[order], n - order, effort);
        fewSteps = order == 1 && encoders[1].isVerySparse();
      }
      bytes = bytes == Integer.MAX_VALUE ? bytes : bytes + prefix(order, divisor);
      if (bytes < bestBytes || (bytes == bestBytes && order < best)) {
        best = order;
        bestBytes = bytes;
      }
    }
    if (!fewSteps && bestBytes * 2L > 3L * n && n >= 32) {
      for (int order = 0; order < 2; order++) {
        int bytes = encoders[order].tryDict(streams[order], n - order) + prefix(order, divisor);
        if (bytes < bestBytes) {
          best = order;
          bestBytes = bytes;
        }
      }
    }
    return best;
  }

  /** The order whose residuals have the fewest bits, each as wide as it is or all as the widest. */
  private int cheapestByBits(int n) {
    int best = 0;
    long bestBits = Long.MAX_VALUE;
    for (int order = 0; order < Math.min(3, n); order++) {
      long[] q = streams[order];
      int count = n - order;
      long min = Long.MAX_VALUE;
      long max = Long.MIN_VALUE;
      long bits = 0;
      for (int i = 0; i < count; i++) {
        min = Math.min(min, q[i]);
        max = Math.max(max, q[i]);
        bits += Codecs.bitLength(Codecs.zigzag(q[i]));
      }
      bits = Math.min(bits, (long) count * Codecs.bitLength(max - min));
      if (bits < bestBits) {
        best = order;
        bestBits = bits;
      }
    }
    encoders[best].plan(streams[best], n - best, Effort.FAST);
    return best;
  }

  /** The greatest common divisor of values, 1 if all are 0. */
  private static long divisor(long[] values, int count) {
    long divisor = 0;
    for (int i = 0; i < count && divisor != 1; i++) {
      long v = values[i];
      if (v == 0) {
        continue;
      }
      // |MIN_VALUE| is no long; what divides 2^62 divides it too.
      v = v == Long.MIN_VALUE ? 1L << 62 : Math.abs(v);
      if (divisor == 0) {
        divisor = v;
      } else if ((divisor & (divisor - 1)) == 0 ? (v & (divisor - 1)) != 0 : v % divisor != 0) {
        divisor = gcd(divisor, v);
      }
    }
    return Math.max(1, divisor);
  }

  private static long gcd(long a, long b) {
    long x = a;
    long y = b;
    while (y != 0) {
      long rest = x % y;
      x = y;
      y = rest;
    }
    return x;
  }

  private static void divide(long[] values, int count, long divisor) {
    if ((divisor & (divisor - 1)) == 0) {
      int shift = Long.numberOfTrailingZeros(divisor);
      for (int i = 0; i < count; i++) {
        values[i] >>= shift;
      }
    } else {
      for (int i = 0; i < count; i++) {
        values[i] /= divisor;
      }
    }
  }
}
