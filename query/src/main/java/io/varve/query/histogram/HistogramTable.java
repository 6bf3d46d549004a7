package io.varve.query.histogram;

import io.varve.query.function.Absent;
import java.util.Arrays;
import java.util.BitSet;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The histograms that a query has in its hands, and the doubles that stand for them in columns: a
 * signalling NaN whose lower half is a histogram's number in this table. Arithmetic cannot make
 * such a NaN, since it answers with quiet ones, and selectors let none in from the store; so a
 * column of steps stays one array of doubles, is copied, sorted and matched as it is, and queries
 * over floats do nothing more than before. Whoever computes with values asks first whether the
 * query has histograms at all ({@link #isUsed}).
 *
 * <p>Adding is thread-safe. Whoever reads a number got it from the thread that added it, or after
 * that thread was waited for.
 */
public final class HistogramTable {
  private static final int TAG = 0x7ff40000;
  private static final long QUIET_BIT = 1L << 51;
  private static final int CHUNK_BITS = 10;
  private static final int CHUNK = 1 << CHUNK_BITS;

  private static final int BYTES_PER_SAMPLE = 16;

  private final LongConsumer charge;
  private final LongConsumer release;
  private volatile @Nullable FloatHistogram[][] chunks = new FloatHistogram[16][];
  private int size;

  /** Plain, so that loops over floats need not look again: see above who has a number. */
  private boolean used;

  /**
   * No histograms.
   *
   * @param charge told of bytes that are held from now on; may refuse by an exception
   * @param release told of bytes that are held no more
   */
  public HistogramTable(LongConsumer charge, LongConsumer release) {
    this.charge = charge;
    this.release = release;
  }

  /** True if a value stands for a histogram. */
  public static boolean isHistogram(double value) {
    return (int) (Double.doubleToRawLongBits(value) >>> 32) == TAG;
  }

  /** A float from outside: the same, except that a NaN that looks like a histogram is quieted. */
  public static double fromOutside(double value) {
    return isHistogram(value)
        ? Double.longBitsToDouble(Double.doubleToRawLongBits(value) | QUIET_BIT)
        : value;
  }

  /** True once there was a histogram. */
  public boolean isUsed() {
    return used;
  }

  /** Keeps a histogram; returns the value that stands for it. */
  public double add(FloatHistogram histogram) {
    charge.accept(histogram.bytes());
    int number;
    synchronized (this) {
      number = size++;
      int chunk = number >>> CHUNK_BITS;
      @Nullable FloatHistogram[][] all = chunks;
      if (chunk == all.length) {
        all = Arrays.copyOf(all, 2 * chunk);
        chunks = all;
      }
      if (all[chunk] == null) {
        all[chunk] = new FloatHistogram[CHUNK];
      }
      all[chunk][number & (CHUNK - 1)] = histogram;
      used = true;
    }
    return Double.longBitsToDouble((long) TAG << 32 | number);
  }

  /** The histogram for which a value stands; null if it is a float. */
  public @Nullable FloatHistogram get(double value) {
    if (!isHistogram(value)) {
      return null;
    }
    int number = (int) Double.doubleToRawLongBits(value);
    return chunks[number >>> CHUNK_BITS][number & (CHUNK - 1)];
  }

  /** How many there are, as a mark for {@link #forgetSince}. */
  public synchronized int mark() {
    return size;
  }

  /** Forgets all that were added since a mark: nobody has their values any more. */
  public synchronized void forgetSince(int mark) {
    long bytes = 0;
    @Nullable FloatHistogram[][] all = chunks;
    while (size > mark) {
      size--;
      FloatHistogram[] chunk = all[size >>> CHUNK_BITS];
      FloatHistogram histogram = chunk[size & (CHUNK - 1)];
      if (histogram != null) {
        bytes += histogram.bytes();
      }
      chunk[size & (CHUNK - 1)] = null;
    }
    release.accept(bytes);
  }

  /** How many samples' worth the histograms of a column are, beyond one each. */
  public long weight(double[] column, int at, int steps) {
    long weight = 0;
    for (int i = at; i < at + steps; i++) {
      FloatHistogram histogram = get(column[i]);
      if (histogram != null) {
        weight += histogram.bytes() / BYTES_PER_SAMPLE - 1;
      }
    }
    return weight;
  }

  /** Makes absent what is a histogram in a column; returns whether there was any. */
  public static boolean blank(double[] column, int at, int steps) {
    boolean found = false;
    for (int i = at; i < at + steps; i++) {
      if (isHistogram(column[i])) {
        column[i] = Absent.VALUE;
        found = true;
      }
    }
    return found;
  }

  /**
   * The same; returns the steps at which there was any.
   *
   * @param firstStep the step of {@code column[at]}
   */
  public static BitSet blanked(double[] column, int at, int steps, int firstStep) {
    BitSet found = new BitSet(0);
    for (int i = 0; i < steps; i++) {
      if (isHistogram(column[at + i])) {
        column[at + i] = Absent.VALUE;
        found.set(firstStep + i);
      }
    }
    return found;
  }

  /** True if any value of a column stands for a histogram. */
  public static boolean any(double[] column, int at, int steps) {
    for (int i = at; i < at + steps; i++) {
      if (isHistogram(column[i])) {
        return true;
      }
    }
    return false;
  }
}
