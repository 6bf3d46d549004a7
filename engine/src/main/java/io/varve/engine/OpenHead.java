package io.varve.engine;

import io.varve.engine.format.ByteReader;
import io.varve.engine.head.Head;
import io.varve.engine.head.LateHead;
import io.varve.engine.head.SeriesTable;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.SeriesKey;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The open part of the store: the series table, the head, the late head, and the one rule that
 * sorts samples into them. What it holds depends only on the log records applied to it, in order,
 * so a replay builds the same. Changed under the write lock only.
 *
 * <p><b>Late</b> is judged per series: not newer than the newest sample in order. Of a series that
 * the table does not remember a sample is late if it is not newer than everything that was logged
 * before the last flush ({@code floor}): such a series may have been here before.
 */
final class OpenHead {
  /** A table is compacted when at least this share of its series, one in so many, fell silent. */
  private static final int COMPACT_SHARE = 8;

  private final Windows windows;
  private volatile SeriesTable table; // looked up by any thread
  private volatile Head head;
  private final LateHead late = new LateHead();
  private @Nullable LateHead corrections;

  /** By series the time of its newest sample, where another value came later for it. */
  private final Map<Integer, Long> contested = new HashMap<>();

  private long floor = SeriesTable.NO_TIME;
  private long frozenTo;
  private long maxTime = SeriesTable.NO_TIME;

  private int inOrder;
  private long batchMinTime = Long.MAX_VALUE;
  private long batchMaxTime = Long.MIN_VALUE;

  OpenHead(Windows windows, SeriesTable table) {
    this.windows = windows;
    this.table = table;
    this.head = new Head(table);
  }

  SeriesTable table() {
    return table;
  }

  Head head() {
    return head;
  }

  LateHead late() {
    return late;
  }

  long floor() {
    return floor;
  }

  /** Log position of the last flush of everything. */
  long frozenTo() {
    return frozenTo;
  }

  /** Goes on where a checkpoint ends: the last flush, and the newest time before it. */
  void restore(long lastFlush, long restored) {
    frozenTo = lastFlush;
    floor = restored;
    maxTime = Math.max(maxTime, restored);
  }

  long maxTime() {
    return maxTime;
  }

  /** Memory that open data holds. */
  long bytes() {
    return table.bytes() + head.bytes() + late.bytes();
  }

  int addSeries(SeriesKey key, int tenantId, byte[] labels, int offset, int length) {
    return table.add(key, tenantId, labels, offset, length);
  }

  /** Adds a series that was saved or logged; {@link SeriesTable#findRestored} is to follow. */
  int restoreSeries(int tenantId, byte[] labels, int offset, int length) {
    return table.restore(tenantId, labels, offset, length);
  }

  /** True if a sample at this time goes behind all samples of its series. */
  boolean isInOrder(int id, long time) {
    long last = table.lastTime(id);
    return time > (last == SeriesTable.NO_TIME ? floor : last);
  }

  /** Applies a float sample. */
  void sample(int id, long time, long bits, long start) {
    if (start == 0 && head.append(id, time, bits, floor)) {
      countInOrder(time);
    } else if (start != 0 && isInOrder(id, time)) {
      head.appendSide(id, time, start, bits, null, 0, 0);
      countInOrder(time);
    } else if (corrections != null) {
      corrections.add(windows.start(time), id, time, bits, start);
    } else if (!isNewest(id, time, bits) || start != 0) {
      contest(id, time);
      late.add(windows.start(time), id, time, bits, start);
    }
  }

  /**
   * True if this is the newest sample of its series once more. One that was flushed does not count:
   * it may have been deleted or corrected since; nor does one for whose time another value came
   * after it.
   */
  boolean isNewest(int id, long time, long bits) {
    return time == table.lastTime(id)
        && bits == table.lastBits(id)
        && head.sampleCount(id) > 0
        && (contested.isEmpty() || !Objects.equals(contested.get(id), time));
  }

  /** Another value comes for a time of a series, which matters if it is that of its newest. */
  void contest(int id, long time) {
    if (time == table.lastTime(id)) {
      contested.put(id, time);
    }
  }

  /**
   * From here on samples that are not newer than all of their series are corrections, until {@link
   * #endCorrection}.
   */
  void beginCorrection() {
    corrections = new LateHead();
  }

  /** The corrections since {@link #beginCorrection}. */
  Frozen endCorrection(long logTo, int buckets) {
    LateHead all = Objects.requireNonNull(corrections);
    corrections = null;
    TreeMap<Long, LateHead.Window> taken = all.windows();
    return new Frozen(new Head(table), taken, frozenTo + 1, logTo, buckets, true);
  }

  /**
   * Applies float samples of one series that follow each other in time and come after all that it
   * has, as one saves them.
   *
   * @param encoded holds the values as a FloatBlock
   * @return false if that is not what they are, and nothing was done
   */
  boolean restoreSamples(
      int id, long[] times, double[] values, int n, byte[] encoded, int offset, int length) {
    if (n == 0
        || n > Head.MOST_RESTORED
        || length > Head.MOST_RESTORED_BYTES
        || !isInOrder(id, times[0])) {
      return false;
    }
    for (int i = 1; i < n; i++) {
      if (times[i] <= times[i - 1]) {
        return false;
      }
    }
    head.restore(id, times, values, n, encoded, offset, length);
    inOrder += n;
    batchMinTime = Math.min(batchMinTime, times[0]);
    batchMaxTime = Math.max(batchMaxTime, times[n - 1]);
    return true;
  }

  /** Applies a histogram sample. */
  void histogram(int id, long time, long start, byte[] encoded, int offset, int length) {
    ByteReader in = new ByteReader().on(encoded, offset, length, "histogram", 0);
    Histogram histogram = Histogram.decode(in);
    if (isInOrder(id, time)) {
      long sum = Double.doubleToRawLongBits(histogram.sum());
      head.appendSide(id, time, start, sum, encoded, offset, length);
      countInOrder(time);
    } else {
      contest(id, time);
      LateHead into = corrections == null ? late : corrections;
      into.add(windows.start(time), id, time, histogram, start, length);
    }
  }

  private void countInOrder(long time) {
    inOrder++;
    if (time < batchMinTime) {
      batchMinTime = time;
    }
    if (time > batchMaxTime) {
      batchMaxTime = time;
    }
  }

  /** Ends a batch: publishes what it did to the head as a whole. */
  void endBatch() {
    if (inOrder > 0) {
      head.published(inOrder, batchMinTime, batchMaxTime);
      maxTime = Math.max(maxTime, batchMaxTime);
      inOrder = 0;
      batchMinTime = Long.MAX_VALUE;
      batchMaxTime = Long.MIN_VALUE;
    }
  }

  /** True if it has samples at or before a time, or late ones in a window that begins before it. */
  boolean reachesBackTo(long time) {
    TreeMap<Long, LateHead.Window> windowsOfLate = late.windows();
    return (!head.isEmpty() && head.minTime() <= time)
        || (!windowsOfLate.isEmpty() && windowsOfLate.firstKey() < time);
  }

  /** True if there is something to flush. */
  boolean isEmpty() {
    return head.isEmpty()
        && late.isEmpty()
        && head.metadata().isEmpty()
        && head.exemplars().isEmpty();
  }

  /** True if so many series fell silent since the last flush that they should leave. */
  boolean shouldCompact() {
    int silent = table.size() - active(head, late.windows()).cardinality();
    return silent > 0 && silent >= table.size() / COMPACT_SHARE;
  }

  private BitSet active(Head samples, TreeMap<Long, LateHead.Window> lateWindows) {
    BitSet active = new BitSet(table.size());
    for (int id = 0, n = table.size(); id < n; id++) {
      if (samples.sampleCount(id) > 0) {
        active.set(id);
      }
    }
    for (LateHead.Window window : lateWindows.values()) {
      for (int id : window.series()) {
        active.set(id);
      }
    }
    return active;
  }

  /**
   * Freezes all open samples and goes on with empty heads. Late samples stay where they are, too,
   * until {@link Catalog#froze} has a view that shows them frozen.
   *
   * @param logTo the last log position whose samples are in
   * @param compact true if series that were silent since the last flush leave
   */
  Frozen freeze(long logTo, int buckets, boolean compact) {
    TreeMap<Long, LateHead.Window> lateWindows = late.windows();
    Frozen frozen = new Frozen(head, lateWindows, frozenTo + 1, logTo, buckets);
    contested.clear();
    frozenTo = logTo;
    floor = Math.max(floor, maxTime);
    if (compact) {
      table = table.compact(active(head, lateWindows));
    }
    head = new Head(table);
    return frozen;
  }

  /** Freezes late samples of some windows only; as {@link #freeze}. */
  Frozen freezeLate(long logTo, int buckets, Iterable<Long> starts) {
    TreeMap<Long, LateHead.Window> all = late.windows();
    TreeMap<Long, LateHead.Window> taken = new TreeMap<>();
    for (long start : starts) {
      LateHead.@Nullable Window window = all.get(start);
      if (window != null) {
        taken.put(start, window);
      }
    }
    return new Frozen(new Head(table), taken, frozenTo + 1, logTo, buckets);
  }
}
