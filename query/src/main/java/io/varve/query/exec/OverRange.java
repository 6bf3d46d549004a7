package io.varve.query.exec;

import io.varve.engine.CellPart;
import io.varve.engine.RangeAggregate;
import io.varve.engine.SamplesGone;
import io.varve.engine.model.Labels;
import io.varve.query.QueryException;
import io.varve.query.function.Absent;
import io.varve.query.function.Quantiles;
import io.varve.query.function.RangeFunction;
import io.varve.query.function.RangeFunctions;
import io.varve.query.function.Window;
import io.varve.query.histogram.HistogramNote;
import io.varve.query.promql.FunctionSignature;
import io.varve.query.promql.Position;
import java.util.BitSet;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A range function over windows that slide along one series. The samples of a series are loaded
 * once for all steps; the window is two numbers of rows. Where windows are much longer than blocks
 * and the function can do with aggregates, those that are stored with the blocks are used instead.
 */
final class OverRange extends SeriesOperator {
  /** From this width on, a window is likely to cover whole blocks. */
  private static final long AGGREGATE_RANGE_MILLIS = 6 * 3600_000L;

  private static final int SAMPLES_BETWEEN_CHECKS = 1 << 20;

  /** What is decoded at the two ends of such a window, by guess. */
  private static final long EDGES_MILLIS = 4 * 3600_000L;

  /** To add a block's aggregate, out of the caches, takes this part of decoding the block. */
  private static final int BLOCKS_AS_SAMPLES = 24;

  /** How many windows may be put together around what they have in common. */
  private static final int MOST_AROUND_CORE = 2_000;

  private final FunctionSignature function;
  private final WindowSource source;
  private final double[][] parameters;
  private final Position position;
  private final State[] states;
  private Labels[] labels = new Labels[0];

  private SamplesGone gone = SamplesGone.NOWHERE;

  /** Width of the cells that windows are put together from, 0 if they are not. */
  private long cellMillis;

  /** True if there are cells that may be used, of whatever width. */
  private boolean hasCells;

  /** What one worker needs. */
  private static final class State {
    final RangeFunction function;
    final Window window = new Window();
    final RangeAggregate aggregate = new RangeAggregate();
    final MixedRange mixed;
    @Nullable CoreWindows core;
    @Nullable CellWindows cells;

    /** One more than the last series that this worker said it would ask for. */
    int expected;

    State(RangeFunction function, MixedRange mixed) {
      this.function = function;
      this.mixed = mixed;
    }
  }

  /**
   * @param parameters a column per scalar argument
   */
  OverRange(
      FunctionSignature function, WindowSource source, double[][] parameters, Position position) {
    super(source.query, source.grid);
    this.function = function;
    this.source = source;
    this.parameters = parameters;
    this.position = position;
    this.states = new State[query.workers()];
    if (function == FunctionSignature.COUNT_OVER_TIME
        || function == FunctionSignature.PRESENT_OVER_TIME) {
      source.needTimesOnly();
    }
  }

  @Override
  Labels[] prepare() {
    labels = source.prepare();
    if (query.useCells && takesAggregates() && labels.length > 0) {
      cellMillis = CellWindows.widest(source);
      hasCells = !source.cellMillis().isEmpty();
      gone = source.samplesGone();
    }
    if (function == FunctionSignature.DOUBLE_EXPONENTIAL_SMOOTHING && hasFactorOutOfBounds()) {
      // That is an error also where nobody needs the series.
      query.proveLater(() -> query.evaluateForErrors(this, IntStream.range(0, labels.length)));
    }
    return labels;
  }

  private boolean hasFactorOutOfBounds() {
    for (double[] factors : parameters) {
      for (double factor : factors) {
        if (factor <= 0 || factor >= 1) {
          return true;
        }
      }
    }
    return false;
  }

  /** True if windows lie so far apart that each is loaded by itself. */
  boolean isSparse() {
    return source.isSparse();
  }

  private State state(Worker worker) {
    State state = states[worker.slot()];
    if (state == null) {
      RangeFunction made = RangeFunctions.of(function);
      if (made == null) {
        throw new IllegalStateException("no range function: " + function.text());
      }
      state = new State(made, new MixedRange(function, made, query.histograms));
      states[worker.slot()] = state;
    }
    return state;
  }

  @Override
  @Nullable BitSet loseNames() {
    return source.loseNames();
  }

  @Override
  void expect(int from, int to, Worker worker) {
    if (cellMillis > 0) {
      state(worker).expected = to;
    }
  }

  @Override
  void evaluate(int series, double[] out, int at, Worker worker) {
    State state = state(worker);
    try {
      boolean done = cellMillis > 0 && fromCells(series, state, out, at, worker);
      done =
          done
              || (!gone.any()
                  && usesAggregates()
                  && fromAggregates(series, state, out, at, worker));
      if (!done) {
        fromSamples(series, state, out, at, worker);
        if (gone.any() && takesAggregates() && source.rangeMillis >= gone.cellMillis()) {
          fromCellsOnly(series, state, out, at, worker);
        }
      }
    } catch (IllegalArgumentException e) {
      throw QueryException.execution(String.valueOf(e.getMessage())); // a parameter out of bounds
    }
    if (function == FunctionSignature.RATE || function == FunctionSignature.INCREASE) {
      query.annotations.askForCounter(labels[series], query.typeLabels, position, grid, out, at);
    }
  }

  private void fromSamples(int series, State state, double[] out, int at, Worker worker) {
    Window w = state.window;
    int steps = grid.count();
    boolean sparse = source.isSparse();
    long looked = 0;
    long checked = 0;
    if (!sparse) {
      load(series, -1, state, worker);
    }
    for (int s = 0; s < steps; s++) {
      if (sparse) {
        load(series, s, state, worker);
      }
      w.evalTime = grid.time(s);
      long end = source.end(w.evalTime);
      w.move(end - source.rangeMillis, end);
      if (w.count() == 0) {
        out[at + s] = Absent.VALUE;
        continue;
      }
      looked += w.count();
      if (looked - checked > SAMPLES_BETWEEN_CHECKS) {
        checked = looked;
        query.check();
      }
      setParameters(w, s);
      if (w.hasHistograms) {
        boolean anyFloat = state.mixed.divide(w) > 0;
        checkParameters(w, anyFloat, s);
        out[at + s] = state.mixed.at(w);
        annotate(series, state.mixed, s);
      } else {
        checkParameters(w, true, s);
        out[at + s] = state.function.at(w);
      }
    }
    if (w.hasHistograms) {
      state.mixed.end();
    }
    query.countQueryable(looked);
  }

  private void load(int series, int step, State state, Worker worker) {
    source.load(series, step, state.window, worker);
    state.window.rewind();
    if (state.window.hasHistograms) {
      state.mixed.begin(state.window);
    } else {
      state.function.begin(state.window);
    }
  }

  private void setParameters(Window w, int step) {
    if (parameters.length == 0) {
      return;
    }
    w.first = parameters[0][step];
    if (parameters.length > 1) {
      w.second = parameters[1][step];
    }
  }

  private void checkParameters(Window w, boolean anyFloat, int step) {
    if (anyFloat
        && function == FunctionSignature.QUANTILE_OVER_TIME
        && Quantiles.isInvalid(w.first)) {
      query.annotations.invalidQuantile(w.first, position, grid, step);
    }
  }

  private void annotate(int series, MixedRange mixed, int step) {
    if (mixed.notes().isEmpty()) {
      return;
    }
    String name = labels[series].get(Labels.METRIC_NAME);
    for (HistogramNote note : mixed.notes()) {
      query.annotations.ofRange(note, name, position, grid, step);
    }
    mixed.notes().clear();
  }

  /** True if whole blocks may be answered from what is stored with them, and that is less work. */
  private boolean usesAggregates() {
    if (!query.useStoredAggregates
        || !source.hasAggregates()
        || source.rangeMillis < AGGREGATE_RANGE_MILLIS) {
      return false;
    }
    // Sliding over samples costs what is new in a window, once they are decoded.
    return takesAggregates()
        && (source.isPinned() || grid.count() == 1 || isFarApart() || hasCore());
  }

  /** True if what comes into a window with a step is more than putting it together anew. */
  private boolean isFarApart() {
    long together = EDGES_MILLIS + (hasCells ? 0 : source.rangeMillis / BLOCKS_AS_SAMPLES);
    return grid.step() > together;
  }

  /** What the function needs to know of cells. */
  private int parts() {
    return switch (function) {
      case SUM_OVER_TIME, AVG_OVER_TIME -> CellPart.SUM.bit();
      case MIN_OVER_TIME, MAX_OVER_TIME -> CellPart.BOUNDS.bit();
      case COUNT_OVER_TIME -> 0;
      case DELTA -> CellPart.FIRST.bit();
      default -> CellPart.FIRST.bit() | CellPart.RESETS.bit();
    };
  }

  /** What aggregates may use of cells, −1 for none of them. */
  private int aggregateParts() {
    return query.useCells ? parts() : -1;
  }

  /** True if the function can do without the samples. */
  private boolean takesAggregates() {
    return switch (function) {
      case SUM_OVER_TIME,
          AVG_OVER_TIME,
          RATE,
          INCREASE,
          DELTA,
          COUNT_OVER_TIME,
          RESETS,
          MIN_OVER_TIME,
          MAX_OVER_TIME ->
          true;
      default -> false;
    };
  }

  /** True if what all windows have in common is most of each. */
  private boolean hasCore() {
    long span = source.end(grid.last()) - source.end(grid.start());
    long core = source.rangeMillis - span;
    return core >= AGGREGATE_RANGE_MILLIS && core >= span && grid.count() <= MOST_AROUND_CORE;
  }

  /** False if one of the windows cannot be answered so: then none is. */
  private boolean fromAggregates(int series, State state, double[] out, int at, Worker worker) {
    if (!source.isPinned() && grid.count() > 1 && !isFarApart()) {
      return aroundCore(series, state, out, at, worker);
    }
    RangeAggregate a = state.aggregate;
    int parts = aggregateParts();
    for (int s = 0; s < grid.count(); s++) {
      long end = source.end(grid.time(s));
      if (!source.aggregate(series, source.window(end), parts, a, worker)
          || !put(a, end, out, at + s)) {
        return false;
      }
    }
    return true;
  }

  private boolean fromCells(int series, State state, double[] out, int at, Worker worker) {
    CellWindows windows = state.cells;
    if (windows == null) {
      windows = CellWindows.of(source, cellMillis, parts());
      state.cells = windows;
    }
    if (!windows.load(series, state.expected, worker)) {
      return false;
    }
    long looked = 0;
    for (int s = 0; s < grid.count(); s++) {
      RangeAggregate a = windows.at(s);
      looked += a.count;
      if (!isKnown(a)) {
        return false;
      }
      out[at + s] =
          a.count == 0 ? Absent.VALUE : value(a, source.end(grid.time(s)), source.rangeMillis);
    }
    query.countQueryable(looked);
    return true;
  }

  /** Windows that reach to where samples are gone, moved to the cells that are left. */
  private void fromCellsOnly(int series, State state, double[] out, int at, Worker worker) {
    CellWindows windows = state.cells;
    if (windows == null) {
      windows = CellWindows.of(source, gone.cellMillis(), parts());
      state.cells = windows;
    }
    if (!windows.load(series, state.expected, worker)) {
      return;
    }
    for (int s = 0; s < grid.count(); s++) {
      long end = source.end(grid.time(s));
      if (end - source.rangeMillis < gone.until()) {
        boolean finite =
            put(windows.at(s), windows.roundedEnd(s), windows.roundedMillis(), out, at + s);
        if (!finite) {
          out[at + s] = Absent.VALUE;
        } else if (function == FunctionSignature.INCREASE || function == FunctionSignature.DELTA) {
          out[at + s] *= (double) source.rangeMillis / windows.roundedMillis();
        }
      }
    }
  }

  private boolean aroundCore(int series, State state, double[] out, int at, Worker worker) {
    CoreWindows windows = state.core;
    if (windows == null) {
      windows = new CoreWindows(source, aggregateParts());
      state.core = windows;
    }
    if (!windows.load(series, worker)) {
      return false;
    }
    for (int s = 0; s < grid.count(); s++) {
      if (!put(windows.at(s), source.end(grid.time(s)), out, at + s)) {
        return false;
      }
    }
    return true;
  }

  /** False for a sum that, added one by one, may be finite, as a mean may be where it is not. */
  private boolean isKnown(RangeAggregate a) {
    return Double.isFinite(a.sum)
        || (function != FunctionSignature.AVG_OVER_TIME
            && function != FunctionSignature.SUM_OVER_TIME);
  }

  private boolean put(RangeAggregate a, long end, double[] out, int at) {
    return put(a, end, source.rangeMillis, out, at);
  }

  private boolean put(RangeAggregate a, long end, long rangeMillis, double[] out, int at) {
    if (!isKnown(a)) {
      return false;
    }
    query.countQueryable(a.count);
    out[at] = a.count == 0 ? Absent.VALUE : value(a, end, rangeMillis);
    return true;
  }

  private double value(RangeAggregate a, long end, long rangeMillis) {
    return switch (function) {
      case SUM_OVER_TIME -> a.sum + a.sumLow;
      case AVG_OVER_TIME -> a.sum / a.count + a.sumLow / a.count;
      case MIN_OVER_TIME -> a.min;
      case MAX_OVER_TIME -> a.max;
      case COUNT_OVER_TIME -> a.count;
      case RESETS -> a.resets;
      case RATE, INCREASE, DELTA -> {
        if (a.count < 2) {
          yield Absent.VALUE;
        }
        boolean counter = function != FunctionSignature.DELTA;
        yield RangeFunctions.extrapolate(
            counter ? a.last - a.first + a.resetCorrection : a.last - a.first,
            a.count,
            a.first,
            a.firstTime,
            a.lastTime,
            end - rangeMillis,
            end,
            counter,
            function == FunctionSignature.RATE);
      }
      default -> throw new IllegalStateException("no aggregate for " + function.text());
    };
  }
}
