package io.varve.query.function;

import io.varve.query.promql.FunctionSignature;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The range functions over floats (Prometheus 3.14 {@code promql/functions.go}). Sums of long
 * windows are put together from sums of groups of rows ({@link PartialSums}). What needs only the
 * ends of a window, how often something happened, where its counter resets are, or its extreme,
 * does not touch the samples between again.
 */
public final class RangeFunctions {
  private RangeFunctions() {}

  /**
   * A new object for a function; null for a function over a range that is evaluated elsewhere or is
   * no range function.
   */
  public static @Nullable RangeFunction of(FunctionSignature function) {
    return switch (function) {
      case RATE -> new ExtrapolatedRate(true, true);
      case INCREASE -> new ExtrapolatedRate(true, false);
      case DELTA -> new ExtrapolatedRate(false, false);
      case IRATE -> new LastTwo(true);
      case IDELTA -> new LastTwo(false);
      case RESETS -> new Differences(true);
      case CHANGES -> new Differences(false);
      case DERIV -> new Derivative();
      case PREDICT_LINEAR -> new PredictLinear();
      case DOUBLE_EXPONENTIAL_SMOOTHING -> new DoubleExponentialSmoothing();
      case AVG_OVER_TIME -> new Average();
      case SUM_OVER_TIME -> new Sum();
      case COUNT_OVER_TIME -> new Count();
      case PRESENT_OVER_TIME, ABSENT_OVER_TIME -> new Present();
      case MIN_OVER_TIME -> new Extreme(false, false);
      case MAX_OVER_TIME -> new Extreme(true, false);
      case TS_OF_MIN_OVER_TIME -> new Extreme(false, true);
      case TS_OF_MAX_OVER_TIME -> new Extreme(true, true);
      case FIRST_OVER_TIME -> new Edge(false, false);
      case LAST_OVER_TIME -> new Edge(true, false);
      case TS_OF_FIRST_OVER_TIME -> new Edge(false, true);
      case TS_OF_LAST_OVER_TIME -> new Edge(true, true);
      case STDDEV_OVER_TIME -> new Variance(true);
      case STDVAR_OVER_TIME -> new Variance(false);
      case QUANTILE_OVER_TIME -> new QuantileOverTime();
      case MAD_OVER_TIME -> new MedianDeviation();
      default -> null;
    };
  }

  /** rate, increase and delta: extrapolatedRate. */
  static final class ExtrapolatedRate extends RangeFunction {
    private final boolean counter;
    private final boolean perSecond;

    /**
     * Rows whose value is smaller than that of the row before: few, so every window visits them.
     */
    private int[] resets = new int[8];

    private static final int RESETS_AT_ONCE = 512;

    private int resetCount;
    private int firstReset;

    ExtrapolatedRate(boolean counter, boolean perSecond) {
      this.counter = counter;
      this.perSecond = perSecond;
    }

    @Override
    public void begin(Window series) {
      resetCount = 0;
      firstReset = 0;
      if (!counter) {
        return;
      }
      double[] values = series.values;
      for (int from = 1; from < series.size; from += RESETS_AT_ONCE) {
        int to = Math.min(series.size, from + RESETS_AT_ONCE);
        long any = 0;
        for (int i = from; i < to; i++) { // no branch: several values at a time
          any |= Double.doubleToRawLongBits(values[i] - values[i - 1]);
        }
        if (any < 0) {
          addResets(values, from, to);
        }
      }
    }

    private void addResets(double[] values, int from, int to) {
      for (int i = from; i < to; i++) {
        if (values[i] < values[i - 1]) {
          if (resetCount == resets.length) {
            resets = Arrays.copyOf(resets, 2 * resetCount);
          }
          resets[resetCount++] = i;
        }
      }
    }

    @Override
    public double at(Window w) {
      int last = w.to - 1;
      if (last <= w.from) {
        return Absent.VALUE;
      }
      double[] values = w.values;
      double result = values[last] - values[w.from];
      if (counter) {
        while (firstReset > 0 && resets[firstReset - 1] > w.from) {
          firstReset--;
        }
        while (firstReset < resetCount && resets[firstReset] <= w.from) {
          firstReset++;
        }
        for (int i = firstReset; i < resetCount && resets[i] <= last; i++) {
          result += values[resets[i] - 1];
        }
      }
      return extrapolate(
          result,
          w.count(),
          values[w.from],
          w.times[w.from],
          w.times[last],
          w.start,
          w.end,
          counter,
          perSecond);
    }
  }

  /**
   * The extrapolation of rate, increase and delta: from the difference between the first and the
   * last sample to the whole window, but not further than half an average distance of samples
   * beyond them when they end well before the window does, nor, for a counter, to before it was
   * zero.
   *
   * @param difference last value minus first, resets corrected for a counter
   * @param samples how many samples, at least 2
   */
  public static double extrapolate(
      double difference,
      long samples,
      double firstValue,
      long firstTime,
      long lastTime,
      long windowStart,
      long windowEnd,
      boolean counter,
      boolean perSecond) {
    return difference
        * extrapolationFactor(
            difference,
            samples,
            firstValue,
            firstTime,
            lastTime,
            windowStart,
            windowEnd,
            counter,
            perSecond);
  }

  /** By what {@link #extrapolate} multiplies the difference. */
  public static double extrapolationFactor(
      double difference,
      long samples,
      double firstValue,
      long firstTime,
      long lastTime,
      long windowStart,
      long windowEnd,
      boolean counter,
      boolean perSecond) {
    double toStart = (firstTime - windowStart) / 1000.0;
    double toEnd = (windowEnd - lastTime) / 1000.0;
    double sampled = (lastTime - firstTime) / 1000.0;
    // Divisions are most of the work. This one matters only where samples begin or end late.
    if (Math.max(toStart, toEnd) * (samples - 1) > 1.09 * sampled) {
      double average = sampled / (samples - 1);
      double threshold = average * 1.1;
      if (toStart >= threshold) {
        toStart = average / 2;
      }
      if (toEnd >= threshold) {
        toEnd = average / 2;
      }
    }
    if (counter
        && difference > 0
        && firstValue >= 0
        && !isFarFromZero(difference, firstValue, sampled, toStart)) {
      double toZero = sampled * (firstValue / difference);
      if (toZero < toStart) {
        toStart = toZero;
      }
    }
    double factor = (sampled + toStart + toEnd) / sampled;
    if (perSecond) {
      factor /= seconds(windowEnd - windowStart);
    }
    return factor;
  }

  /** True only if a counter was zero longer ago than the window began, by far: most were. */
  private static boolean isFarFromZero(
      double difference, double firstValue, double sampled, double toStart) {
    double risen = sampled * firstValue;
    return risen > 2 * toStart * difference && risen > 1e-200 && risen < 1e200;
  }

  /** A duration in seconds, rounded as Go's {@code Duration.Seconds}. */
  public static double seconds(long millis) {
    long whole = millis / 1000;
    return whole + (millis % 1000) * 1_000_000 / 1e9;
  }

  /** irate and idelta: instantValue. */
  private static final class LastTwo extends RangeFunction {
    private final boolean rate;

    LastTwo(boolean rate) {
      this.rate = rate;
    }

    @Override
    public double at(Window w) {
      if (w.count() < 2) {
        return Absent.VALUE;
      }
      int i = w.to - 1;
      double last = w.values[i];
      double previous = w.values[i - 1];
      long interval = w.times[i] - w.times[i - 1];
      if (interval == 0) {
        return Absent.VALUE;
      }
      double result = rate && last < previous ? last : last - previous;
      return rate ? result / (interval / 1000.0) : result;
    }
  }

  /** True if a value is smaller than the one before it, or any other number. */
  public static boolean differs(double previous, double current, boolean onlyFalls) {
    return onlyFalls
        ? current < previous
        : current != previous && !(Double.isNaN(current) && Double.isNaN(previous));
  }

  /** resets and changes: how often a value differs from the one before it, in one way or any. */
  private static final class Differences extends RangeFunction {
    private final boolean onlyFalls;

    /** Per row how many there are up to it. */
    private int[] before = new int[64];

    Differences(boolean onlyFalls) {
      this.onlyFalls = onlyFalls;
    }

    @Override
    public void begin(Window series) {
      if (before.length < series.size) {
        before = new int[Math.max(series.size, 2 * before.length)];
      }
      for (int i = 1; i < series.size; i++) {
        before[i] =
            before[i - 1] + (differs(series.values[i - 1], series.values[i], onlyFalls) ? 1 : 0);
      }
    }

    @Override
    public double at(Window w) {
      return before[w.to - 1] - before[w.from];
    }
  }

  /** A least-squares line through the samples of a window. */
  private static final class Line {
    private final KahanSum x = new KahanSum();
    private final KahanSum y = new KahanSum();
    private final KahanSum xy = new KahanSum();
    private final KahanSum xx = new KahanSum();
    double slope;
    double intercept;

    void fit(Window w, long interceptTime) {
      x.clear();
      y.clear();
      xy.clear();
      xx.clear();
      double initial = w.values[w.from];
      boolean constant = true;
      for (int i = w.from; i < w.to; i++) {
        double value = w.values[i];
        if (constant && i > w.from && value != initial) {
          constant = false;
        }
        double time = (w.times[i] - interceptTime) / 1e3;
        x.add(time);
        y.add(value);
        xy.add(time * value);
        xx.add(time * time);
      }
      if (constant) {
        slope = Double.isInfinite(initial) ? Double.NaN : 0;
        intercept = Double.isInfinite(initial) ? Double.NaN : initial;
        return;
      }
      double n = w.count();
      double sumX = x.high + x.low;
      double sumY = y.high + y.low;
      double sumXy = xy.high + xy.low;
      double sumXx = xx.high + xx.low;
      double covariance = sumXy - sumX * sumY / n;
      double variance = sumXx - sumX * sumX / n;
      slope = covariance / variance;
      intercept = sumY / n - slope * sumX / n;
    }
  }

  private static final class Derivative extends RangeFunction {
    private final Line line = new Line();

    @Override
    public double at(Window w) {
      if (w.count() < 2) {
        return Absent.VALUE;
      }
      line.fit(w, w.times[w.from]); // a time near the samples keeps the sums exact
      return line.slope;
    }
  }

  private static final class PredictLinear extends RangeFunction {
    private final Line line = new Line();

    @Override
    public double at(Window w) {
      if (w.count() < 2) {
        return Absent.VALUE;
      }
      line.fit(w, w.evalTime);
      return line.slope * w.first + line.intercept;
    }
  }

  private static final class DoubleExponentialSmoothing extends RangeFunction {
    @Override
    public double at(Window w) {
      double smoothing = w.first;
      double trend = w.second;
      if (smoothing <= 0 || smoothing >= 1) {
        throw new IllegalArgumentException(
            "invalid smoothing factor. Expected: 0 < sf < 1, got: " + GoText.fixed(smoothing));
      }
      if (trend <= 0 || trend >= 1) {
        throw new IllegalArgumentException(
            "invalid trend factor. Expected: 0 < tf < 1, got: " + GoText.fixed(trend));
      }
      if (w.count() < 2) {
        return Absent.VALUE;
      }
      double previous = 0;
      double smoothed = w.values[w.from];
      double slope = w.values[w.from + 1] - w.values[w.from];
      for (int i = w.from + 1; i < w.to; i++) {
        double x = smoothing * w.values[i];
        if (i > w.from + 1) {
          slope = trend * (smoothed - previous) + (1 - trend) * slope;
        }
        double y = (1 - smoothing) * (smoothed + slope);
        previous = smoothed;
        smoothed = x + y;
      }
      return smoothed;
    }
  }

  private static final class Average extends RangeFunction {
    private final PartialSums sums = new PartialSums();
    private final KahanSum whole = new KahanSum();

    @Override
    public void begin(Window series) {
      sums.begin(series);
    }

    @Override
    public double at(Window w) {
      if (sums.sum(w, whole)) {
        double n = w.count();
        return whole.high / n + whole.low / n;
      }
      double[] values = w.values;
      double sum = values[w.from];
      double low = 0;
      double count = 1;
      int i = w.from + 1;
      for (; i < w.to; i++) {
        double next = sum + values[i];
        if (Double.isInfinite(next)) {
          break; // from here on the mean itself is carried, which cannot overflow
        }
        low = KahanSum.lowAfter(values[i], sum, low);
        sum = next;
        count++;
      }
      if (i == w.to) {
        return sum / count + low / count;
      }
      double mean = sum / count;
      low /= count;
      for (; i < w.to; i++) {
        count++;
        double weight = (count - 1) / count;
        double scaledMean = weight * mean;
        double part = values[i] / count;
        low = KahanSum.lowAfter(part, scaledMean, weight * low);
        mean = scaledMean + part;
      }
      return mean + low;
    }
  }

  private static final class Sum extends RangeFunction {
    private final PartialSums sums = new PartialSums();
    private final KahanSum whole = new KahanSum();

    @Override
    public void begin(Window series) {
      sums.begin(series);
    }

    @Override
    public double at(Window w) {
      if (sums.sum(w, whole)) {
        return whole.high + whole.low;
      }
      double[] values = w.values;
      double sum = 0;
      double low = 0;
      for (int i = w.from; i < w.to; i++) {
        double value = values[i];
        low = KahanSum.lowAfter(value, sum, low);
        sum += value;
      }
      return Double.isInfinite(sum) ? sum : sum + low;
    }
  }

  private static final class Count extends RangeFunction {
    @Override
    public double at(Window w) {
      return w.count();
    }
  }

  private static final class Present extends RangeFunction {
    @Override
    public double at(Window w) {
      return 1;
    }
  }

  private static final class Edge extends RangeFunction {
    private final boolean last;
    private final boolean time;

    Edge(boolean last, boolean time) {
      this.last = last;
      this.time = time;
    }

    @Override
    public double at(Window w) {
      int row = last ? w.to - 1 : w.from;
      return time ? w.times[row] / 1000.0 : w.values[row];
    }
  }

  /**
   * The extreme value, or its time; numbers win over NaN. A queue holds the rows that may still
   * become the extreme of a later window: each is more extreme than all after it, so that a window
   * costs what is new in it.
   */
  private static final class Extreme extends RangeFunction {
    private final boolean greatest;
    private final boolean time;
    private int[] queue = new int[64];
    private int head;
    private int tail;
    private int next;

    Extreme(boolean greatest, boolean time) {
      this.greatest = greatest;
      this.time = time;
    }

    @Override
    public void begin(Window series) {
      if (queue.length < series.size) {
        queue = new int[Math.max(series.size, 2 * queue.length)];
      }
      head = 0;
      tail = 0;
      next = 0;
    }

    @Override
    public double at(Window w) {
      for (next = Math.max(next, w.from); next < w.to; next++) {
        double value = w.values[next];
        if (!Double.isNaN(value)) {
          while (tail > head && gives(w.values[queue[tail - 1]], value)) {
            tail--;
          }
          queue[tail++] = next;
        }
      }
      while (head < tail && queue[head] < w.from) {
        head++;
      }
      int best = head < tail ? queue[head] : time ? w.to - 1 : w.from; // all are NaN
      return time ? w.times[best] / 1000.0 : w.values[best];
    }

    /** True if an older value gives way to a new one: of equal ones the time is the last one's. */
    private boolean gives(double older, double value) {
      return (greatest ? older < value : older > value) || (time && older == value);
    }
  }

  private static final class Variance extends RangeFunction {
    private final boolean root;
    private final KahanSum mean = new KahanSum();
    private final KahanSum squares = new KahanSum();

    Variance(boolean root) {
      this.root = root;
    }

    @Override
    public double at(Window w) {
      mean.clear();
      squares.clear();
      double count = 0;
      for (int i = w.from; i < w.to; i++) {
        double value = w.values[i];
        count++;
        double delta = value - (mean.high + mean.low);
        mean.add(delta / count);
        squares.add(delta * (value - (mean.high + mean.low)));
      }
      double variance = (squares.high + squares.low) / count;
      return root ? Math.sqrt(variance) : variance;
    }
  }

  private static final class QuantileOverTime extends RangeFunction {
    private double[] scratch = new double[64];

    @Override
    public double at(Window w) {
      int n = w.count();
      if (scratch.length < n) {
        scratch = new double[Math.max(n, 2 * scratch.length)];
      }
      System.arraycopy(w.values, w.from, scratch, 0, n);
      return Quantiles.quantile(w.first, scratch, n);
    }
  }

  /** mad_over_time: the median of the distances from the median. */
  private static final class MedianDeviation extends RangeFunction {
    private double[] scratch = new double[64];

    @Override
    public double at(Window w) {
      int n = w.count();
      if (scratch.length < n) {
        scratch = new double[Math.max(n, 2 * scratch.length)];
      }
      for (int i = 0; i < n; i++) {
        scratch[i] = w.values[w.from + i];
        if (Double.isNaN(scratch[i])) {
          return Double.NaN;
        }
      }
      double median = Quantiles.quantile(0.5, scratch, n);
      for (int i = 0; i < n; i++) {
        scratch[i] = Math.abs(w.values[w.from + i] - median);
      }
      return Quantiles.quantile(0.5, scratch, n);
    }
  }
}
