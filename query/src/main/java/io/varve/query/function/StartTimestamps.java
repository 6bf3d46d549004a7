package io.varve.query.function;

/**
 * What start timestamps say of counters (Prometheus 3.14 {@code promql/functions.go}). 0 stands for
 * a start that is not known.
 */
public final class StartTimestamps {
  private StartTimestamps() {}

  /** True if a counter began anew between two samples. */
  public static boolean isReset(long previousStart, long previousTime, long start, long time) {
    if (start == 0 || start >= time || start < previousTime) {
      return false;
    }
    if (start > previousTime) {
      return true;
    }
    // It begins where the sample before stands: so do deltas, and cumulative counters with a start
    // that is not known, whose first sample says so by a start at its own time.
    return previousStart != 0 && previousStart < previousTime;
  }

  /** True if a sample claims to begin before the one before it, and not where that one began. */
  public static boolean overlaps(long previousStart, long previousTime, long start) {
    return start != 0 && start < previousTime && start != previousStart;
  }

  /** Samples of one series in rows {@code [from, to)}, with their start timestamps. */
  public record Rows(long[] times, double[] values, long[] starts, int from, int to) {
    /** True if the counter began anew between the row before and a row. */
    public boolean resets(int row) {
      return values[row] < values[row - 1]
          || isReset(starts[row - 1], times[row - 1], starts[row], times[row]);
    }

    /** True if two samples that follow each other overlap. */
    public boolean overlap() {
      for (int i = from + 1; i < to; i++) {
        if (overlaps(starts[i - 1], times[i - 1], starts[i])) {
          return true;
        }
      }
      return false;
    }

    /** resets. */
    public double resets() {
      int count = 0;
      for (int i = from + 1; i < to; i++) {
        count += resets(i) ? 1 : 0;
      }
      return count;
    }

    /** irate. */
    public double lastRate() {
      int last = to - 1;
      if (to - from < 2) {
        return Absent.VALUE;
      }
      double difference = resets(last) ? values[last] : values[last] - values[last - 1];
      return difference / ((times[last] - times[last - 1]) / 1000.0);
    }

    /** increase, or rate. */
    public double increase(long windowStart, long windowEnd, boolean perSecond) {
      int last = to - 1;
      double result = values[last] - values[from];
      for (int i = from + 1; i < to; i++) {
        if (resets(i)) {
          result += values[i - 1];
        }
      }
      if (!beginsWithin(windowStart)) {
        return last == from
            ? Absent.VALUE
            : RangeFunctions.extrapolate(
                result,
                to - from,
                values[from],
                times[from],
                times[last],
                windowStart,
                windowEnd,
                true,
                perSecond);
      }
      return (result + values[from]) * factorFromStart(windowStart, windowEnd, perSecond);
    }

    /** True if the counter began within the window: it was zero there. */
    public boolean beginsWithin(long windowStart) {
      long start = starts[from];
      return start != 0 && start > windowStart && start < times[from];
    }

    /** By what the increase since the beginning is multiplied: nothing is missing before it. */
    public double factorFromStart(long windowStart, long windowEnd, boolean perSecond) {
      int last = to - 1;
      double average = last == from ? 0 : (times[last] - times[from]) / 1000.0 / (last - from);
      double toEnd = (windowEnd - times[last]) / 1000.0;
      if (toEnd >= average * 1.1) {
        toEnd = average / 2;
      }
      double sampled = (times[last] - starts[from]) / 1000.0;
      double factor = (sampled + toEnd) / sampled;
      return perSecond ? factor / RangeFunctions.seconds(windowEnd - windowStart) : factor;
    }
  }
}
