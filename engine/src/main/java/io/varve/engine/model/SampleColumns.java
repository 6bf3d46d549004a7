package io.varve.engine.model;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Samples of one series as columns, in time order, reused from series to series: the form in which
 * the engine hands samples to a query. Rows {@code [0, size)} are valid until the next {@link
 * #clear}. Not thread-safe.
 *
 * <p>A row is a float ({@code histograms == null} or {@code histograms[i] == null}) or a histogram.
 * Stale markers are rows like any other; {@link StaleMarker} tells them.
 */
public final class SampleColumns {
  /** Valid rows. */
  public int size;

  /** Milliseconds since the epoch, ascending and distinct. */
  public long[] times;

  /** Float values bit for bit; for a histogram row its sum. */
  public double[] values;

  /** Null as long as no row is a histogram; then null for float rows. */
  public @Nullable Histogram @Nullable [] histograms;

  /** Start timestamps in milliseconds, 0 = unset; null as long as no row has one. */
  public long @Nullable [] starts;

  /** True if it is known that no value is NaN or infinite. Said by who filled the columns. */
  public boolean finite;

  /** Columns with room for some hundred rows. */
  public SampleColumns() {
    this(512);
  }

  /** Columns with room for {@code capacity} rows. */
  public SampleColumns(int capacity) {
    times = new long[capacity];
    values = new double[capacity];
  }

  /** Forgets all rows; keeps the memory. */
  public void clear() {
    size = 0;
    histograms = null;
    starts = null;
    finite = false;
  }

  /** Makes room for {@code more} further rows. */
  public void ensure(int more) {
    int needed = size + more;
    if (needed > times.length) {
      int capacity = Math.max(needed, times.length * 2);
      times = Arrays.copyOf(times, capacity);
      values = Arrays.copyOf(values, capacity);
      if (histograms != null) {
        histograms = Arrays.copyOf(histograms, capacity);
      }
      if (starts != null) {
        starts = Arrays.copyOf(starts, capacity);
      }
    }
  }

  /** Appends a float row. */
  public void add(long time, double value, long start) {
    ensure(1);
    times[size] = time;
    values[size] = value;
    if (histograms != null) {
      histograms[size] = null;
    }
    setStart(size, start);
    size++;
  }

  /** Appends a histogram row. */
  public void add(long time, Histogram histogram, long start) {
    ensure(1);
    times[size] = time;
    values[size] = histogram.sum();
    @Nullable Histogram[] column = histograms;
    if (column == null) {
      column = new @Nullable Histogram[times.length];
      histograms = column;
    }
    column[size] = histogram;
    setStart(size, start);
    size++;
  }

  /** Appends a row of another set of columns. */
  public void addFrom(SampleColumns other, int row) {
    long start = other.starts == null ? 0 : other.starts[row];
    Histogram histogram = other.histogram(row);
    if (histogram == null) {
      add(other.times[row], other.values[row], start);
    } else {
      add(other.times[row], histogram, start);
    }
  }

  /** The histogram of a row, null for a float. */
  public @Nullable Histogram histogram(int row) {
    return histograms == null ? null : histograms[row];
  }

  /** The start timestamp of a row, 0 = unset. */
  public long start(int row) {
    return starts == null ? 0 : starts[row];
  }

  /** Sets the start timestamp of a row that is being written; 0 costs nothing. */
  public void setStart(int row, long start) {
    if (starts != null) {
      starts[row] = start;
    } else if (start != 0) {
      starts = new long[times.length];
      starts[row] = start;
    }
  }
}
