package io.varve.engine.codec;

import java.util.Objects;

/**
 * Writes columns of ascending timestamps: as a grid (first, step) with what each row is off it, or
 * as a plain integer stream where there is no grid. Keeps scratch memory, so one per thread; the
 * bytes depend only on the timestamps.
 */
public final class TimeColumnEncoder {
  /** Any integers. */
  static final int STREAM = 0;

  /** Every row on the grid, none skipped. */
  static final int REGULAR = 1;

  /** Rows near a grid, some of its points skipped. */
  static final int GRID = 2;

  private final IntegerStreamEncoder stream = new IntegerStreamEncoder();
  private long[] skipped = new long[0];
  private long[] offsets = new long[0];
  private final long[] sampled = new long[Codecs.SAMPLED];
  private byte[] trial = new byte[0];

  /** An encoder with little memory, which grows to the columns it sees. */
  public TimeColumnEncoder() {}

  /**
   * Room that {@link #encode} needs from its start on. It may scribble over all of it, also past
   * the end that it returns.
   *
   * @param n rows, 1 to {@link Codecs#MOST_VALUES}
   */
  public int maxBytes(int n) {
    return IntegerStreamEncoder.maxBytes(n) + 1;
  }

  /**
   * Writes {@code times[from, from + n)} in the smallest form.
   *
   * @param times milliseconds, ascending; others are written, too, in more bytes
   * @param n rows, 1 to {@link Codecs#MOST_VALUES}; not written, a reader must know it
   * @param out has {@link #maxBytes} room from {@code at} on
   * @return the end: index after the last byte written
   */
  public int encode(long[] times, int from, int n, byte[] out, int at) {
    return encode(times, from, n, out, at, Effort.FULL);
  }

  /** As {@link #encode}, with the cheap choices only. */
  public int encodeFast(long[] times, int from, int n, byte[] out, int at) {
    return encode(times, from, n, out, at, Effort.FAST);
  }

  private int encode(long[] times, int from, int n, byte[] out, int at, Effort effort) {
    Codecs.checkCount(n);
    Objects.checkFromIndexSize(from, n, times.length);
    Objects.checkFromIndexSize(at, maxBytes(n), out.length);
    long step = n > 1 ? times[from + 1] - times[from] : 0;
    if (isRegular(times, from, n, step)) {
      out[at] = REGULAR;
      int end = Codecs.putVarint(out, at + 1, Codecs.zigzag(times[from]));
      return Codecs.putVarint(out, end, step);
    }
    out[at] = STREAM;
    int end = stream.encode(times, from, n, effort, out, at + 1);
    int grid = grid(times, from, n, effort);
    if (grid > 0 && grid < end - at) {
      System.arraycopy(trial, 0, out, at, grid);
      return at + grid;
    }
    return end;
  }

  private static boolean isRegular(long[] times, int from, int n, long step) {
    for (int i = 1; i < n; i++) {
      if (times[from + i] - times[from + i - 1] != step) {
        return false;
      }
    }
    return true;
  }

  /** Tries the grid; returns its bytes, 0 if there is none. */
  private int grid(long[] times, int from, int n, Effort effort) {
    long first = times[from];
    if (skipped.length < n) {
      skipped = new long[Math.max(512, n)];
      offsets = new long[skipped.length];
    }
    for (int i = 1; i < n; i++) {
      long difference = times[from + i] - times[from + i - 1];
      if (difference < 0) {
        return 0; // not ascending, or further apart than a long can say
      }
      skipped[i - 1] = difference;
    }
    long step = Codecs.usual(skipped, n - 1, sampled);
    if (step <= 0 || times[from + n - 1] - first < 0) {
      return 0;
    }
    long last = 0;
    for (int i = 0; i < n; i++) {
      long passed = times[from + i] - first;
      long point = passed / step;
      if (passed - point * step > step / 2) {
        point++;
      }
      offsets[i] = passed - point * step;
      if (i > 0) {
        skipped[i - 1] = point - last - 1;
      }
      last = point;
    }
    int most = 32 + 2 * IntegerStreamEncoder.maxBytes(n);
    if (trial.length < most) {
      trial = new byte[most];
    }
    trial[0] = GRID;
    int end = Codecs.putVarint(trial, 1, Codecs.zigzag(first));
    end = Codecs.putVarint(trial, end, step);
    end = stream.encode(skipped, 0, n - 1, effort, trial, end);
    return stream.encode(offsets, 0, n, effort, trial, end);
  }
}
