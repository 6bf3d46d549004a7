package io.varve.query.exec;

import io.varve.engine.QueryBudget;
import io.varve.engine.SeriesReader;
import io.varve.engine.Snapshot;
import io.varve.engine.model.Matcher;
import io.varve.query.Cancellation;
import io.varve.query.Feature;
import io.varve.query.QueryException;
import io.varve.query.QueryException.ErrorType;
import io.varve.query.QueryLimits;
import io.varve.query.function.Absent;
import io.varve.query.histogram.HistogramTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What all operators of one query share: what they read, what they may spend, and where they put
 * what the user should know. Counters and checks are thread-safe; {@link #close} is for the thread
 * that asked, after the work is done.
 */
public final class QueryContext implements QueryBudget, AutoCloseable {
  private static final String WHERE = "expression evaluation";

  /** What a series costs beside its steps, in steps: a block is found, read and decoded. */
  private static final int SERIES_STEPS = 64;

  /** Work, in steps, that is not worth waking up workers for. */
  private static final int FEW_STEPS = 32 * (SERIES_STEPS + 1);

  private static final int CHUNK_VALUES = 1 << 18;

  /** With so many steps even one series may take long. */
  private static final int LONG_STEPS = 64;

  final Snapshot snapshot;
  final String tenant;
  final long lookbackMillis;
  final boolean useStoredAggregates;
  final boolean useCells;
  final boolean useGrouped;

  /** True if names are dropped at the end of the query, not by each function. */
  final boolean lateNames;

  /** True if start timestamps are looked at. */
  final boolean useStarts;

  /** True if labels say of which type a metric is. */
  final boolean typeLabels;

  final Annotations annotations = new Annotations();

  /** The histograms for which values in columns stand. */
  final HistogramTable histograms = new HistogramTable(this::chargeBytes, this::releaseBytes);

  private final QueryLimits limits;
  private final @Nullable Cancellation cancellation;
  private final WorkerPool pool;
  private final long deadlineNanos;
  private final AtomicLong bytes = new AtomicLong();
  private final AtomicLong peakBytes = new AtomicLong();
  private final AtomicLong samples = new AtomicLong();
  private final AtomicLong peakSamples = new AtomicLong();
  private final AtomicLong samplesRead = new AtomicLong();
  private final AtomicLong queryableSamples = new AtomicLong();
  private final AtomicLong storedBlocks = new AtomicLong();
  private final AtomicLong storedCells = new AtomicLong();
  private final AtomicLong series = new AtomicLong();
  private final List<SeriesReader> readers = new ArrayList<>();
  private final List<SelectorMeter> selectors = new ArrayList<>();
  private final @Nullable Profile profile;
  private final List<Runnable> leftToProve = new ArrayList<>();
  private volatile boolean ended;
  private boolean partOfMore; // of the thread that asked
  private boolean nativeBuckets;

  /** Without continuous aggregates. The clock of the deadline starts now. */
  public QueryContext(
      Snapshot snapshot,
      String tenant,
      long lookbackMillis,
      boolean useStoredAggregates,
      Set<Feature> features,
      QueryLimits limits,
      @Nullable Cancellation cancellation,
      WorkerPool pool) {
    this(
        snapshot,
        tenant,
        lookbackMillis,
        useStoredAggregates,
        false,
        false,
        features,
        limits,
        cancellation,
        pool,
        null);
  }

  /** The same for a query that is to be explained, if there is a profile. */
  public QueryContext(
      Snapshot snapshot,
      String tenant,
      long lookbackMillis,
      boolean useStoredAggregates,
      boolean useCells,
      boolean useGrouped,
      Set<Feature> features,
      QueryLimits limits,
      @Nullable Cancellation cancellation,
      WorkerPool pool,
      @Nullable Profile profile) {
    this.profile = profile;
    this.snapshot = snapshot;
    this.tenant = tenant;
    this.lookbackMillis = lookbackMillis;
    this.useStoredAggregates = useStoredAggregates;
    this.useCells = useCells && useStoredAggregates;
    this.lateNames = features.contains(Feature.DELAYED_NAME_REMOVAL);
    this.useStarts = features.contains(Feature.START_TIMESTAMPS);
    this.typeLabels = features.contains(Feature.TYPE_AND_UNIT_LABELS);
    // Tables are derived without these.
    this.useGrouped = this.useCells && useGrouped && !lateNames && !useStarts && !typeLabels;
    this.limits = limits;
    this.cancellation = cancellation;
    if (cancellation != null) {
      cancellation.observe(samplesRead::get);
    }
    this.pool = pool;
    this.deadlineNanos =
        System.nanoTime()
            + Math.min(limits.timeoutMillis(), Long.MAX_VALUE / 4_000_000) * 1_000_000;
  }

  /** Before the evaluation: series with a bucket's bound may have native histograms, too. */
  public void expectNativeBuckets() {
    nativeBuckets = true;
  }

  /** True if series with a bucket's bound may have native histograms. */
  boolean expectsNativeBuckets() {
    return nativeBuckets;
  }

  /**
   * Has something done after the evaluation: an operator that no one asked for some of its series
   * finds out whether computing them is an error.
   */
  void proveLater(Runnable proof) {
    leftToProve.add(proof);
  }

  /** Does what is left to be proved; for the thread that asked. */
  void prove() {
    for (int i = 0; i < leftToProve.size(); i++) {
      leftToProve.get(i).run();
    }
    leftToProve.clear();
  }

  /** Computes series of an operator for nothing but the error that this may be, or its remarks. */
  void evaluateForErrors(SeriesOperator operator, IntStream series) {
    int[] rows = series.toArray();
    int steps = operator.grid.count();
    parallelSeries(
        rows.length,
        steps,
        (from, to, worker) -> {
          chargeBytes(8L * steps);
          double[] column = new double[steps];
          for (int i = from; i < to; i++) {
            operator.evaluate(rows[i], column, 0, worker);
          }
          releaseBytes(8L * steps);
        });
  }

  /** Ends the query if it was cancelled or is late. */
  @Override
  public void check() {
    if (cancellation != null) {
      cancellation.pause();
    }
    if (ended || (cancellation != null && cancellation.isCancelled())) {
      throw cancelled();
    }
    if (System.nanoTime() - deadlineNanos > 0) {
      throw new QueryException(ErrorType.TIMEOUT, "query timed out in " + WHERE);
    }
  }

  /** What a query that is not wanted any more fails with. */
  QueryException cancelled() {
    ended = true;
    String why = cancellation == null ? null : cancellation.why();
    return new QueryException(
        ErrorType.CANCELED, "query was canceled in " + WHERE + (why == null ? "" : ": " + why));
  }

  @Override
  public void chargeBytes(long more) {
    long now = bytes.addAndGet(more);
    peakBytes.accumulateAndGet(now, Math::max);
    if (now > limits.maxBytes()) {
      throw QueryException.execution(
          "query would hold more than "
              + limits.maxBytes()
              + " bytes of memory in query execution"
              + blame("query.max_bytes"));
    }
  }

  @Override
  public void releaseBytes(long less) {
    bytes.addAndGet(-less);
  }

  @Override
  public void chargeSamples(long decoded) {
    samplesRead.addAndGet(decoded);
    check();
  }

  /** Samples that are kept from now on. */
  void holdSamples(long more) {
    long now = samples.addAndGet(more);
    peakSamples.accumulateAndGet(now, Math::max);
    if (now > limits.maxSamples()) {
      throw tooManySamples();
    }
  }

  /** The samples of a column that is kept from now on; a histogram counts by its size. */
  void holdColumn(double[] column, int at, int steps) {
    long weight = Absent.countPresent(column, at, steps);
    holdSamples(histograms.isUsed() ? weight + histograms.weight(column, at, steps) : weight);
  }

  /** Samples that are not kept any more. */
  void dropSamples(long less) {
    samples.addAndGet(-less);
  }

  /** Refuses what cannot fit before it is begun. */
  void checkSteps(long steps) {
    if (steps > Math.min(limits.maxSamples(), Integer.MAX_VALUE - 8)) {
      throw tooManySamples();
    }
  }

  private QueryException tooManySamples() {
    return QueryException.execution(
        "query processing would load too many samples into memory in query execution"
            + blame("query.max_samples"));
  }

  /** Names the selector that took most, as the end of a message about a limit. */
  private String blame(String setting) {
    SelectorMeter most = null;
    synchronized (selectors) {
      for (SelectorMeter selector : selectors) {
        if (most == null || selector.cost() > most.cost()) {
          most = selector;
        }
      }
    }
    return (most == null ? "" : ": most is taken by " + most)
        + "; ask for fewer series, fewer steps or a shorter range, or raise "
        + setting;
  }

  /** A meter for a selector that begins to read. */
  SelectorMeter meter(List<Matcher> matchers) {
    SelectorMeter meter = new SelectorMeter(this, matchers);
    synchronized (selectors) {
      selectors.add(meter);
    }
    if (profile != null) {
      profile.reads(meter);
    }
    return meter;
  }

  /** What is written down to explain the query; null if nobody asked. */
  @Nullable Profile profile() {
    return profile;
  }

  /** The same for points of the result that were known before. */
  public void holdKnown(long points) {
    chargeBytes(16 * points);
    holdSamples(points);
  }

  /**
   * From now on annotations are written down by steps, until {@link #endPart}.
   *
   * @param ofMore true if the query has more steps than these
   */
  public void beginPart(
      long first, long step, int count, boolean ofMore, StepAnnotations.Places places) {
    partOfMore = ofMore;
    annotations.begin(new StepGrid(first, step, count), places);
  }

  /** What was said about the steps of a part; null if that cannot be told by steps. */
  public @Nullable StepAnnotations endPart() {
    partOfMore = false;
    return annotations.end();
  }

  /** Says what is known about other steps. */
  public void addKnown(StepAnnotations known, StepAnnotations.Places places) {
    annotations.add(known, places);
  }

  /** Forgets what was said: all steps are computed anew. */
  public void forgetParts() {
    partOfMore = false;
    annotations.clear();
  }

  /** True if a grid has some of the query's own steps, of which there are more than it has. */
  boolean isPartOfMore(StepGrid grid) {
    return partOfMore && grid.scope().equals(StepGrid.Scope.SELF);
  }

  /** Counts the series of a selector. */
  void countSeries(SelectorMeter selector, int found) {
    series.addAndGet(found);
    if (found > limits.maxSeries()) {
      throw QueryException.execution(
          "selector matches "
              + found
              + " series, more than the limit of "
              + limits.maxSeries()
              + ": "
              + selector.text()
              + "; narrow it, or raise query.max_series");
    }
  }

  /** Counts samples that steps looked at. */
  void countQueryable(long looked) {
    queryableSamples.addAndGet(looked);
  }

  /** Counts blocks that were answered from stored aggregates. */
  void countStoredBlocks(long blocks) {
    storedBlocks.addAndGet(blocks);
  }

  /** Counts cells of continuous aggregates that were read. */
  void countStoredCells(long cells) {
    storedCells.addAndGet(cells);
  }

  /** How many workers there may be at a time. */
  int workers() {
    return pool.workers();
  }

  /** Runs a task over {@code [0, count)} on the workers, in chunks, and waits. */
  void parallel(int count, int chunk, WorkerPool.Task task) {
    pool.run(count, chunk, task, this);
  }

  /**
   * Runs a task over so many series, in chunks that keep all workers busy and come to the check for
   * cancellation often.
   */
  void parallelSeries(int count, int steps, WorkerPool.Task task) {
    if (count > 0 && count * ((long) SERIES_STEPS + steps) <= FEW_STEPS) {
      parallel(count, count, task); // by this thread: waking others would take longer
      return;
    }
    long even = count / (8L * workers());
    int chunk = Math.clamp(Math.min(even, CHUNK_VALUES / Math.max(1, steps)), 1, 256);
    pool.run(count, chunk, task, this, steps >= LONG_STEPS);
  }

  /** Sees to it that a reader is closed in the end. */
  SeriesReader owned(SeriesReader reader) {
    synchronized (readers) {
      readers.add(reader);
    }
    return reader;
  }

  /** Warnings with places in the text. */
  public List<String> warnings(String query) {
    return annotations.warnings(query);
  }

  /** Infos with places in the text. */
  public List<String> infos(String query) {
    return annotations.infos(query);
  }

  /** How old a sample may be for an instant selector to see it, milliseconds. */
  public long lookback() {
    return lookbackMillis;
  }

  /** True if long ranges may be answered from stored aggregates. */
  public boolean usesStoredAggregates() {
    return useStoredAggregates;
  }

  /** Series that selectors found. */
  public long series() {
    return series.get();
  }

  /** Samples decoded from the store. */
  public long samplesRead() {
    return samplesRead.get();
  }

  /** Samples that steps looked at. */
  public long queryableSamples() {
    return queryableSamples.get();
  }

  /** Most samples held at one time. */
  public long peakSamples() {
    return peakSamples.get();
  }

  /** Most bytes charged at one time. */
  public long peakBytes() {
    return peakBytes.get();
  }

  /** Blocks answered from stored aggregates. */
  public long storedBlocks() {
    return storedBlocks.get();
  }

  /** Cells of continuous aggregates read. */
  public long storedCells() {
    return storedCells.get();
  }

  /** Closes the readers. */
  @Override
  public void close() {
    ended = true;
    synchronized (readers) {
      for (SeriesReader reader : readers) {
        reader.close();
      }
      readers.clear();
    }
  }
}
