package io.varve.engine.head;

import io.varve.engine.model.Histogram;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * The samples that arrived late since their window was last flushed, per window and series, in
 * order of arrival. Bounded by the engine, which flushes the largest windows first, so that the
 * backfill of a year does not make tiny blocks. Thread-safe.
 */
public final class LateHead {
  /** Bytes that one late sample costs at least. */
  private static final int SAMPLE_BYTES = 16;

  private static final int COLUMN_BYTES = 200;

  /** The late samples of one window; changes until it is taken out of the late head. */
  public static final class Window {
    private final Map<Integer, SampleColumns> columns = new HashMap<>();
    private long bytes;
    private long samples;
    private long minTime = Long.MAX_VALUE;
    private long maxTime = Long.MIN_VALUE;

    Window() {}

    private SampleColumns column(int id) {
      SampleColumns column = columns.get(id);
      if (column == null) {
        column = new SampleColumns(8);
        columns.put(id, column);
        bytes += COLUMN_BYTES;
      }
      return column;
    }

    private void added(long time, long more) {
      bytes += more;
      samples++;
      minTime = Math.min(minTime, time);
      maxTime = Math.max(maxTime, time);
    }

    /** Appends the samples of a series in order of arrival. */
    public synchronized void read(int id, SampleColumns into) {
      SampleColumns column = columns.get(id);
      if (column != null) {
        for (int i = 0; i < column.size; i++) {
          into.addFrom(column, i);
        }
      }
    }

    /** How many samples a series has here. */
    public synchronized int sampleCount(int id) {
      SampleColumns column = columns.get(id);
      return column == null ? 0 : column.size;
    }

    /** True if a series has a sample in a range here. */
    public synchronized boolean anyIn(int id, TimeRange range) {
      SampleColumns column = columns.get(id);
      for (int i = 0; column != null && i < column.size; i++) {
        if (range.contains(column.times[i])) {
          return true;
        }
      }
      return false;
    }

    /** The newest time of a series' samples here, {@code Long.MIN_VALUE} if it has none. */
    public synchronized long newestTime(int id) {
      SampleColumns column = columns.get(id);
      long newest = Long.MIN_VALUE;
      for (int i = 0; column != null && i < column.size; i++) {
        newest = Math.max(newest, column.times[i]);
      }
      return newest;
    }

    /** The ids of all series in this window, ascending. */
    public synchronized int[] series() {
      return columns.keySet().stream().mapToInt(Integer::intValue).sorted().toArray();
    }

    /** Memory held. */
    public synchronized long bytes() {
      return bytes;
    }

    /** Samples in the window. */
    public synchronized long samples() {
      return samples;
    }

    /** The smallest time of a sample. */
    public synchronized long minTime() {
      return minTime;
    }

    /** The largest time of a sample. */
    public synchronized long maxTime() {
      return maxTime;
    }
  }

  private final TreeMap<Long, Window> windows = new TreeMap<>();
  private volatile long bytes;
  private volatile long samples;

  /** An empty late head. */
  public LateHead() {}

  /** Adds a late float sample. Writer only. */
  public void add(long windowStart, int id, long time, long bits, long start) {
    Window window = window(windowStart);
    synchronized (window) {
      window.column(id).add(time, Double.longBitsToDouble(bits), start);
      long before = window.bytes;
      window.added(time, SAMPLE_BYTES);
      bytes = bytes + window.bytes - before;
    }
    samples = samples + 1;
  }

  /** Adds a late histogram. Writer only. */
  public void add(long windowStart, int id, long time, Histogram histogram, long start, int size) {
    Window window = window(windowStart);
    synchronized (window) {
      window.column(id).add(time, histogram, start);
      window.added(time, SAMPLE_BYTES + 2L * size);
    }
    bytes = bytes + SAMPLE_BYTES + 2L * size;
    samples = samples + 1;
  }

  private synchronized Window window(long windowStart) {
    return windows.computeIfAbsent(windowStart, start -> new Window());
  }

  /** Takes a window out, if it is this one; what arrives for it afterwards begins anew. */
  public synchronized void take(long windowStart, Window window) {
    if (windows.remove(windowStart, window)) {
      bytes = bytes - window.bytes();
      samples = samples - window.samples();
    }
  }

  /** All windows with late samples, by start. */
  public synchronized TreeMap<Long, Window> windows() {
    return new TreeMap<>(windows);
  }

  /** Memory held. */
  public long bytes() {
    return bytes;
  }

  /** Late samples held. */
  public long samples() {
    return samples;
  }

  /** True if nothing is late. */
  public boolean isEmpty() {
    return samples == 0;
  }
}
