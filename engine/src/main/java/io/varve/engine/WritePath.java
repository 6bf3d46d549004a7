package io.varve.engine;

import io.varve.engine.format.ByteWriter;
import io.varve.engine.head.KeyCollisionException;
import io.varve.engine.head.LateHead;
import io.varve.engine.head.SeriesTable;
import io.varve.engine.log.NotLeaderException;
import io.varve.engine.log.ShardLog;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SeriesKey;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import io.varve.engine.partition.DeleteEntry;
import io.varve.engine.policy.RetentionPolicy;
import java.io.IOException;
import java.io.SyncFailedException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.PeekableIntIterator;
import org.roaringbitmap.RoaringBitmap;

/**
 * The way in, and the only place that knows its order: check the batch, find or number its series,
 * put it into the log, put it into the head, and only then acknowledge. One lock makes one writer
 * of all callers; it is never held over an fsync.
 *
 * <p>Decisions that change state (flush, delete, merge, drop) are logged here too, so that the
 * log's order is the order of everything.
 */
final class WritePath {
  /** The first so many reasons are told to the sender. */
  private static final int MOST_PROBLEMS = 20;

  /** While a flush is under way late samples may take so many times their limit. */
  private static final int LATE_BACKLOG = 2;

  /**
   * With so many samples behind the saved head it is saved again before {@code checkpointLogBytes}
   * are full: saved samples are restored in a fraction of the time that their replay takes.
   */
  private static final long MANY_SAMPLES = 2_000_000;

  /**
   * But only if so many of each series are saved at once, or saving would cost more than it does.
   */
  private static final int MANY_PER_SERIES = 80;

  /** How long a record waits for room before it looks again. */
  private static final long ROOM_MILLIS = 50;

  /** A log record may not be longer. */
  private static final int MOST_RECORD_BYTES = 60 << 20;

  private final EngineConfig config;
  private final Windows windows;
  private final ShardLog log;
  private final OpenHead open;
  private final Catalog catalog;
  private final Jobs jobs;
  private final MetadataBook metadata;
  private final EngineCounters counters;
  private final StoredSamples stored;
  private final DeleteBook deletes;

  /** Fair: a busy writer must not keep flushes waiting. A batch is long against a hand-over. */
  private final ReentrantLock lock = new ReentrantLock(true);

  private final WriteRecord.Encoder encoder = new WriteRecord.Encoder();
  private final ByteWriter decision = new ByteWriter(256);

  /** What brings in the records of other replicas; null if the log is this store's own. */
  private final @Nullable LogApplier replicated;

  /** True if appends and decisions are made here. */
  private volatile boolean leads;

  private volatile boolean ending;

  /** The last record that is in the state; kept for replicas only. */
  private volatile long appliedTo;

  /** Records with samples since the saved head was last asked to be saved by another's records. */
  private boolean hasUnsaved;

  private volatile RetentionMark retention;
  private volatile Declared.All declared;
  private @Nullable String stopped;
  private @Nullable Throwable stopCause;
  private boolean stoppedForGood;
  private boolean segmentIsTorn;
  private long segmentSamples;

  /** What deletes up to this log position meant has left the table, if it was silent. */
  private long erasedTo;

  /**
   * True if samples may have been logged since the last flush of everything, by which all before it
   * leaves the log.
   */
  private boolean logHoldsSamples = true;

  private int[] ids = new int[1024];
  private long[] times = new long[1024];
  private long[] bits = new long[1024];
  private long @Nullable [] starts;
  private int[] newRows = new int[64];
  private SeriesKey[] newKeys = new SeriesKey[64];
  private int[] histogramRows = new int[16];
  private int rejectedSamples;
  private int rejectedFloats;

  WritePath(
      EngineConfig config,
      Windows windows,
      ShardLog log,
      OpenHead open,
      Catalog catalog,
      Jobs jobs,
      MetadataBook metadata,
      EngineCounters counters,
      StoredSamples stored,
      LogApplier applied,
      boolean isReplica,
      DeleteBook deletes) {
    this.retention = applied.retention();
    this.declared = applied.declared();
    this.replicated = isReplica ? applied : null;
    this.leads = !isReplica;
    this.appliedTo = log.last();
    this.config = config;
    this.windows = windows;
    this.log = log;
    this.open = open;
    this.catalog = catalog;
    this.jobs = jobs;
    this.metadata = metadata;
    this.counters = counters;
    this.stored = stored;
    this.deletes = deletes;
  }

  /**
   * Looks up what is stored already: {@link DuplicatePolicy#REJECT} compares late samples with it.
   */
  interface StoredSamples {
    /** The raw bits of the stored value at a time, null if there is none. */
    @Nullable Long bitsAt(String tenant, Labels labels, long time);
  }

  WriteResult append(WriteBatch batch, WriteMode mode) {
    return append(batch, mode, false, 0);
  }

  /**
   * Stores samples in place of those at the same times, whatever the duplicate policy; visible at
   * once, and durable when this returns.
   *
   * @param buckets for windows that begin with them
   */
  WriteResult correct(WriteBatch batch, int buckets) {
    return append(batch, WriteMode.ALL_OR_NOTHING, true, buckets);
  }

  private WriteResult append(WriteBatch batch, WriteMode mode, boolean correction, int buckets) {
    WriteResult result;
    lock.lock();
    int known = open.table().size();
    boolean kept = false;
    try {
      if (correction) {
        flushBefore(batch, buckets);
      }
      result = appendLocked(batch, mode, correction, buckets);
      kept = result.position() > 0;
    } finally {
      if (!kept) {
        forgetNew(batch, known);
      }
      lock.unlock();
    }
    if ((correction || replicated != null || config.fsync() == FsyncPolicy.ALWAYS)
        && result.position() > 0) {
      sync(result.position());
    }
    if (correction && result.position() > 0) {
      counters.corrections.increment();
      counters.correctedSamples.add(result.samples() + result.histograms());
    }
    return result;
  }

  /**
   * Open samples that a correction may overrule become files with an earlier position, so that the
   * later ones come after it, and are not taken for the newest ones once more.
   */
  private void flushBefore(WriteBatch batch, int buckets) {
    refuseIfStopped();
    TreeMap<Long, LateHead.Window> late = open.late().windows();
    long newest = Long.MIN_VALUE;
    boolean overlaps = false;
    for (int row = 0; row < batch.sampleCount; row++) {
      newest = Math.max(newest, batch.sampleTime[row]);
      overlaps |= late.containsKey(windows.start(batch.sampleTime[row]));
    }
    for (int row = 0; row < batch.histogramCount; row++) {
      newest = Math.max(newest, batch.histogramTime[row]);
      overlaps |= late.containsKey(windows.start(batch.histogramTime[row]));
    }
    if (overlaps || newest >= open.head().minTime()) {
      flushLocked(buckets, false, false); // the ids stay as they are
    }
  }

  private WriteResult appendLocked(
      WriteBatch batch, WriteMode mode, boolean correction, int buckets) {
    refuseIfStopped();
    SeriesTable table = open.table();
    checkIds(batch, table);
    if (open.bytes() + catalog.frozenBytes() > config.maxHeadBytes()) {
      jobs.wake();
      throw new LimitExceededException(
          "open data holds "
              + (open.bytes() + catalog.frozenBytes())
              + " bytes, the limit is "
              + config.maxHeadBytes()
              + " (max_head_bytes); retry after the flush that is under way, or raise the limit");
    }
    List<String> problems = new ArrayList<>();
    int newCount = resolve(batch, table, problems);
    int rejected = newCount < 0 ? countOfUnresolved(batch) : 0;
    if (newCount < 0) {
      return refused(rejected, problems);
    }
    if (isLateBacklog() && bringsLate(batch, table)) {
      throw new LateBacklogException(
          "late samples come faster than they can be flushed: they take "
              + open.late().bytes()
              + " bytes, beyond "
              + config.maxLateBytes()
              + " (max_late_bytes) they are flushed; retry when the flush that is under way is"
              + " done");
    }
    int kept = keepSamples(batch, problems, correction);
    int keptHistograms = keepHistograms(batch, problems, correction);
    rejected = rejectedSamples;
    if (rejected > 0 && mode == WriteMode.ALL_OR_NOTHING) {
      return refused(batch.sampleCount + batch.histogramCount, problems);
    }
    boolean nothing =
        kept == 0
            && keptHistograms == 0
            && newCount == 0
            && batch.exemplarCount == 0
            && batch.metadataCount == 0;
    long position = log.last();
    if (!nothing) {
      ByteWriter record =
          encoder.encode(
              batch,
              newRows,
              newCount,
              table.size(),
              ids,
              times,
              bits,
              starts,
              kept,
              histogramRows,
              keptHistograms);
      if (correction) {
        decision.reset();
        decision.varint(buckets);
        decision.bytes(record.array(), 0, record.size());
        position = log(Records.CORRECT, decision);
        logHoldsSamples = true;
        open.beginCorrection();
      } else {
        position = log(Records.WRITE, record);
        logHoldsSamples = true;
      }
      segmentSamples += kept + keptHistograms;
      apply(batch, table, newCount, kept, keptHistograms);
      if (correction) {
        Frozen corrections = open.endCorrection(position, buckets);
        catalog.froze(corrections, open);
        jobs.add(new Jobs.CorrectJob(position, corrections));
      }
      catalog.versions().appended(times, kept, batch.histogramTime, histogramRows, keptHistograms);
    }
    counters.batch(batch.sampleCount - rejectedFloats, batch.histogramCount, batch.exemplarCount);
    counters.rejected(rejected);
    metadata.used(batch.tenant, newCount, kept + keptHistograms);
    rollIfFull();
    return new WriteResult(
        batch.sampleCount - rejectedFloats,
        batch.histogramCount - (rejected - rejectedFloats),
        batch.exemplarCount,
        rejected,
        List.copyOf(problems),
        position);
  }

  /**
   * A backfill must not take the memory that current samples need, or they would be refused with it
   * when the head is full. So what brings late samples waits for the flush, and nothing else does.
   */
  private boolean isLateBacklog() {
    return open.late().bytes() > LATE_BACKLOG * config.maxLateBytes()
        && config.backgroundThreads()
        && catalog.frozenBytes() > 0;
  }

  private boolean bringsLate(WriteBatch batch, SeriesTable table) {
    int known = table.size();
    for (int row = 0; row < batch.sampleCount; row++) {
      int id = batch.seriesId[batch.sampleSeries[row]];
      long time = batch.sampleTime[row];
      if (id < known && time != table.lastTime(id) && !open.isInOrder(id, time)) {
        return true;
      }
    }
    return false;
  }

  /** Ids that a refused batch was given mean nothing. */
  private static void forgetNew(WriteBatch batch, int known) {
    for (int row = 0; row < batch.seriesCount; row++) {
      if (batch.seriesId[row] >= known) {
        batch.seriesId[row] = WriteBatch.UNKNOWN;
      }
    }
  }

  private static WriteResult refused(int rejected, List<String> problems) {
    return new WriteResult(0, 0, 0, Math.max(rejected, 1), List.copyOf(problems), 0);
  }

  private static int countOfUnresolved(WriteBatch batch) {
    return batch.sampleCount + batch.histogramCount;
  }

  private static void checkIds(WriteBatch batch, SeriesTable table) {
    if (batch.generation == table.generation()) {
      return;
    }
    for (int row = 0; row < batch.seriesCount; row++) {
      if (batch.seriesId[row] != WriteBatch.UNKNOWN) {
        throw new StaleGenerationException(batch.generation, table.generation());
      }
    }
  }

  /**
   * Finds ids of unknown series and numbers new ones, without changing the table.
   *
   * @return how many are new, −1 if the batch is refused
   */
  private int resolve(WriteBatch batch, SeriesTable table, List<String> problems) {
    int tenantId = -1;
    int newCount = 0;
    Map<SeriesKey, Integer> added = null;
    for (int row = 0; row < batch.seriesCount; row++) {
      int id = batch.seriesId[row];
      if (id != WriteBatch.UNKNOWN) {
        if (id < 0 || id >= table.size()) {
          throw new IllegalArgumentException("series id " + id + " of " + table.size());
        }
        continue;
      }
      if (tenantId < 0) {
        tenantId = table.tenants().id(batch.tenant);
      }
      byte[] labels = batch.labelArray[row];
      int offset = batch.labelOffset[row];
      int length = batch.labelLength[row];
      if (length > SeriesTable.MOST_LABEL_BYTES) {
        problems.add(
            "a label set of " + length + " bytes; at most " + SeriesTable.MOST_LABEL_BYTES);
        return -1;
      }
      SeriesKey key = table.key(tenantId, labels, offset, length);
      try {
        id = table.find(key, tenantId, labels, offset, length);
      } catch (KeyCollisionException e) {
        problems.add(e.getMessage());
        return -1;
      }
      if (id == WriteBatch.UNKNOWN) {
        if (added == null) {
          added = new HashMap<>();
        }
        Integer sameInBatch = added.get(key);
        if (sameInBatch != null) {
          id = sameInBatch;
        } else {
          id = table.size() + newCount;
          added.put(key, id);
          if (newCount == newRows.length) {
            newRows = Arrays.copyOf(newRows, newCount * 2);
            newKeys = Arrays.copyOf(newKeys, newCount * 2);
          }
          newRows[newCount] = row;
          newKeys[newCount++] = key;
        }
      }
      batch.seriesId[row] = id;
    }
    if (table.size() + newCount > config.maxActiveSeries()) {
      throw new LimitExceededException(
          "the head has "
              + table.size()
              + " active series, "
              + newCount
              + " more would pass the limit of "
              + config.maxActiveSeries()
              + " (max_active_series); find what creates series with /api/v1/status/tsdb, or raise"
              + " the limit");
    }
    return newCount;
  }

  /** Sorts out refused samples; the rest stands in the columns afterwards. */
  private int keepSamples(WriteBatch batch, List<String> problems, boolean correction) {
    rejectedSamples = 0;
    rejectedFloats = 0;
    int n = batch.sampleCount;
    if (ids.length < n) {
      int capacity = Integer.highestOneBit(n) * 2;
      ids = new int[capacity];
      times = new long[capacity];
      bits = new long[capacity];
    }
    long[] batchStarts = batch.sampleStart;
    starts = batchStarts == null ? null : new long[Math.max(n, 1)];
    AgeLimit ages = ages(batch);
    long oldest = ages.latest();
    SeriesTable table = open.table();
    int known = table.size();
    RejectingOrder order =
        !correction && config.duplicatePolicy() == DuplicatePolicy.REJECT
            ? new RejectingOrder(batch)
            : null;
    int kept = 0;
    for (int row = 0; row < n; row++) {
      int id = batch.seriesId[batch.sampleSeries[row]];
      long time = batch.sampleTime[row];
      long valueBits = batch.sampleBits[row];
      long start = batchStarts == null ? 0 : batchStarts[row];
      String problem = null;
      if (time > Windows.MOST_MILLIS || time < -Windows.MOST_MILLIS) {
        problem = "out of bounds";
      } else if (time <= oldest && ages.isTooOld(batch.sampleSeries[row], time)) {
        problem = tooOld(ages.of(batch.sampleSeries[row]), time);
      } else if (order != null) {
        problem = order.judge(id, batch.sampleSeries[row], time, valueBits, true);
        if (problem == null && order.isNoOp()) {
          continue;
        }
      } else if (!correction && id < known && start == 0 && open.isNewest(id, time, valueBits)) {
        // The same sample again: nothing to store, and nothing to log.
        counters.duplicate();
        continue;
      } else if (!correction && id < known) {
        open.contest(id, time);
      }
      if (problem != null) {
        rejectedSamples++;
        rejectedFloats++;
        addProblem(problems, problem, batch, batch.sampleSeries[row], time);
        continue;
      }
      ids[kept] = id;
      times[kept] = time;
      bits[kept] = valueBits;
      if (starts != null) {
        starts[kept] = start;
      }
      kept++;
    }
    return kept;
  }

  private int keepHistograms(WriteBatch batch, List<String> problems, boolean correction) {
    if (histogramRows.length < batch.histogramCount) {
      histogramRows = new int[batch.histogramCount * 2];
    }
    AgeLimit ages = ages(batch);
    RejectingOrder order =
        !correction && config.duplicatePolicy() == DuplicatePolicy.REJECT
            ? new RejectingOrder(batch)
            : null;
    int kept = 0;
    for (int row = 0; row < batch.histogramCount; row++) {
      long time = batch.histogramTime[row];
      int series = batch.histogramSeries[row];
      String problem = null;
      if (time > Windows.MOST_MILLIS || time < -Windows.MOST_MILLIS) {
        problem = "out of bounds";
      } else if (ages.isTooOld(series, time)) {
        problem = tooOld(ages.of(series), time);
      } else if (order != null) {
        problem = order.judge(batch.seriesId[series], series, time, 0, false);
      }
      if (problem != null) {
        rejectedSamples++;
        addProblem(problems, problem, batch, series, time);
        continue;
      }
      histogramRows[kept++] = row;
    }
    return kept;
  }

  private AgeLimit ages(WriteBatch batch) {
    return new AgeLimit(retention.policy(), windows, batch, config.clock().millis());
  }

  private static String tooOld(long horizon, long time) {
    // A time now, in seconds, is one of January 1970 in milliseconds.
    boolean looksLikeSeconds = time <= Windows.MOST_MILLIS / 1000 && time * 1000 > horizon;
    return "out of bounds: older than the retention, which begins at "
        + horizon
        + (looksLikeSeconds ? " (times are milliseconds, this one looks like seconds)" : "");
  }

  private static void addProblem(
      List<String> problems, String problem, WriteBatch batch, int series, long time) {
    if (problems.size() < MOST_PROBLEMS) {
      Labels labels =
          Labels.fromCanonical(
              batch.labelArray[series], batch.labelOffset[series], batch.labelLength[series]);
      problems.add(problem + ": series " + labels + " timestamp " + time);
    }
  }

  private void apply(
      WriteBatch batch, SeriesTable table, int newCount, int kept, int keptHistograms) {
    if (newCount > 0) {
      int tenantId = table.tenants().id(batch.tenant);
      for (int i = 0; i < newCount; i++) {
        int row = newRows[i];
        open.addSeries(
            newKeys[i],
            tenantId,
            batch.labelArray[row],
            batch.labelOffset[row],
            batch.labelLength[row]);
      }
      counters.created(newCount);
    }
    long[] startColumn = starts;
    for (int i = 0; i < kept; i++) {
      open.sample(ids[i], times[i], bits[i], startColumn == null ? 0 : startColumn[i]);
    }
    for (int i = 0; i < keptHistograms; i++) {
      int row = histogramRows[i];
      open.histogram(
          batch.seriesId[batch.histogramSeries[row]],
          batch.histogramTime[row],
          batch.histogramStart[row],
          batch.bytes.array(),
          batch.histogramOffset[row],
          batch.histogramLength[row]);
    }
    for (int row = 0; row < batch.exemplarCount; row++) {
      int from = batch.exemplarOffset[row];
      open.head()
          .addExemplar(
              batch.seriesId[batch.exemplarSeries[row]],
              batch.exemplarTime[row],
              batch.exemplarBits[row],
              Arrays.copyOfRange(batch.bytes.array(), from, from + batch.exemplarLength[row]));
    }
    for (int row = 0; row < batch.metadataCount; row++) {
      open.head().addMetadata(batch.tenant, batch.metadataMetric[row], batch.metadata[row]);
      metadata.put(batch.tenant, batch.metadataMetric[row], batch.metadata[row]);
    }
    open.endBatch();
  }

  /** Order and duplicates as Prometheus judges them (tsdb/head_append.go, appendable). */
  private final class RejectingOrder {
    private final WriteBatch batch;
    private final Map<Integer, long[]> newest =
        new HashMap<>(); // id → time, bits, is float, is open
    private boolean noOp;

    RejectingOrder(WriteBatch batch) {
      this.batch = batch;
    }

    boolean isNoOp() {
      return noOp;
    }

    @Nullable String judge(int id, int series, long time, long valueBits, boolean isFloat) {
      noOp = false;
      long[] last = newest.get(id);
      if (last == null) {
        SeriesTable table = open.table();
        boolean known = id < table.size() && table.lastTime(id) != SeriesTable.NO_TIME;
        last =
            known
                ? new long[] {
                  table.lastTime(id), table.lastBits(id), 1, open.head().sampleCount(id) > 0 ? 1 : 0
                }
                : new long[] {SeriesTable.NO_TIME, 0, 1, 0};
        newest.put(id, last);
      }
      if (time > last[0]) {
        boolean isForgotten =
            time <= open.floor()
                && (id >= open.table().size() || open.table().lastTime(id) == SeriesTable.NO_TIME);
        String problem = isForgotten ? judgeStored(series, time, valueBits, isFloat) : null;
        if (problem == null) {
          last[0] = time;
          last[1] = valueBits;
          last[2] = isFloat ? 1 : 0;
          last[3] = 1;
        }
        return problem;
      }
      if (time == last[0] && last[3] == 0) {
        return judgeStored(series, time, valueBits, isFloat); // it may be deleted or corrected
      }
      if (time == last[0]) {
        noOp = isFloat && last[2] == 1 && valueBits == last[1];
        return noOp ? null : "duplicate sample for timestamp";
      }
      long window = config.outOfOrderMillis();
      if (window <= 0) {
        return open.maxTime() != SeriesTable.NO_TIME && time < open.maxTime() - 3_600_000L
            ? "out of bounds"
            : "out of order sample";
      }
      if (time < last[0] - window) {
        return "too old sample";
      }
      return judgeStored(series, time, valueBits, isFloat);
    }

    private @Nullable String judgeStored(int series, long time, long valueBits, boolean isFloat) {
      Labels labels =
          Labels.fromCanonical(
              batch.labelArray[series], batch.labelOffset[series], batch.labelLength[series]);
      Long there = stored.bitsAt(batch.tenant, labels, time);
      if (there == null) {
        return null;
      }
      noOp = isFloat && there == valueBits;
      return noOp ? null : "duplicate sample for timestamp";
    }
  }

  /** Logs a flush of everything that is open; true if there was something. */
  boolean flush(int buckets) {
    lock.lock();
    try {
      refuseIfStopped();
      return flushLocked(buckets);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Logs a flush of everything that is open, even of nothing if the saved head still names series
   * that are deleted.
   */
  void flushErasing(int buckets) {
    lock.lock();
    try {
      refuseIfStopped();
      boolean erases = erases();
      flushLocked(buckets, erases || open.shouldCompact(), erases);
    } finally {
      lock.unlock();
    }
  }

  private boolean flushLocked(int buckets) {
    return !open.isEmpty() && flushLocked(buckets, erases() || open.shouldCompact(), false);
  }

  /**
   * To be asked before each flush: true if series that fell silent were deleted since the last one.
   * Their labels must not stay in the saved head.
   */
  private boolean erases() {
    SeriesTable table = open.table();
    long after = erasedTo;
    erasedTo = log.last();
    for (DeleteEntry delete : deletes.all()) {
      if (delete.id() <= after || deletes.isUndone(delete)) {
        continue;
      }
      RoaringBitmap ids = table.index().select(delete.tenant(), delete.matchers(), () -> {});
      for (PeekableIntIterator it = ids.getIntIterator(); it.hasNext(); ) {
        if (open.head().sampleCount(it.next()) == 0) {
          return true;
        }
      }
    }
    return false;
  }

  private boolean flushLocked(int buckets, boolean compact, boolean evenIfEmpty) {
    if (open.isEmpty() && !evenIfEmpty) {
      return false;
    }
    decision.reset();
    new Records.Flush(true, compact, buckets, List.of()).encode(decision);
    long position = log(Records.FLUSH, decision);
    Frozen frozen = open.freeze(position, buckets, compact);
    catalog.froze(frozen, open);
    jobs.add(new Jobs.FlushJob(position, frozen, Checkpoint.Image.ofStart(open)));
    logHoldsSamples = false;
    // A segment of its own begins: ids may mean other series from here on.
    startSegment();
    return true;
  }

  /** Logs a flush of some windows' late samples. */
  void flushLate(List<Long> windowStarts, int buckets) {
    lock.lock();
    try {
      refuseIfStopped();
      decision.reset();
      new Records.Flush(false, false, buckets, windowStarts).encode(decision);
      long position = log(Records.FLUSH, decision);
      Frozen frozen = open.freezeLate(position, buckets, windowStarts);
      catalog.froze(frozen, open);
      jobs.add(new Jobs.FlushJob(position, frozen, null));
    } finally {
      lock.unlock();
    }
  }

  /**
   * Logs a delete; it is visible at once.
   *
   * @param buckets for the flush that comes before it
   * @return the job that carries it into the files
   */
  Jobs.DeleteJob delete(String tenant, List<Matcher> matchers, TimeRange range, int buckets) {
    Jobs.DeleteJob job;
    lock.lock();
    try {
      refuseIfStopped();
      if (deletes.pending() >= DeleteBook.MOST_PENDING) {
        throw new LimitExceededException(
            DeleteBook.MOST_PENDING
                + " deletes wait for their purge; purge them (clean_tombstones), or delete with"
                + " fewer, wider matchers");
      }
      // Open samples become files with an earlier position: the delete hides them like all else,
      // and no block mixes samples from before and after it. The log must not keep them either,
      // when they are purged.
      if (logHoldsSamples) {
        flushLocked(buckets, erases() || open.shouldCompact(), true);
      }
      decision.reset();
      long now = config.clock().millis();
      Records.encodeDelete(tenant, matchers, range, now, decision);
      long position = log(Records.DELETE, decision);
      job = new Jobs.DeleteJob(position, new Delete(position, tenant, matchers, range, now));
      deletes.logged(job.delete());
      catalog.deleted(job.delete());
      jobs.add(job);
    } finally {
      lock.unlock();
    }
    sync(job.position());
    return job;
  }

  /**
   * Logs that a delete is taken back; visible at once.
   *
   * @return the job that carries it into the files
   * @throws UndeleteException if that is not possible
   */
  Jobs.UndeleteJob undelete(long id) {
    Jobs.UndeleteJob job;
    lock.lock();
    try {
      refuseIfStopped();
      deletes.checkUndo(id);
      DeleteEntry entry = Objects.requireNonNull(deletes.find(id));
      decision.reset();
      long now = config.clock().millis();
      new Records.Undelete(id, now).encode(decision);
      long position = log(Records.UNDELETE, decision);
      job = new Jobs.UndeleteJob(position, id, now);
      deletes.undeleteLogged(id);
      catalog.undeleted(id, entry.range());
      counters.undeletes.increment();
      jobs.add(job);
    } finally {
      lock.unlock();
    }
    sync(job.position());
    return job;
  }

  /** Work during which nothing is appended. */
  interface Quiet {
    void run() throws IOException;
  }

  /** Runs something while the log stands still, synced to its end. */
  void quietly(Quiet work) throws IOException {
    lock.lock();
    try {
      refuseIfStopped();
      log.sync(log.last());
      work.run();
    } finally {
      lock.unlock();
    }
  }

  /** Logs a merge of a window; deletes that may still be undone are carried over. */
  void merge(long windowStart) {
    merge(windowStart, false);
  }

  /** Logs a merge of a window that carries out all of its deletes. */
  void mergePurging(long windowStart) {
    merge(windowStart, true);
  }

  private void merge(long windowStart, boolean purging) {
    lock.lock();
    try {
      refuseIfStopped();
      long now = config.clock().millis();
      // Asked under the lock: a delete that was logged a moment ago is not to be purged either.
      long keptFrom = purging ? 0 : deletes.keptFrom(now, config.undoMillis());
      decision.reset();
      Records.Merge merge = new Records.Merge(windowStart, keptFrom, now);
      merge.encode(decision);
      long position = log(Records.MERGE, decision);
      deletes.mergeLogged(position, merge);
      jobs.add(new Jobs.MergeJob(position, merge, retention.policy()));
    } finally {
      lock.unlock();
    }
  }

  /** Logs that a window and all before it are dropped. */
  void drop(long windowStart, DropReason reason) {
    lock.lock();
    try {
      refuseIfStopped();
      decision.reset();
      Records.encodeDrop(windowStart, reason, decision);
      long position = log(Records.DROP, decision);
      jobs.add(new Jobs.DropJob(position, windowStart, reason));
    } finally {
      lock.unlock();
    }
  }

  /** The policy in force, and the time up to which it was applied. */
  RetentionMark retention() {
    return retention;
  }

  /**
   * Logs another retention policy; what it does not keep is hidden at once.
   *
   * @param buckets for the flush that may come before it
   * @return the job that carries it into the files; null if the policy is in force already
   */
  Jobs.@Nullable ExpireJob setRetention(RetentionPolicy policy, long nowMillis, int buckets) {
    Jobs.ExpireJob job;
    lock.lock();
    try {
      if (policy.equals(retention.policy())) {
        return null;
      }
      job = expireLocked(new RetentionMark(nowMillis, policy), true, buckets);
    } finally {
      lock.unlock();
    }
    sync(job.position());
    return job;
  }

  /** What is declared. */
  Declared.All declared() {
    return declared;
  }

  /** Logs other declarations of a kind, made of those that there are. */
  void declare(Declared.Kind kind, UnaryOperator<Declared> change) {
    long position;
    lock.lock();
    try {
      Declared next = change.apply(declared.of(kind));
      if (next.equals(declared.of(kind))) {
        return;
      }
      refuseIfStopped();
      decision.reset();
      next.encode(decision);
      position = log(kind.record, decision);
      declared = declared.with(next);
      jobs.add(new Jobs.DeclareJob(position, next));
    } finally {
      lock.unlock();
    }
    sync(position);
  }

  /** Logs that everything goes that the policy does not keep now. */
  void expire(long nowMillis, int buckets) {
    lock.lock();
    try {
      expireLocked(new RetentionMark(nowMillis, retention.policy()), false, buckets);
    } finally {
      lock.unlock();
    }
  }

  private Jobs.ExpireJob expireLocked(RetentionMark next, boolean isOther, int buckets) {
    refuseIfStopped();
    long horizon = Expiry.horizon(windows, next.atMillis(), next.policy().shortestMillis());
    if (open.reachesBackTo(horizon)) {
      // Open samples that go become files first, as before a delete.
      flushLocked(buckets);
    }
    decision.reset();
    Records.encodeTime(next.atMillis(), decision);
    if (isOther) {
      next.policy().encode(decision);
    }
    long position = log(isOther ? Records.POLICY : Records.EXPIRE, decision);
    Expiry expiry = new Expiry(position, next.atMillis(), next.policy(), windows);
    retention = next;
    catalog.expired(expiry);
    Jobs.ExpireJob job = new Jobs.ExpireJob(expiry);
    jobs.add(job);
    return job;
  }

  /** Logs what this replica, which leads, has made of a decision. */
  void sealed(long position, SortedMap<String, String> files) {
    lock.lock();
    try {
      refuseIfStopped();
      decision.reset();
      Seals.encode(position, files, decision);
      log(Records.SEALED, decision);
    } finally {
      lock.unlock();
    }
  }

  private void rollIfFull() {
    long many = Math.max(MANY_SAMPLES, (long) MANY_PER_SERIES * open.table().size());
    if (log.segmentBytes() >= config.checkpointLogBytes() || segmentSamples >= many) {
      startSegment();
      jobs.add(new Jobs.CheckpointJob(log.last(), Checkpoint.Image.ofNow(open)));
    }
  }

  /**
   * Has the head saved as it is now: all that came so far is in the store then, without a log.
   *
   * @return the position up to which it is, when the job is done
   */
  long save() {
    lock.lock();
    try {
      refuseIfStopped();
      startSegment();
      long position = log.last();
      jobs.add(new Jobs.CheckpointJob(position, Checkpoint.Image.ofNow(open)));
      return position;
    } finally {
      lock.unlock();
    }
  }

  /** Begins a new segment now, or, if that fails, before the next record. */
  private void startSegment() {
    segmentSamples = 0;
    segmentIsTorn = true;
    if (tryLeaveSegment()) {
      segmentIsTorn = false;
    }
  }

  private long log(int type, ByteWriter record) {
    if (record.size() > MOST_RECORD_BYTES) {
      segmentIsTorn = true; // the encoder has counted it in
      throw new IllegalArgumentException(
          "a batch of "
              + record.size()
              + " bytes in the log; at most "
              + MOST_RECORD_BYTES
              + " are possible: send smaller batches");
    }
    try {
      counters.bytesWritten.add(record.size());
      appliedTo = log.append(type, record.array(), 0, record.size());
      return appliedTo;
    } catch (NotLeaderException e) {
      segmentIsTorn = true; // the encoder has counted it in
      leads = false;
      throw new NotLeadingException(String.valueOf(e.getMessage()), e);
    } catch (IOException e) {
      segmentIsTorn = true; // the encoder has counted it in
      stop("the log cannot be written: " + e.getMessage(), e, false);
      throw stoppedException();
    }
  }

  /**
   * To be called before anything is encoded. Encodings refer to earlier records of their segment,
   * so after a record that was encoded but not logged a new segment has to begin.
   */
  private void leaveTornSegment() {
    if (segmentIsTorn) {
      if (!tryLeaveSegment()) {
        throw stoppedException();
      }
      segmentIsTorn = false;
    }
  }

  /** False if the log cannot begin a new segment; writes are stopped then. */
  private boolean tryLeaveSegment() {
    try {
      log.roll();
      encoder.startSegment();
      return true;
    } catch (IOException e) {
      boolean forGood = e instanceof SyncFailedException;
      stop("the log cannot begin a new segment: " + e.getMessage(), e, forGood);
      return false;
    }
  }

  /** Returns when the log is on stable storage up to a position. */
  void sync(long position) {
    try {
      log.sync(position);
    } catch (NotLeaderException e) {
      throw new NotLeadingException(String.valueOf(e.getMessage()), e);
    } catch (IOException e) {
      if (replicated != null && !(e instanceof SyncFailedException)) {
        // It may still come to be replicated; the sender is told that this is not known.
        throw new StorageStoppedException(String.valueOf(e.getMessage()), e);
      }
      lock.lock();
      try {
        stop("an fsync of the log failed: " + e.getMessage(), e, true);
        throw stoppedException();
      } finally {
        lock.unlock();
      }
    }
  }

  /** The last record that is in the state of a replica. */
  long appliedTo() {
    return appliedTo;
  }

  /** True if appends and decisions are made here. */
  boolean leads() {
    return leads;
  }

  /** Appends and decisions are made here from now on; every record so far has been applied. */
  void lead() {
    lock.lock();
    try {
      logHoldsSamples = true;
      erasedTo = 0;
      segmentIsTorn = true; // what the encoder refers to is of another time, or another replica
      leads = true;
    } finally {
      lock.unlock();
    }
  }

  /** Appends and decisions are made elsewhere. Must not wait for the lock: see {@link Replica}. */
  void follow() {
    leads = false;
  }

  /** In the shared log a segment begins. */
  void beginReplicatedSegment() {
    lock.lock();
    try {
      Objects.requireNonNull(replicated).segment();
      if (hasUnsaved && !jobs.isCheckpointWaiting()) {
        hasUnsaved = false;
        jobs.add(new Jobs.CheckpointJob(appliedTo, Checkpoint.Image.ofNow(open)));
      }
    } finally {
      lock.unlock();
    }
  }

  /** As {@link #save}, of a replica to which all comes from elsewhere. */
  long saveReplicated() {
    lock.lock();
    try {
      Objects.requireNonNull(replicated).segment(); // what comes next begins one
      hasUnsaved = false;
      jobs.add(new Jobs.CheckpointJob(appliedTo, Checkpoint.Image.ofNow(open)));
      return appliedTo;
    } finally {
      lock.unlock();
    }
  }

  /** No record waits for room any more. */
  void end() {
    ending = true;
  }

  /**
   * Applies a record that another replica appended. Waits while what is to become files takes more
   * memory than open data may: a replica with a slow disk falls behind, rather than out of memory.
   */
  void applyReplicated(long sequence, int type, byte[] payload, int offset, int length) {
    while (catalog.frozenBytes() > config.maxHeadBytes()
        && !ending
        && !Thread.currentThread().isInterrupted()) {
      jobs.awaitEnd(ROOM_MILLIS);
    }
    LogApplier applier = Objects.requireNonNull(replicated);
    lock.lock();
    try {
      applier.take(retention, declared); // a former leader has its own decisions here
      applier.apply(sequence, type, payload, offset, length);
      open.table().findRestored();
      retention = applier.retention();
      declared = applier.declared();
      hasUnsaved |= type == Records.WRITE || type == Records.CORRECT;
      hasUnsaved &= type != Records.FLUSH;
      applier.tellTimes(catalog.versions());
      appliedTo = sequence;
    } finally {
      lock.unlock();
    }
  }

  /** Stops writes; {@code forGood} until the process starts anew. */
  void stop(String why, Throwable cause, boolean forGood) {
    lock.lock();
    try {
      if (stopped == null || (forGood && !stoppedForGood)) {
        stopped = why;
        stopCause = cause;
        stoppedForGood = forGood;
        System.getLogger(Engine.class.getName())
            .log(System.Logger.Level.ERROR, "FATAL: writes are stopped: " + why, cause);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Tries whether writes can go on after a failed write; called from time to time. */
  void tryResume() {
    lock.lock();
    try {
      if (stopped != null && !stoppedForGood && log.tryRepair()) {
        stopped = null;
        stopCause = null;
        System.getLogger(Engine.class.getName())
            .log(System.Logger.Level.INFO, "writes go on: the log can be written again");
      }
    } finally {
      lock.unlock();
    }
  }

  /** Why writes are stopped, null if they are not. */
  @Nullable String stopReason() {
    lock.lock();
    try {
      return stopped;
    } finally {
      lock.unlock();
    }
  }

  /** To be called first, under the lock, by whatever changes state. */
  private void refuseIfStopped() {
    if (!leads) {
      throw new NotLeadingException("this replica does not lead: another one takes writes");
    }
    if (stopped != null) {
      throw stoppedException();
    }
    leaveTornSegment();
  }

  private StorageStoppedException stoppedException() {
    String text =
        stopped
            + (stoppedForGood
                ? "; restart the process when the cause is gone"
                : "; writes go on by themselves when the cause is gone");
    return stopCause == null
        ? new StorageStoppedException(text)
        : new StorageStoppedException(text, stopCause);
  }
}
