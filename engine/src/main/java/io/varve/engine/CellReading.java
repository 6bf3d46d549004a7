package io.varve.engine;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.head.Head;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.engine.partition.BlockStats;
import io.varve.engine.partition.ChunkReader;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Fills the cells of some series: from stored cells where nothing stands against it, from samples
 * elsewhere. Whatever has late samples, deletes or overlaps in a window is read as samples there,
 * so that a cell is always what its samples are. One thread.
 */
final class CellReading {
  private final SnapshotView snapshot;
  private final Selection selection;
  private final QueryBudget budget;
  private final ReadScratch scratch;
  private final SampleColumns rows;
  private final long windowMillis;

  private final List<OfSeries> batch = new ArrayList<>();

  private int wanted; // parts of cells that are asked for

  /** Reads samples, all sources merged. */
  interface Samples {
    void read(int series, TimeRange range, SampleColumns into);
  }

  CellReading(SnapshotView snapshot, Selection selection, QueryBudget budget, ReadScratch scratch) {
    this.snapshot = snapshot;
    this.selection = selection;
    this.budget = budget;
    this.scratch = scratch;
    this.rows = scratch.edge;
    this.windowMillis = snapshot.windowMillis();
  }

  /** Says whether deletes that concern a series have not reached the files. */
  interface Deleted {
    boolean concern(int series);
  }

  /** How far a series of the batch has come. */
  private static final class OfSeries {
    int series;
    int shard;
    CellColumns cells = new CellColumns();
    Filled filled = Filled.WHOLE;

    /** Starts of the windows of which the samples of all sources were read. */
    final Set<Long> disturbed = new HashSet<>();
  }

  private enum Filled {
    /** Everything so far is in. */
    WHOLE,
    /** Sources overlap in time: they have to be merged sample by sample. */
    DISORDER,
    /** Not to be expressed by cells. */
    BEYOND
  }

  /**
   * Fills the cells of a range, for consecutive series: window by window, so that what is read of a
   * window for one series is at hand for the next.
   */
  void fill(
      int first,
      TimeRange range,
      long cellMillis,
      int parts,
      Deleted deletes,
      Samples samples,
      List<CellColumns> into) {
    this.wanted = parts;
    List<OfSeries> all = begin(first, range, cellMillis, deletes, into);
    for (int w = 0; w < selection.windows.size(); w++) {
      WindowView window = selection.windows.get(w);
      if (window.start() >= range.endInclusive() || window.end() <= range.startExclusive()) {
        continue;
      }
      budget.check();
      boolean lateInHead = isLateInHead(window);
      for (int i = 0; i < all.size(); i++) {
        OfSeries s = all.get(i);
        if (s.filled == Filled.WHOLE) {
          int id = selection.windowId(w, s.series);
          s.filled = fromWindow(s, window, id, lateInHead, range, cellMillis, samples);
        }
      }
    }
    boolean lateElsewhere = hasLateElsewhere(range);
    for (int i = 0; i < all.size(); i++) {
      OfSeries s = all.get(i);
      if (s.filled == Filled.WHOLE) {
        s.filled = lateElsewhere ? Filled.DISORDER : fromHeads(s, range);
      }
      if (s.filled == Filled.DISORDER) {
        s.cells.begin(range, cellMillis, parts);
        s.filled = sampleBySample(s, range, cellMillis, samples);
      }
      if (s.filled != Filled.WHOLE) {
        s.cells.giveUp();
      }
      snapshot.counters().cellsRead.add(s.cells.storedCells());
    }
  }

  private List<OfSeries> begin(
      int first, TimeRange range, long cellMillis, Deleted deletes, List<CellColumns> into) {
    while (batch.size() < into.size()) {
      batch.add(new OfSeries());
    }
    for (int i = 0; i < into.size(); i++) {
      OfSeries s = batch.get(i);
      s.series = first + i;
      s.shard = selection.virtualShard(s.series);
      s.cells = into.get(i);
      s.cells.begin(range, cellMillis, wanted);
      s.filled = deletes.concern(s.series) ? Filled.DISORDER : Filled.WHOLE;
      s.disturbed.clear();
    }
    return batch.subList(0, into.size());
  }

  private Filled fromSamples(OfSeries s, TimeRange range, Samples samples) {
    samples.read(s.series, range, rows);
    return s.cells.add(rows, 0, rows.size) ? Filled.WHOLE : Filled.BEYOND;
  }

  private Filled fromWindow(
      OfSeries s,
      WindowView window,
      int id,
      boolean lateInHead,
      TimeRange range,
      long cellMillis,
      Samples samples) {
    int bucket = window.bucketOf(s.shard);
    if (isLost(window, id)) {
      s.disturbed.add(window.start());
      return fromLost(s, window, id, range, cellMillis);
    }
    if (lateInHead || (id >= 0 && isDisturbed(window, id, bucket))) {
      s.disturbed.add(window.start());
      TimeRange here =
          new TimeRange(
              Math.max(window.start(), range.startExclusive()),
              Math.min(window.end(), range.endInclusive()));
      return fromSamples(s, here, samples);
    }
    return id < 0 ? Filled.WHOLE : fromFiles(window, id, bucket, range, cellMillis, s.cells);
  }

  /** True if a head has late samples in a window. */
  private boolean isLateInHead(WindowView window) {
    if (!snapshot.late().isEmpty() && snapshot.late().containsKey(window.start())) {
      return true;
    }
    List<Frozen> frozen = snapshot.view().frozen();
    for (int i = 0; i < frozen.size(); i++) {
      if (frozen.get(i).late().containsKey(window.start())) {
        return true;
      }
    }
    return false;
  }

  /** True if a window's files have late samples of the series, or deletes of it. */
  private static boolean isDisturbed(WindowView window, int id, int bucket) {
    boolean deleted =
        window.tombstones().any() && window.tombstones().ranges(id, Long.MIN_VALUE) != null;
    List<Shared<ChunkReader>> chunks = window.chunks(bucket);
    for (int c = 0; c < chunks.size(); c++) {
      ChunkReader chunk = chunks.get(c).get();
      if ((deleted || chunk.file().info().late())
          && chunk.rowOf(id) >= 0
          && !window.hides(id, chunk)) {
        return true;
      }
    }
    return false;
  }

  /** True if a head has late samples in a window that has no files yet. */
  private boolean hasLateElsewhere(TimeRange range) {
    if (!snapshot.late().isEmpty() && isLateElsewhere(snapshot.late().keySet(), range)) {
      return true;
    }
    List<Frozen> frozen = snapshot.view().frozen();
    for (int i = 0; i < frozen.size(); i++) {
      if (isLateElsewhere(frozen.get(i).late().keySet(), range)) {
        return true;
      }
    }
    return false;
  }

  private boolean isLateElsewhere(Iterable<Long> starts, TimeRange range) {
    for (long start : starts) {
      if (start < range.endInclusive()
          && start + snapshot.windowMillis() > range.startExclusive()
          && !snapshot.view().windows().containsKey(start)) {
        return true;
      }
    }
    return false;
  }

  private Filled fromFiles(
      WindowView window, int id, int bucket, TimeRange range, long cellMillis, CellColumns into) {
    List<Shared<ChunkReader>> chunks = window.chunks(bucket);
    for (int c = 0; c < chunks.size(); c++) {
      ChunkReader chunk = chunks.get(c).get();
      if (chunk.file().maxTime() <= range.startExclusive()
          || chunk.file().minTime() > range.endInclusive()
          || window.hides(id, chunk)) {
        continue;
      }
      try {
        Filled filled = fromChunk(window.cells(bucket).get(c), chunk, id, range, cellMillis, into);
        if (filled != Filled.WHOLE) {
          return filled;
        }
      } catch (CorruptDataException e) {
        return Filled.DISORDER; // who reads the samples reports it
      }
    }
    return Filled.WHOLE;
  }

  /** The slow way; where samples are gone, there are their cells only. */
  private Filled sampleBySample(OfSeries s, TimeRange range, long cellMillis, Samples samples) {
    long from = range.startExclusive();
    for (int w = 0; w < selection.windows.size(); w++) {
      WindowView window = selection.windows.get(w);
      int id = selection.windowId(w, s.series);
      if (window.start() >= range.endInclusive() || window.end() <= from || !isLost(window, id)) {
        continue;
      }
      Filled filled =
          window.start() > from
              ? fromSamples(s, new TimeRange(from, window.start()), samples)
              : Filled.WHOLE;
      if (filled == Filled.WHOLE) {
        filled = fromLost(s, window, id, range, cellMillis);
      }
      if (filled != Filled.WHOLE) {
        return filled;
      }
      from = window.end();
    }
    return from < range.endInclusive()
        ? fromSamples(s, new TimeRange(from, range.endInclusive()), samples)
        : Filled.WHOLE;
  }

  /** True if the samples of a series are gone from a window, and cells of them are there. */
  private static boolean isLost(WindowView window, int id) {
    return id >= 0 && window.cellsBySource().isSourceless() && window.lost().contains(id);
  }

  /** Takes cells whose samples are gone; of each file that is gone the widest that will do. */
  private Filled fromLost(OfSeries s, WindowView window, int id, TimeRange range, long cellMillis) {
    for (List<ChunkReader> widestFirst :
        window.cellsBySource().sourceless(window.bucketOf(s.shard))) {
      try {
        for (ChunkReader cells : widestFirst) {
          long width = cells.file().info().cellMillis();
          int row = width <= cellMillis && cellMillis % width == 0 ? rowOf(cells, id) : -1;
          if (row >= 0) {
            Filled filled = fromCells(cells, row, range, deleted(s, window, id, cells), s.cells);
            if (filled != Filled.WHOLE) {
              return filled;
            }
            break;
          }
        }
      } catch (CorruptDataException e) {
        // Nothing else has them: what the other files have is served, and this is reported.
        if (snapshot.damageLog().add(String.valueOf(e.getMessage()))) {
          snapshot.counters().damage.increment();
        }
      }
    }
    return Filled.WHOLE;
  }

  /** What deletes hide of cells, those that have not reached the files among them. */
  private long @Nullable [] deleted(OfSeries s, WindowView window, int id, ChunkReader cells) {
    long logTo = cells.file().info().logTo();
    long[] buried = window.tombstones().ranges(id, logTo);
    if (snapshot.view().deletes().isEmpty()) {
      return buried;
    }
    List<Delete> pending = new ArrayList<>();
    for (Delete delete : snapshot.view().deletes()) {
      if (delete.concerns(selection.tenant(), selection.labels(s.series))) {
        pending.add(delete);
      }
    }
    return pending.isEmpty()
        ? buried
        : WindowRows.withDeletes(buried == null ? new long[0] : buried, pending, logTo);
  }

  private Filled fromChunk(
      List<ChunkReader> ofChunk,
      ChunkReader chunk,
      int id,
      TimeRange range,
      long cellMillis,
      CellColumns into) {
    ChunkReader cells = WindowCells.within(ofChunk, cellMillis);
    if (cells != null) {
      int cellRow = rowOf(cells, id);
      if (cellRow >= 0) {
        return fromCells(cells, cellRow, range, null, into);
      }
    }
    int row = chunk.rowOf(id);
    if (row < 0) {
      return Filled.WHOLE;
    }
    for (int block = chunk.firstBlock(row), end = chunk.endBlock(row); block < end; block++) {
      long first = chunk.minTime(block);
      if (chunk.maxTime(block) <= range.startExclusive() || first > range.endInclusive()) {
        continue;
      }
      if (!into.endsBefore(Math.max(first, range.startExclusive() + 1))) {
        return Filled.DISORDER;
      }
      rows.clear();
      chunk.read(block, rows, scratch.chunks);
      snapshot.counters().blocksDecoded.increment();
      budget.chargeBlocks(1, rows.size, chunk.bytes(block));
      RowMerge.trim(rows, range.startExclusive(), range.endInclusive());
      if (!into.add(rows, 0, rows.size)) {
        return Filled.BEYOND;
      }
    }
    return Filled.WHOLE;
  }

  /** The row of a series whose cells know what is asked for; −1 if it has none. */
  private int rowOf(ChunkReader cells, int id) {
    int row = cells.rowOf(id);
    boolean known = row >= 0 && (cells.lacks(cells.firstBlock(row)) & wanted) == 0;
    return known ? row : -1;
  }

  /**
   * Takes stored cells.
   *
   * @param gone ranges that were deleted when the samples were gone already: cells that touch one
   *     are left out as a whole
   */
  private Filled fromCells(
      ChunkReader cells, int row, TimeRange range, long @Nullable [] gone, CellColumns into) {
    BlockStats stats = scratch.stats;
    int first = cells.firstBlock(row);
    int end = cells.endBlock(row);
    // Cells do not straddle the range's ends, since both are multiples of their width.
    while (first < end && cells.maxTime(first) <= range.startExclusive()) {
      first++;
    }
    while (end > first && cells.minTime(end - 1) > range.endInclusive()) {
      end--;
    }
    while (gone != null && first < end && touches(gone, cells, first)) {
      first++;
    }
    if (first < end && !into.endsBefore(cells.minTime(first))) {
      return Filled.DISORDER;
    }
    while (first < end) {
      int next = gone == null ? cells.addCells(first, end, stats, into::add) : first;
      if (next == end) {
        break;
      }
      if (gone == null || !cells.stats(next, stats)) {
        return Filled.BEYOND;
      }
      if (stats.count > 0 && !touches(gone, cells, next)) {
        into.add(stats);
      }
      first = next + 1;
    }
    return Filled.WHOLE;
  }

  /** True if a cell has a sample in one of these ranges, or may have. */
  static boolean touches(long[] ranges, ChunkReader cells, int cell) {
    for (int r = 0; r < ranges.length; r += 2) {
      if (cells.maxTime(cell) > ranges[r] && cells.minTime(cell) <= ranges[r + 1]) {
        return true;
      }
    }
    return false;
  }

  private Filled fromHeads(OfSeries s, TimeRange range) {
    List<Frozen> frozen = snapshot.view().frozen();
    for (int i = 0; i < frozen.size(); i++) {
      Filled filled = fromHead(frozen.get(i).head(), s, range);
      if (filled != Filled.WHOLE) {
        return filled;
      }
    }
    return fromHead(snapshot.view().head(), s, range);
  }

  private Filled fromHead(Head head, OfSeries s, TimeRange range) {
    if (!SnapshotView.touches(head, range)) {
      return Filled.WHOLE;
    }
    int id = selection.headId(head.table(), s.series);
    if (id < 0 || head.table().lastTime(id) <= range.startExclusive()) {
      return Filled.WHOLE;
    }
    rows.clear();
    head.readIn(id, range, rows, scratch.heads);
    RowMerge.trim(rows, range.startExclusive(), range.endInclusive());
    budget.chargeSamples(rows.size);
    for (int from = 0; from < rows.size; ) {
      // What lies in a window whose samples were read from all sources is in already.
      long start = Math.floorDiv(rows.times[from] - 1, windowMillis) * windowMillis;
      int to = from + 1;
      while (to < rows.size && rows.times[to] <= start + windowMillis) {
        to++;
      }
      if (!s.disturbed.contains(start)) {
        if (!s.cells.endsBefore(rows.times[from])) {
          return Filled.DISORDER;
        }
        if (!s.cells.add(rows, from, to)) {
          return Filled.BEYOND;
        }
      }
      from = to;
    }
    return Filled.WHOLE;
  }
}
