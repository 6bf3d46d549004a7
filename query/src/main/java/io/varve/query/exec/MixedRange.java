package io.varve.query.exec;

import io.varve.query.function.Absent;
import io.varve.query.function.RangeFunction;
import io.varve.query.function.RangeFunctions;
import io.varve.query.function.Window;
import io.varve.query.histogram.FloatHistogram;
import io.varve.query.histogram.HistogramNote;
import io.varve.query.histogram.HistogramRanges;
import io.varve.query.histogram.HistogramTable;
import io.varve.query.promql.FunctionSignature;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A range function over a series that has histograms, alone or beside floats. Functions of floats
 * see the floats only. One thread, one series after the other.
 */
final class MixedRange {
  private final FunctionSignature signature;
  private final RangeFunction function;
  private final HistogramTable table;
  private final Window floats = new Window();
  private final Set<HistogramNote> notes = EnumSet.noneOf(HistogramNote.class);
  private @Nullable FloatHistogram[] rows = new FloatHistogram[0];
  private FloatHistogram[] histograms = new FloatHistogram[0];
  private int floatCount;
  private int histogramCount;

  /**
   * @param function what to do with floats
   */
  MixedRange(FunctionSignature signature, RangeFunction function, HistogramTable table) {
    this.signature = signature;
    this.function = function;
    this.table = table;
  }

  /** Announces another series. */
  void begin(Window series) {
    if (rows.length < series.size) {
      rows = new FloatHistogram[Math.max(series.size, 2 * rows.length)];
      histograms = new FloatHistogram[rows.length];
    }
    if (floats.values.length < series.size) {
      floats.values = new double[rows.length];
      floats.times = new long[rows.length];
    }
    for (int i = 0; i < series.size; i++) {
      rows[i] = table.get(series.values[i]);
    }
  }

  /** What the user should know since whoever asks has last cleared it. */
  Set<HistogramNote> notes() {
    return notes;
  }

  /** Divides the window's samples; returns how many floats there are. */
  int divide(Window w) {
    floatCount = 0;
    histogramCount = 0;
    for (int i = w.from; i < w.to; i++) {
      FloatHistogram histogram = rows[i];
      if (histogram == null) {
        floats.times[floatCount] = w.times[i];
        floats.values[floatCount++] = w.values[i];
      } else {
        histograms[histogramCount++] = histogram;
      }
    }
    return floatCount;
  }

  /** The value over a window that was divided; a histogram is in the table. */
  double at(Window w) {
    return switch (signature) {
      case RATE, INCREASE, DELTA -> extrapolated(w);
      case IRATE, IDELTA -> lastTwo(w);
      case RESETS -> differences(w, true);
      case CHANGES -> differences(w, false);
      case COUNT_OVER_TIME -> w.count();
      case PRESENT_OVER_TIME, ABSENT_OVER_TIME -> 1;
      case SUM_OVER_TIME, AVG_OVER_TIME -> total(w);
      case FIRST_OVER_TIME -> w.values[w.from];
      case LAST_OVER_TIME -> w.values[w.to - 1];
      case TS_OF_FIRST_OVER_TIME -> w.times[w.from] / 1000.0;
      case TS_OF_LAST_OVER_TIME -> w.times[w.to - 1] / 1000.0;
      case DERIV, PREDICT_LINEAR, DOUBLE_EXPONENTIAL_SMOOTHING -> floatsOnly(w);
      default -> floatCount == 0 ? Absent.VALUE : floatsOnly(w);
    };
  }

  /** Evaluates the floats, and says so if there is more. */
  private double floatsOnly(Window w) {
    if (floatCount > 0 && histogramCount > 0) {
      notes.add(HistogramNote.IGNORED_BESIDE_FLOATS);
    }
    return ofFloats(w);
  }

  private double ofFloats(Window w) {
    floats.size = floatCount;
    floats.from = 0;
    floats.to = floatCount;
    floats.start = w.start;
    floats.end = w.end;
    floats.evalTime = w.evalTime;
    floats.first = w.first;
    floats.second = w.second;
    if (floatCount == 0) {
      return Absent.VALUE;
    }
    function.begin(floats);
    return function.at(floats);
  }

  private double kept(@Nullable FloatHistogram histogram) {
    return histogram == null ? Absent.VALUE : table.add(histogram);
  }

  private double extrapolated(Window w) {
    if (floatCount > 0 && histogramCount > 0) {
      notes.add(HistogramNote.MIXED_FLOATS);
      return Absent.VALUE;
    }
    if (floatCount > 0) {
      return ofFloats(w);
    }
    if (histogramCount < 2) {
      return Absent.VALUE;
    }
    boolean counter = signature != FunctionSignature.DELTA;
    FloatHistogram increase =
        HistogramRanges.increase(histograms, 0, histogramCount, counter, notes);
    if (increase == null) {
      return Absent.VALUE;
    }
    double factor =
        RangeFunctions.extrapolationFactor(
            increase.count(),
            histogramCount,
            histograms[0].count(),
            w.times[w.from],
            w.times[w.to - 1],
            w.start,
            w.end,
            counter,
            signature == FunctionSignature.RATE);
    return kept(increase.times(factor));
  }

  private double lastTwo(Window w) {
    if (w.count() < 2) {
      return Absent.VALUE;
    }
    int last = w.to - 1;
    FloatHistogram current = rows[last];
    FloatHistogram previous = rows[last - 1];
    if (current == null && previous == null) {
      return ofFloats(w);
    }
    long interval = w.times[last] - w.times[last - 1];
    if (interval == 0) {
      return Absent.VALUE;
    }
    if (current == null || previous == null) {
      notes.add(HistogramNote.MIXED_FLOATS);
      return Absent.VALUE;
    }
    boolean rate = signature == FunctionSignature.IRATE;
    FloatHistogram difference = HistogramRanges.lastDifference(previous, current, rate, notes);
    return kept(difference == null || !rate ? difference : difference.dividedBy(interval / 1000.0));
  }

  private double differences(Window w, boolean onlyResets) {
    int found = 0;
    for (int i = w.from + 1; i < w.to; i++) {
      FloatHistogram current = rows[i];
      FloatHistogram previous = rows[i - 1];
      if (current != null && previous != null) {
        found += (onlyResets ? current.isResetAfter(previous) : !current.equals(previous)) ? 1 : 0;
      } else if (current != null || previous != null) {
        found++;
      } else {
        found += RangeFunctions.differs(w.values[i - 1], w.values[i], onlyResets) ? 1 : 0;
      }
    }
    return found;
  }

  private double total(Window w) {
    if (floatCount > 0 && histogramCount > 0) {
      notes.add(HistogramNote.MIXED_FLOATS);
      return Absent.VALUE;
    }
    if (histogramCount == 0) {
      return ofFloats(w);
    }
    return kept(
        HistogramRanges.total(
            histograms, 0, histogramCount, signature == FunctionSignature.AVG_OVER_TIME, notes));
  }

  /** Lets go of the last series' histograms and notes. */
  void end() {
    notes.clear();
    Arrays.fill(rows, null);
    Arrays.fill(histograms, null);
  }
}
