package io.varve.engine;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.head.Head;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.engine.partition.BlockStats;
import io.varve.engine.partition.ChunkReader;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Fills the cells of one series: from stored cells where nothing stands against it, from samples
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

  /** Starts of the windows of which the samples of all sources were read. */
  private final Set<Long> disturbed = new HashSet<>();

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

  /**
   * Fills the cells of a range.
   *
   * @param deleted true if deletes that concern the series have not reached the files
   * @return false if a sample is more than a cell can express
   */
  boolean fill(
      int series,
      TimeRange range,
      long cellMillis,
      int parts,
      boolean deleted,
      Samples samples,
      CellColumns into) {
    into.begin(range, cellMillis);
    this.wanted = parts;
    Filled filled =
        deleted ? Filled.DISORDER : fromFilesAndHeads(series, range, cellMillis, samples, into);
    if (filled == Filled.DISORDER) {
      into.begin(range, cellMillis);
      filled = fromSamples(series, range, samples, into);
    }
    if (into.storedCells() > 0) {
      snapshot.counters().cellsRead.add(into.storedCells());
    }
    return filled == Filled.WHOLE;
  }

  private enum Filled {
    /** Everything is in. */
    WHOLE,
    /** Sources overlap in time: they have to be merged sample by sample. */
    DISORDER,
    /** Not to be expressed by cells. */
    BEYOND
  }

  private Filled fromSamples(int series, TimeRange range, Samples samples, CellColumns into) {
    samples.read(series, range, rows);
    return into.add(rows, 0, rows.size) ? Filled.WHOLE : Filled.BEYOND;
  }

  private Filled fromFilesAndHeads(
      int series, TimeRange range, long cellMillis, Samples samples, CellColumns into) {
    int shard = selection.virtualShard(series);
    disturbed.clear();
    for (int w = 0; w < selection.windows.size(); w++) {
      WindowView window = selection.windows.get(w);
      int id = selection.windowId(w, series);
      if (window.start() >= range.endInclusive() || window.end() <= range.startExclusive()) {
        continue;
      }
      int bucket = window.bucketOf(shard);
      Filled filled;
      if (isDisturbed(window, id, bucket)) {
        TimeRange here =
            new TimeRange(
                Math.max(window.start(), range.startExclusive()),
                Math.min(window.end(), range.endInclusive()));
        filled = fromSamples(series, here, samples, into);
        disturbed.add(window.start());
      } else if (id >= 0) {
        filled = fromWindow(window, id, bucket, range, cellMillis, into);
      } else {
        continue;
      }
      if (filled != Filled.WHOLE) {
        return filled;
      }
    }
    if (hasLateElsewhere(range)) {
      return Filled.DISORDER;
    }
    return fromHeads(series, range, into);
  }

  /** True if a window has late samples of the series, or deletes of it. */
  private boolean isDisturbed(WindowView window, int id, int bucket) {
    if (!snapshot.late().isEmpty() && snapshot.late().containsKey(window.start())) {
      return true;
    }
    List<Frozen> frozen = snapshot.view().frozen();
    for (int i = 0; i < frozen.size(); i++) {
      if (frozen.get(i).late().containsKey(window.start())) {
        return true;
      }
    }
    if (id < 0) {
      return false;
    }
    boolean deleted =
        window.tombstones().any() && window.tombstones().ranges(id, Long.MIN_VALUE) != null;
    List<Shared<ChunkReader>> chunks = window.chunks(bucket);
    for (int c = 0; c < chunks.size(); c++) {
      ChunkReader chunk = chunks.get(c).get();
      if ((deleted || chunk.file().info().late()) && chunk.rowOf(id) >= 0) {
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

  private Filled fromWindow(
      WindowView window, int id, int bucket, TimeRange range, long cellMillis, CellColumns into) {
    List<List<ChunkReader>> sourceless = window.cellsBySource().sourceless(bucket);
    for (int i = 0; i < sourceless.size(); i++) {
      Filled filled = fromSourceless(window, sourceless.get(i), id, range, cellMillis, into);
      if (filled != Filled.WHOLE) {
        return filled;
      }
    }
    List<Shared<ChunkReader>> chunks = window.chunks(bucket);
    for (int c = 0; c < chunks.size(); c++) {
      ChunkReader chunk = chunks.get(c).get();
      if (chunk.file().maxTime() <= range.startExclusive()
          || chunk.file().minTime() > range.endInclusive()) {
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

  private Filled fromSourceless(
      WindowView window,
      List<ChunkReader> widestFirst,
      int id,
      TimeRange range,
      long cellMillis,
      CellColumns into) {
    ChunkReader cells = WindowCells.within(widestFirst, cellMillis);
    if (cells == null) {
      return Filled.WHOLE;
    }
    try {
      int row = rowOf(cells, id);
      return row < 0
          ? Filled.WHOLE
          : fromCells(
              cells, row, range, window.tombstones().ranges(id, cells.file().info().logTo()), into);
    } catch (CorruptDataException e) {
      // Nothing else has them: what the other files have is served, and this is reported.
      if (snapshot.damageLog().add(String.valueOf(e.getMessage()))) {
        snapshot.counters().damage.increment();
      }
      return Filled.WHOLE;
    }
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
      budget.chargeBlock(rows.size, chunk.bytes(block));
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
    if (first < end && !into.endsBefore(cells.minTime(first))) {
      return Filled.DISORDER;
    }
    budget.check();
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

  private Filled fromHeads(int series, TimeRange range, CellColumns into) {
    List<Frozen> frozen = snapshot.view().frozen();
    for (int i = 0; i < frozen.size(); i++) {
      Filled filled = fromHead(frozen.get(i).head(), series, range, into);
      if (filled != Filled.WHOLE) {
        return filled;
      }
    }
    return fromHead(snapshot.view().head(), series, range, into);
  }

  private Filled fromHead(Head head, int series, TimeRange range, CellColumns into) {
    if (!SnapshotView.touches(head, range)) {
      return Filled.WHOLE;
    }
    int id = selection.headId(head.table(), series);
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
      if (!disturbed.contains(start)) {
        if (!into.endsBefore(rows.times[from])) {
          return Filled.DISORDER;
        }
        if (!into.add(rows, from, to)) {
          return Filled.BEYOND;
        }
      }
      from = to;
    }
    return Filled.WHOLE;
  }
}
