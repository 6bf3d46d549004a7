package io.varve.query.exec;

import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.query.function.Absent;
import io.varve.query.function.RangeFunctions;
import io.varve.query.function.StartTimestamps;
import io.varve.query.histogram.FloatHistogram;
import io.varve.query.histogram.HistogramNote;
import io.varve.query.histogram.HistogramRanges;
import io.varve.query.histogram.HistogramTable;
import io.varve.query.histogram.ResetHint;
import io.varve.query.plan.Selection;
import io.varve.query.promql.FunctionSignature;
import io.varve.query.promql.Position;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * rate, increase, irate and resets of series whose samples tell when their counters began; of all
 * other series another operator's result.
 */
final class OverStarts extends SeriesOperator {
  private final OverRange plain;
  private final FunctionSignature function;
  private final Selection selection;
  private final long rangeMillis;
  private final Position position;
  private @Nullable SelectedSeries series;
  private Labels[] labels = new Labels[0];

  /**
   * @param plain the same function over the same range, without start timestamps
   */
  OverStarts(
      OverRange plain,
      FunctionSignature function,
      Selection selection,
      long rangeMillis,
      Position position) {
    super(plain.query, plain.grid);
    this.plain = plain;
    this.function = function;
    this.selection = selection;
    this.rangeMillis = rangeMillis;
    this.position = position;
  }

  /** True for the functions that look at start timestamps. */
  static boolean knows(FunctionSignature function) {
    return switch (function) {
      case RATE, INCREASE, IRATE, RESETS -> true;
      default -> false;
    };
  }

  @Override
  Labels[] prepare() {
    labels = plain.prepare();
    if (labels.length > 0) {
      series = new SelectedSeries(query, selection.matchers(), all());
    }
    return labels;
  }

  private TimeRange all() {
    return new TimeRange(
        selection.reference(grid.start()) - rangeMillis, selection.reference(grid.last()));
  }

  @Override
  @Nullable BitSet loseNames() {
    return plain.loseNames();
  }

  @Override
  void evaluate(int number, double[] out, int at, Worker worker) {
    SelectedSeries found = series;
    if (found == null) {
      throw new IllegalStateException("not prepared");
    }
    if (plain.isSparse()) {
      plain.evaluate(number, out, at, worker);
      for (int s = 0; s < grid.count(); s++) {
        long end = selection.reference(grid.time(s));
        SampleColumns samples = found.read(number, new TimeRange(end - rangeMillis, end), worker);
        if (samples.starts != null) {
          overStarts(number, samples, samples.starts, s, s + 1, out, at);
        }
      }
      return;
    }
    SampleColumns samples = found.read(number, all(), worker);
    if (samples.starts == null) {
      plain.evaluate(number, out, at, worker);
    } else {
      overStarts(number, samples, samples.starts, 0, grid.count(), out, at);
    }
  }

  private void overStarts(
      int number,
      SampleColumns samples,
      long[] starts,
      int fromStep,
      int toStep,
      double[] out,
      int at) {
    @Nullable FloatHistogram[] histograms = histograms(samples, starts);
    int size = 0;
    for (int row = 0; row < samples.size; row++) {
      if (!Absent.is(samples.values[row])) {
        samples.times[size] = samples.times[row];
        samples.values[size] = HistogramTable.fromOutside(samples.values[row]);
        starts[size++] = starts[row];
      }
    }
    Set<HistogramNote> notes = EnumSet.noneOf(HistogramNote.class);
    int from = 0;
    int to = 0;
    long looked = 0;
    for (int s = fromStep; s < toStep; s++) {
      long end = selection.reference(grid.time(s));
      while (to < size && samples.times[to] <= end) {
        to++;
      }
      while (from < to && samples.times[from] <= end - rangeMillis) {
        from++;
      }
      looked += to - from;
      double value = Absent.VALUE;
      if (from < to) {
        StartTimestamps.Rows rows =
            new StartTimestamps.Rows(samples.times, samples.values, starts, from, to);
        value = value(rows, histograms, end, labels[number], notes);
      }
      out[at + s] = value;
      for (HistogramNote note : notes) {
        query.annotations.ofRange(note, labels[number].get(Labels.METRIC_NAME), position, grid, s);
      }
      notes.clear();
    }
    query.countQueryable(looked);
    if (function == FunctionSignature.RATE || function == FunctionSignature.INCREASE) {
      query.annotations.askForCounter(labels[number], query.typeLabels, position, grid, out, at);
    }
  }

  /**
   * The histograms among the samples that stay, one that began anew by its start with a hint that
   * says so; empty if there are only floats.
   */
  private static @Nullable FloatHistogram[] histograms(SampleColumns samples, long[] starts) {
    if (samples.histograms == null) {
      return new FloatHistogram[0];
    }
    @Nullable FloatHistogram[] histograms = new FloatHistogram[samples.size];
    FloatHistogram previous = null;
    int before = -1;
    int kept = 0;
    for (int row = 0; row < samples.size; row++) {
      if (Absent.is(samples.values[row])) {
        continue;
      }
      Histogram stored = samples.histogram(row);
      FloatHistogram read = stored == null ? null : FloatHistogram.of(stored);
      if (read != null) {
        boolean resets =
            before >= 0
                && StartTimestamps.isReset(
                    starts[before], samples.times[before], starts[row], samples.times[row]);
        histograms[kept] =
            resets && read.hint() != ResetHint.GAUGE
                ? read.withHint(ResetHint.RESET)
                : HistogramRanges.hinted(previous, read, false);
      }
      previous = read;
      before = row;
      kept++;
    }
    return histograms;
  }

  private double value(
      StartTimestamps.Rows rows,
      @Nullable FloatHistogram[] histograms,
      long end,
      Labels of,
      Set<HistogramNote> notes) {
    List<FloatHistogram> found = new ArrayList<>();
    for (int i = rows.from(); i < rows.to() && histograms.length > 0; i++) {
      FloatHistogram histogram = histograms[i];
      if (histogram != null) {
        found.add(histogram);
      }
    }
    if (found.isEmpty()) {
      return value(rows, end, of);
    }
    int last = rows.to() - 1;
    return switch (function) {
      case RESETS -> resets(rows, histograms);
      case IRATE -> {
        if (rows.to() - rows.from() < 2) {
          yield Absent.VALUE;
        }
        FloatHistogram previous = histograms[last - 1];
        FloatHistogram current = histograms[last];
        if (previous == null && current == null) {
          yield rows.lastRate();
        }
        if (previous == null || current == null) {
          notes.add(HistogramNote.MIXED_FLOATS);
          yield Absent.VALUE;
        }
        FloatHistogram difference = HistogramRanges.lastDifference(previous, current, true, notes);
        yield difference == null
            ? Absent.VALUE
            : query.histograms.add(
                difference.dividedBy((rows.times()[last] - rows.times()[last - 1]) / 1000.0));
      }
      default -> {
        if (found.size() < rows.to() - rows.from()) {
          notes.add(HistogramNote.MIXED_FLOATS);
          yield Absent.VALUE;
        }
        if (rows.overlap()) {
          query.annotations.startOverlap(of.get(Labels.METRIC_NAME), position);
        }
        FloatHistogram increase = increase(rows, found.toArray(new FloatHistogram[0]), end, notes);
        yield increase == null ? Absent.VALUE : query.histograms.add(increase);
      }
    };
  }

  private static double resets(StartTimestamps.Rows rows, @Nullable FloatHistogram[] histograms) {
    int count = 0;
    for (int i = rows.from() + 1; i < rows.to(); i++) {
      FloatHistogram previous = histograms[i - 1];
      FloatHistogram current = histograms[i];
      boolean resets =
          (previous == null && current == null)
              ? rows.resets(i)
              : previous == null || current == null || current.isResetAfter(previous);
      count += resets ? 1 : 0;
    }
    return count;
  }

  private @Nullable FloatHistogram increase(
      StartTimestamps.Rows rows, FloatHistogram[] h, long end, Set<HistogramNote> notes) {
    boolean perSecond = function == FunctionSignature.RATE;
    FloatHistogram result =
        h.length < 2 ? null : HistogramRanges.increase(h, 0, h.length, true, notes);
    if (h.length > 1 && result == null) {
      return null;
    }
    if (rows.beginsWithin(end - rangeMillis)) {
      FloatHistogram.Combined sum = result == null ? null : result.plus(h[0]);
      if (result != null && sum == null) {
        notes.add(HistogramNote.MIXED_SCHEMAS);
        return null;
      }
      FloatHistogram whole = sum == null ? h[0] : sum.value();
      return whole.times(rows.factorFromStart(end - rangeMillis, end, perSecond));
    }
    return result == null
        ? null
        : result.times(
            RangeFunctions.extrapolationFactor(
                result.count(),
                h.length,
                h[0].count(),
                rows.times()[rows.from()],
                rows.times()[rows.to() - 1],
                end - rangeMillis,
                end,
                true,
                perSecond));
  }

  private double value(StartTimestamps.Rows rows, long end, Labels of) {
    return switch (function) {
      case RESETS -> rows.resets();
      case IRATE -> rows.lastRate();
      default -> {
        if (rows.overlap()) {
          query.annotations.startOverlap(of.get(Labels.METRIC_NAME), position);
        }
        yield rows.increase(end - rangeMillis, end, function == FunctionSignature.RATE);
      }
    };
  }
}
