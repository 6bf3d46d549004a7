package io.varve.ingest.intake;

import io.varve.engine.format.ByteWriter;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.WriteBatch;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One native histogram on its way from a wire format into the batch: filled by a decoder, checked
 * that it does not contradict itself, and written in the batch's encoding ({@link
 * Histogram#encode}). It fills the same arrays again and again; not thread-safe.
 *
 * <p>The rules are those of Prometheus 3.14 ({@code model/histogram}, Validate): spans cover
 * exactly the buckets that are given, only the first span of an exponential histogram may lie at a
 * negative offset, no bucket is negative, and integer buckets and the zero bucket add up to the
 * count (or do not exceed it, when the sum is NaN: NaN observations are counted, but lie in no
 * bucket). Resolutions 9 to 52 are reduced to 8, as Prometheus does when it ingests them.
 */
public final class NativeHistogram {
  private static final int COARSEST_SCHEMA = -4;
  private static final int FINEST_SCHEMA = 8;
  private static final int FINEST_REDUCIBLE_SCHEMA = 52;
  private static final int MOST_BUCKETS = 1 << 16;

  /** Buckets of positive observations, and all custom buckets. */
  public final Buckets positive = new Buckets();

  /** Buckets of negative observations. */
  public final Buckets negative = new Buckets();

  /** True if the count is a double, and buckets are absolute doubles. */
  public boolean floatCount;

  /** Observations: an unsigned integer, or the raw bits of a double. */
  public long countBits;

  /** Observations in the zero bucket, if they are an unsigned integer. */
  public long zeroCountInt;

  /** Raw bits of the observations in the zero bucket, if they are a double. */
  public long zeroCountFloatBits;

  /** Raw bits of the sum of observations; those of the stale marker end the series. */
  public long sumBits;

  /** Resolution; −53 for custom buckets. */
  public int schema;

  /** Raw bits of the width of the zero bucket. */
  public long zeroThresholdBits;

  /** 0 unknown, 1 reset, 2 not reset, 3 gauge. */
  public int resetHint;

  /** Milliseconds since the epoch. */
  public long time;

  /** Start timestamp in milliseconds since the epoch, 0 if there is none. */
  public long start;

  private long[] customBits = new long[16];
  private int customs;
  private boolean tooMany;

  /** Spans and counts of one side; what is over the limit on buckets refuses the histogram. */
  public final class Buckets {
    private int[] spans = new int[16]; // offset, length in turn
    private int spanInts;
    private long[] deltas = new long[64];
    private int deltaCount;
    private long[] countBits = new long[64];
    private int countCount;

    private Buckets() {}

    private void clear() {
      spanInts = 0;
      deltaCount = 0;
      countCount = 0;
    }

    /**
     * Adds a span.
     *
     * @param offset of its first bucket, behind the end of the span before; the first span's is its
     *     index
     * @param length how many buckets, unsigned
     */
    public void span(int offset, int length) {
      if (spanInts >= 2 * MOST_BUCKETS) {
        tooMany = true;
        return;
      }
      if (spanInts == spans.length) {
        spans = Arrays.copyOf(spans, spanInts * 2);
      }
      spans[spanInts++] = offset;
      spans[spanInts++] = length;
    }

    /** Makes the span that was added last longer by one bucket. */
    public void lengthenSpan() {
      spans[spanInts - 1]++;
    }

    /** Adds the count of the next bucket as its difference to the one before. */
    public void delta(long delta) {
      if (deltaCount == MOST_BUCKETS) {
        tooMany = true;
        return;
      }
      if (deltaCount == deltas.length) {
        deltas = Arrays.copyOf(deltas, deltaCount * 2);
      }
      deltas[deltaCount++] = delta;
    }

    /** Adds the count of the next bucket as the raw bits of a double. */
    public void count(long bits) {
      if (countCount == MOST_BUCKETS) {
        tooMany = true;
        return;
      }
      if (countCount == countBits.length) {
        countBits = Arrays.copyOf(countBits, countCount * 2);
      }
      countBits[countCount++] = bits;
    }
  }

  /** A histogram without observations. */
  public NativeHistogram() {}

  /** Forgets everything; keeps the memory. */
  public void clear() {
    positive.clear();
    negative.clear();
    customs = 0;
    floatCount = false;
    countBits = 0;
    zeroCountInt = 0;
    zeroCountFloatBits = 0;
    sumBits = 0;
    schema = 0;
    zeroThresholdBits = 0;
    resetHint = 0;
    time = 0;
    start = 0;
    tooMany = false;
  }

  /** Adds the upper bound of the next custom bucket as raw bits. */
  public void customValue(long bits) {
    if (customs == MOST_BUCKETS) {
      tooMany = true;
      return;
    }
    if (customs == customBits.length) {
      customBits = Arrays.copyOf(customBits, customs * 2);
    }
    customBits[customs++] = bits;
  }

  /** Notes that there are more buckets than a histogram may have: it will be refused. */
  public void refuseAsTooLarge() {
    tooMany = true;
  }

  /** What is wrong with the histogram, in Prometheus' words, or null. */
  private @Nullable String problem() {
    if (tooMany) {
      return "histogram has more than " + MOST_BUCKETS + " buckets, spans or bounds";
    }
    if (schema == Histogram.CUSTOM_BUCKETS_SCHEMA) {
      String problem = customProblem();
      if (problem != null) {
        return problem;
      }
    } else if (schema >= COARSEST_SCHEMA && schema <= FINEST_REDUCIBLE_SCHEMA) {
      String problem = spanProblem(positive, false);
      if (problem != null) {
        return "positive side: " + problem;
      }
      problem = spanProblem(negative, false);
      if (problem == null) {
        problem = bucketProblem(negative);
      }
      if (problem != null) {
        return "negative side: " + problem;
      }
      if (customs > 0) {
        return "histogram with exponential schema must not have custom bounds";
      }
    } else {
      return "histogram has an invalid schema, which must be between -4 and 8 for exponential"
          + " buckets, or -53 for custom buckets, got schema "
          + schema;
    }
    String problem = bucketProblem(positive);
    if (problem != null) {
      return "positive side: " + problem;
    }
    return countProblem();
  }

  private @Nullable String customProblem() {
    double previous = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < customs; i++) {
      double bound = Double.longBitsToDouble(customBits[i]);
      if (Double.isNaN(bound)) {
        return "custom buckets: histogram custom bounds must not be NaN";
      }
      if (bound <= previous) {
        return "custom buckets: previous bound is "
            + previous
            + " and current is "
            + bound
            + ": histogram custom bounds must be in strictly increasing order";
      }
      previous = bound;
    }
    if (previous == Double.POSITIVE_INFINITY) {
      return "custom buckets: last +Inf bound must not be explicitly defined:"
          + " histogram custom bounds must be finite";
    }
    String problem = spanProblem(positive, true);
    if (problem != null) {
      return "custom buckets: " + problem;
    }
    long covered = 0;
    for (int i = 0; i < positive.spanInts; i += 2) {
      covered += positive.spans[i] + Integer.toUnsignedLong(positive.spans[i + 1]);
    }
    if (customs + 1 < covered) {
      return "custom buckets: only "
          + customs
          + " custom bounds defined which is insufficient to cover total span length of "
          + covered
          + ": histogram custom bounds are too few";
    }
    boolean zeroCount =
        zeroCountInt != 0 || (floatCount && Double.longBitsToDouble(zeroCountFloatBits) != 0);
    if (zeroCount) {
      return "custom buckets: must have zero count of 0";
    }
    if (Double.longBitsToDouble(zeroThresholdBits) != 0) {
      return "custom buckets: must have zero threshold of 0";
    }
    if (negative.spanInts > 0) {
      return "custom buckets: must not have negative spans";
    }
    if ((floatCount ? negative.countCount : negative.deltaCount) > 0) {
      return "custom buckets: must not have negative buckets";
    }
    return null;
  }

  private @Nullable String spanProblem(Buckets side, boolean firstToo) {
    long needed = 0;
    for (int i = 0; i < side.spanInts; i += 2) {
      if (side.spans[i] < 0 && (firstToo || i > 0)) {
        return "span number "
            + (i / 2 + 1)
            + " with offset "
            + side.spans[i]
            + ": histogram has a span whose offset is negative";
      }
      needed += Integer.toUnsignedLong(side.spans[i + 1]);
    }
    int given = floatCount ? side.countCount : side.deltaCount;
    if (needed != given) {
      return "spans need "
          + needed
          + " buckets, have "
          + given
          + " buckets: histogram spans specify different number of buckets than provided";
    }
    return null;
  }

  private @Nullable String bucketProblem(Buckets side) {
    if (floatCount) {
      for (int i = 0; i < side.countCount; i++) {
        double count = Double.longBitsToDouble(side.countBits[i]);
        if (count < 0) {
          return negativeBucket(i, Double.toString(count));
        }
      }
      return null;
    }
    long count = 0;
    for (int i = 0; i < side.deltaCount; i++) {
      count += side.deltas[i]; // an overflow shows as a negative count
      if (count < 0) {
        return negativeBucket(i, Long.toString(count));
      }
    }
    return null;
  }

  private static String negativeBucket(int i, String count) {
    return "bucket number "
        + (i + 1)
        + " has observation count of "
        + count
        + ": histogram has a bucket whose observation count is negative";
  }

  /** Float counts are not compared: their sums are not exact. */
  private @Nullable String countProblem() {
    if (floatCount) {
      return null;
    }
    long inBuckets = zeroCountInt;
    boolean overflow = false;
    for (Buckets side : new Buckets[] {negative, positive}) {
      long count = 0;
      for (int i = 0; i < side.deltaCount; i++) {
        count += side.deltas[i];
        long sum = inBuckets + count;
        overflow |= Long.compareUnsigned(sum, inBuckets) < 0;
        inBuckets = sum;
      }
    }
    int compared = overflow ? 1 : Long.compareUnsigned(inBuckets, countBits);
    boolean nan = Double.isNaN(Double.longBitsToDouble(sumBits));
    if (nan ? compared <= 0 : compared == 0) {
      return null;
    }
    return Long.toUnsignedString(inBuckets)
        + " observations found in buckets, but the Count field is "
        + Long.toUnsignedString(countBits)
        + (nan
            ? ": histogram's observation count should be at least the number of observations found"
                + " in the buckets"
            : ": histogram's observation count should equal the number of observations found in"
                + " the buckets (in absence of NaN)");
  }

  /** Adds the histogram to a row, or refuses it; the row −1 is that of a refused series. */
  public void addTo(Intake intake, int row) {
    if (!intake.isInTime(row, time)) {
      return;
    }
    String problem = problem();
    if (problem != null) {
      intake.refuseHistogram(row, problem);
    } else {
      write(intake.batch, row);
    }
    intake.checkEntries();
  }

  private void write(WriteBatch batch, int row) {
    if (schema > FINEST_SCHEMA) {
      reduce(positive, schema - FINEST_SCHEMA);
      reduce(negative, schema - FINEST_SCHEMA);
      schema = FINEST_SCHEMA;
    }
    ByteWriter out = batch.bytes;
    int from = out.size();
    out.u8((floatCount ? 1 : 0) | resetHint << 1 | (customs > 0 ? 8 : 0));
    out.zigzag(schema);
    out.fixed64(zeroThresholdBits);
    out.fixed64(sumBits);
    if (floatCount) {
      out.fixed64(countBits);
      out.fixed64(zeroCountFloatBits);
    } else {
      out.varint(countBits);
      out.varint(zeroCountInt);
    }
    writeSpans(out, positive);
    writeSpans(out, negative);
    writeBuckets(out, positive);
    writeBuckets(out, negative);
    if (customs > 0) {
      writeBits(out, customBits, customs);
    }
    batch.addEncodedHistogram(row, time, start, from);
  }

  private static void writeSpans(ByteWriter out, Buckets side) {
    out.varint(side.spanInts / 2);
    for (int i = 0; i < side.spanInts; i += 2) {
      out.zigzag(side.spans[i]);
      out.varint(Integer.toUnsignedLong(side.spans[i + 1]));
    }
  }

  private void writeBuckets(ByteWriter out, Buckets side) {
    if (floatCount) {
      writeBits(out, side.countBits, side.countCount);
      return;
    }
    out.varint(side.deltaCount);
    for (int i = 0; i < side.deltaCount; i++) {
      out.zigzag(side.deltas[i]);
    }
  }

  private static void writeBits(ByteWriter out, long[] bits, int count) {
    out.varint(count);
    for (int i = 0; i < count; i++) {
      out.fixed64(bits[i]);
    }
  }

  /**
   * Merges buckets until the resolution is {@code steps} lower, in place: each step lets two
   * neighbours, 2k − 1 and 2k, become bucket k.
   */
  private void reduce(Buckets side, int steps) {
    int[] spans = new int[side.spanInts];
    int spanInts = 0;
    int written = 0; // buckets
    long index = 0; // of the old bucket
    long last = Long.MIN_VALUE; // new bucket that was written last
    long delta = 0; // running sum of old deltas: the old bucket's count
    int bucket = 0;
    for (int s = 0; s < side.spanInts; s += 2) {
      index += side.spans[s];
      long length = Integer.toUnsignedLong(side.spans[s + 1]);
      for (long k = 0; k < length; k++, index++, bucket++) {
        long target = ((index - 1) >> Math.min(steps, 63)) + 1;
        long integer = 0;
        double real = 0;
        if (floatCount) {
          real = Double.longBitsToDouble(side.countBits[bucket]);
        } else {
          delta += side.deltas[bucket];
          integer = delta;
        }
        if (target == last) {
          if (floatCount) {
            double sum = Double.longBitsToDouble(side.countBits[written - 1]) + real;
            side.countBits[written - 1] = Double.doubleToRawLongBits(sum);
          } else {
            side.deltas[written - 1] += integer; // absolute until the end
          }
          continue;
        }
        if (last != Long.MIN_VALUE && target == last + 1) {
          spans[spanInts - 1]++;
        } else {
          long offset = last == Long.MIN_VALUE ? target : target - last - 1;
          spans[spanInts++] = (int) Math.min(offset, Integer.MAX_VALUE);
          spans[spanInts++] = 1;
        }
        if (floatCount) {
          side.countBits[written] = Double.doubleToRawLongBits(real);
        } else {
          side.deltas[written] = integer;
        }
        written++;
        last = target;
      }
    }
    for (int i = written - 1; i > 0 && !floatCount; i--) {
      side.deltas[i] -= side.deltas[i - 1];
    }
    System.arraycopy(spans, 0, side.spans, 0, spanInts);
    side.spanInts = spanInts;
    side.deltaCount = floatCount ? 0 : written;
    side.countCount = floatCount ? written : 0;
  }
}
