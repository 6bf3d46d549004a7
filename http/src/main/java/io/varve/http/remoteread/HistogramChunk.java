package io.varve.http.remoteread;

import io.varve.engine.model.Histogram;
import java.util.Arrays;

/** A chunk of histograms in the making. Not thread-safe. */
final class HistogramChunk {
  private static final int[] HEADERS = {0b0000_0000, 0b1000_0000, 0b0100_0000, 0b1100_0000};
  private static final int UNKNOWN = 0;
  private static final int NO_RESET = 2;
  private static final int GAUGE = 3;
  private static final double MOST_SHORT_BOUND = 33_554_430;
  private static final int LEAST_EXPONENT = -242;
  private static final int MOST_EXPONENT = 11;

  private final BitStream out;
  private final XorValue sum = new XorValue();
  private final XorValue count = new XorValue();
  private final XorValue zeroCount = new XorValue();
  private XorValue[] buckets = new XorValue[0];
  private long[] deltas = new long[0];
  private long[] deltaChanges = new long[0];
  private long lastTime;
  private long timeDelta;
  private long lastCount;
  private long countDelta;
  private long lastZeroCount;
  private long zeroCountDelta;

  HistogramChunk(BitStream out) {
    this.out = out;
  }

  /** Begins a chunk with its first sample; the number of samples is filled in by the owner. */
  void begin(long time, Histogram h) {
    out.reset();
    out.bits(0, 16);
    out.bits(HEADERS[h.resetHint() == NO_RESET ? UNKNOWN : h.resetHint()], 8);
    layout(h);
    out.varbit(time);
    lastTime = time;
    timeDelta = 0;
    if (h.floatCounts()) {
      beginFloats(h);
    } else {
      beginIntegers(h);
    }
  }

  private void beginFloats(Histogram h) {
    count.first(out, h.countBits());
    zeroCount.first(out, h.zeroCountBits());
    sum.first(out, Double.doubleToRawLongBits(h.sum()));
    int positive = h.positiveCounts().length;
    buckets = new XorValue[positive + h.negativeCounts().length];
    for (int i = 0; i < buckets.length; i++) {
      buckets[i] = new XorValue();
      buckets[i].first(out, bucketBits(h, i));
    }
  }

  private void beginIntegers(Histogram h) {
    out.unsignedVarbit(h.countBits());
    out.unsignedVarbit(h.zeroCountBits());
    lastCount = h.countBits();
    countDelta = 0;
    lastZeroCount = h.zeroCountBits();
    zeroCountDelta = 0;
    sum.first(out, Double.doubleToRawLongBits(h.sum()));
    deltas = concat(h.positiveDeltas(), h.negativeDeltas());
    deltaChanges = new long[deltas.length];
    for (long delta : deltas) {
      out.varbit(delta);
    }
  }

  /** Appends a sample that {@link #continues} the one before it. */
  void append(long time, Histogram h) {
    long delta = time - lastTime;
    out.varbit(delta - timeDelta);
    lastTime = time;
    timeDelta = delta;
    if (h.floatCounts()) {
      count.next(out, h.countBits());
      zeroCount.next(out, h.zeroCountBits());
      sum.next(out, Double.doubleToRawLongBits(h.sum()));
      for (int i = 0; i < buckets.length; i++) {
        buckets[i].next(out, bucketBits(h, i));
      }
      return;
    }
    long change = h.countBits() - lastCount;
    out.varbit(change - countDelta);
    lastCount = h.countBits();
    countDelta = change;
    change = h.zeroCountBits() - lastZeroCount;
    out.varbit(change - zeroCountDelta);
    lastZeroCount = h.zeroCountBits();
    zeroCountDelta = change;
    sum.next(out, Double.doubleToRawLongBits(h.sum()));
    int positive = h.positiveDeltas().length;
    for (int i = 0; i < deltas.length; i++) {
      long bucket = i < positive ? h.positiveDeltas()[i] : h.negativeDeltas()[i - positive];
      change = bucket - deltas[i];
      out.varbit(change - deltaChanges[i]);
      deltas[i] = bucket;
      deltaChanges[i] = change;
    }
  }

  private static long bucketBits(Histogram h, int i) {
    int positive = h.positiveCounts().length;
    return Double.doubleToRawLongBits(
        i < positive ? h.positiveCounts()[i] : h.negativeCounts()[i - positive]);
  }

  private static long[] concat(long[] a, long[] b) {
    long[] both = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }

  private void layout(Histogram h) {
    zeroThreshold(h.zeroThreshold());
    out.varbit(h.schema());
    spans(h.positiveSpans());
    spans(h.negativeSpans());
    if (h.schema() == Histogram.CUSTOM_BUCKETS_SCHEMA) {
      out.unsignedVarbit(h.customValues().length);
      for (double bound : h.customValues()) {
        bound(bound);
      }
    }
  }

  /** Powers of two between 2^−243 and 2^10 take a byte. */
  private void zeroThreshold(double threshold) {
    if (threshold == 0) {
      out.bits(0, 8);
      return;
    }
    int exponent = Math.getExponent(threshold) + 1; // of a fraction between 0.5 and 1
    boolean power = threshold > 0 && Math.scalb(0.5, exponent) == threshold;
    if (power && exponent >= LEAST_EXPONENT && exponent <= MOST_EXPONENT) {
      out.bits(exponent - LEAST_EXPONENT + 1, 8);
    } else {
      out.bits(255, 8);
      out.bits(Double.doubleToRawLongBits(threshold), 64);
    }
  }

  private void spans(int[] spans) {
    out.unsignedVarbit(spans.length / 2);
    for (int i = 0; i < spans.length; i += 2) {
      out.unsignedVarbit(Integer.toUnsignedLong(spans[i + 1]));
      out.varbit(spans[i]);
    }
  }

  /** Multiples of a thousandth are short. */
  private void bound(double bound) {
    double thousandths = bound * 1000;
    long whole = Math.round(thousandths);
    if (thousandths >= 0 && thousandths <= MOST_SHORT_BOUND && whole / 1000.0 == bound) {
      out.unsignedVarbit(whole + 1);
    } else {
      out.bits(0, 1);
      out.bits(Double.doubleToRawLongBits(bound), 64);
    }
  }

  /**
   * True if a sample can follow another in one chunk without losing anything: the same layout, and
   * either both are gauges, or nothing has been reset in between, by hint or by the counts.
   */
  static boolean continues(Histogram last, Histogram next) {
    if (last.isStale()
        || next.isStale()
        || last.floatCounts() != next.floatCounts()
        || last.schema() != next.schema()
        || Double.doubleToRawLongBits(last.zeroThreshold())
            != Double.doubleToRawLongBits(next.zeroThreshold())
        || !Arrays.equals(last.positiveSpans(), next.positiveSpans())
        || !Arrays.equals(last.negativeSpans(), next.negativeSpans())
        || !Arrays.equals(last.customValues(), next.customValues())) {
      return false;
    }
    if (last.resetHint() == GAUGE || next.resetHint() == GAUGE) {
      return last.resetHint() == next.resetHint();
    }
    return next.resetHint() == NO_RESET || (next.resetHint() == UNKNOWN && grew(last, next));
  }

  private static boolean grew(Histogram last, Histogram next) {
    if (!(next.count() >= last.count() && next.zeroCount() >= last.zeroCount())) {
      return false;
    }
    if (next.floatCounts()) {
      return noneLess(last.positiveCounts(), next.positiveCounts())
          && noneLess(last.negativeCounts(), next.negativeCounts());
    }
    return noneLess(last.positiveDeltas(), next.positiveDeltas())
        && noneLess(last.negativeDeltas(), next.negativeDeltas());
  }

  private static boolean noneLess(double[] last, double[] next) {
    for (int i = 0; i < last.length; i++) {
      if (!(next[i] >= last[i])) {
        return false;
      }
    }
    return true;
  }

  private static boolean noneLess(long[] lastDeltas, long[] nextDeltas) {
    long last = 0;
    long next = 0;
    for (int i = 0; i < lastDeltas.length; i++) {
      last += lastDeltas[i];
      next += nextDeltas[i];
      if (next < last) {
        return false;
      }
    }
    return true;
  }
}
