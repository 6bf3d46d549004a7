package io.varve.query.function;

/**
 * What range functions make of ranges that are anchored to the sample before them, or smoothed at
 * their ends (Prometheus 3.14 {@code promql/functions.go}, extendedRate). Samples stand in rows
 * {@code [from, to)}; those before the range's start and, if smoothed, after its end are among
 * them.
 */
public final class ExtendedRanges {
  private ExtendedRanges() {}

  /** The last row at or before a time, but not the last of all; the first row if there is none. */
  public static int firstRow(long[] times, int from, int to, long start) {
    int row = from;
    while (row < to - 1 && times[row] <= start) {
      row++;
    }
    return Math.max(from, row - 1);
  }

  /** The first row at or after a time; the last of all if there is none. */
  public static int lastRow(long[] times, int from, int to, long end) {
    int row = from;
    while (row < to - 1 && times[row] < end) {
      row++;
    }
    return row;
  }

  /** The value at the start: that of the first row, or between it and the next. */
  public static double left(
      long[] times, double[] values, int first, long start, boolean smoothed, boolean counter) {
    return smoothed && times[first] < start
        ? between(times, values, first, start, counter)
        : values[first];
  }

  /** The value at the end: that of the last row, or between it and the one before. */
  public static double right(
      long[] times,
      double[] values,
      int from,
      int last,
      long end,
      boolean smoothed,
      boolean counter) {
    return smoothed && last > from && times[last] > end
        ? between(times, values, last - 1, end, counter)
        : values[last];
  }

  /** A point of the line from a row to the next; a counter that fell began at zero. */
  public static double between(long[] times, double[] values, int row, long time, boolean counter) {
    double y1 = values[row];
    double y2 = values[row + 1];
    if (counter && y2 < y1) {
      y1 = 0;
    }
    return y1 + (y2 - y1) * (double) (time - times[row]) / (double) (times[row + 1] - times[row]);
  }

  /** rate, increase or delta, {@link Absent} if the range says nothing. */
  public static double difference(
      long[] times,
      double[] values,
      int from,
      int to,
      long start,
      long end,
      boolean smoothed,
      boolean counter,
      boolean perSecond) {
    int first = firstRow(times, from, to, start);
    int last = smoothed ? lastRow(times, from, to, end) : to - 1;
    if (times[last] <= start || (smoothed && times[first] > end)) {
      return Absent.VALUE;
    }
    double left = left(times, values, first, start, smoothed, counter);
    double right = right(times, values, from, last, end, smoothed, counter);
    double result = right - left;
    if (counter) {
      int inner = times[first] <= start ? first + 1 : first;
      int innerEnd = times[last] >= end ? last : last + 1;
      double previous = left;
      for (int row = inner; row < innerEnd; row++) {
        if (values[row] < previous) {
          result += previous;
        }
        previous = values[row];
      }
      if (right < previous) {
        result += previous;
      }
    }
    return perSecond ? result / RangeFunctions.seconds(end - start) : result;
  }

  /** resets or changes since the last sample at or before the start. */
  public static double count(
      long[] times, double[] values, int from, int to, long start, boolean onlyFalls) {
    int row = from;
    while (row < to && times[row] <= start) {
      row++;
    }
    if (row == to) {
      return Absent.VALUE;
    }
    int count = 0;
    for (int i = Math.max(from + 1, row); i < to; i++) {
      double previous = values[i - 1];
      double current = values[i];
      boolean differs =
          onlyFalls
              ? current < previous
              : current != previous && !(Double.isNaN(current) && Double.isNaN(previous));
      if (differs) {
        count++;
      }
    }
    return count;
  }
}
