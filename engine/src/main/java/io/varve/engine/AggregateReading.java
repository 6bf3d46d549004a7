package io.varve.engine;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.engine.partition.ChunkReader;
import java.util.List;

/**
 * Aggregates ranges of one series: the widest stored cells that lie in the range, narrower ones
 * towards its ends, stored aggregates of blocks where there are no cells, and samples of the blocks
 * in which the range begins and ends. Whatever has late samples, deletes or overlaps is read as
 * samples. One thread.
 */
final class AggregateReading {
  /** In place of the parts of cells that are needed: blocks only. */
  static final int NO_CELLS = -1;

  private final SnapshotView snapshot;
  private final Selection selection;
  private final QueryBudget budget;
  private final ReadScratch scratch;
  private final AggregateFold fold;
  private final SampleColumns edge;
  private final CellReading.Samples samples;
  private final CellReading.Samples heads;

  private int wanted; // parts of cells that are needed, or NO_CELLS

  /**
   * @param samples reads all sources, merged
   * @param heads appends what the heads have in order
   */
  AggregateReading(
      SnapshotView snapshot,
      Selection selection,
      QueryBudget budget,
      ReadScratch scratch,
      CellReading.Samples samples,
      CellReading.Samples heads) {
    this.snapshot = snapshot;
    this.selection = selection;
    this.budget = budget;
    this.scratch = scratch;
    this.fold = scratch.fold;
    this.edge = scratch.edge;
    this.samples = samples;
    this.heads = heads;
  }

  /**
   * Aggregates a range.
   *
   * @param parts which parts of cells are needed, {@link #NO_CELLS} to leave cells alone
   * @param deleted true if deletes that concern the series have not reached the files
   * @return false if a sample is more than an aggregate can express
   */
  boolean fill(int series, TimeRange range, int parts, boolean deleted, RangeAggregate into) {
    into.clear();
    if (range.isEmpty()) {
      return true;
    }
    this.wanted = parts;
    fold.begin(into);
    if (deleted || hasLate(series, range)) {
      return fromSamples(series, range, into);
    }
    int shard = selection.virtualShard(series);
    for (int w = 0; w < selection.windows.size(); w++) {
      int id = selection.windowId(w, series);
      WindowView window = selection.windows.get(w);
      if (id < 0
          || window.start() >= range.endInclusive()
          || window.end() <= range.startExclusive()) {
        continue;
      }
      if (!fromWindow(window, id, window.bucketOf(shard), range)) {
        return fromSamples(series, range, into);
      }
    }
    if (into.storedCells > 0) {
      snapshot.counters().cellsRead.add(into.storedCells);
    }
    edge.clear();
    heads.read(series, range, edge);
    RowMerge.trim(edge, range.startExclusive(), range.endInclusive());
    if (edge.size > 0 && into.count + into.staleCount > 0 && edge.times[0] <= fold.lastTime()) {
      return fromSamples(series, range, into);
    }
    return fold.rows(edge, 0, edge.size);
  }

  private boolean fromSamples(int series, TimeRange range, RangeAggregate into) {
    into.clear();
    fold.begin(into);
    samples.read(series, range, edge);
    return fold.rows(edge, 0, edge.size);
  }

  private boolean hasLate(int series, TimeRange range) {
    for (int w = 0; w < selection.windows.size(); w++) {
      WindowView window = selection.windows.get(w);
      int id = selection.windowId(w, series);
      if (id < 0) {
        continue;
      }
      if (window.tombstones().any()) {
        return true;
      }
      List<Shared<ChunkReader>> chunks =
          window.chunks(window.bucketOf(selection.virtualShard(series)));
      for (int c = 0; c < chunks.size(); c++) {
        ChunkReader chunk = chunks.get(c).get();
        if (chunk.file().info().late() && chunk.rowOf(id) >= 0) {
          return true;
        }
      }
    }
    for (Frozen frozen : snapshot.view().frozen()) {
      if (!Selection.touched(frozen.late(), range, snapshot.windowMillis()).isEmpty()) {
        return true;
      }
    }
    return !Selection.touched(snapshot.late(), range, snapshot.windowMillis()).isEmpty();
  }

  /** False if what the files have overlaps or cannot be read: then it is read sample by sample. */
  private boolean fromWindow(WindowView window, int id, int bucket, TimeRange range) {
    if (window.cellsBySource().isSourceless() && !fromCellsOnly(window, id, bucket, range)) {
      return false;
    }
    long start = Math.max(range.startExclusive(), window.start());
    long end = Math.min(range.endInclusive(), window.end());
    List<Shared<ChunkReader>> chunks = window.chunks(bucket);
    for (int c = 0; c < chunks.size(); c++) {
      ChunkReader chunk = chunks.get(c).get();
      if (chunk.file().maxTime() <= start || chunk.file().minTime() > end) {
        continue;
      }
      try {
        List<ChunkReader> cells = wanted == NO_CELLS ? List.of() : window.cells(bucket).get(c);
        if (!fromCells(cells, 0, chunk, id, start, end)) {
          return false;
        }
      } catch (CorruptDataException e) {
        return false; // who reads the samples reports it
      }
    }
    return true;
  }

  /**
   * Folds the cells of one width that lie in a range, and before and behind them what narrower ones
   * have.
   *
   * @param widestFirst cells of the chunk
   * @param level which of them are next; blocks are the last level
   */
  private boolean fromCells(
      List<ChunkReader> widestFirst, int level, ChunkReader chunk, int id, long start, long end) {
    if (start >= end) {
      return true;
    }
    if (level == widestFirst.size()) {
      return fromBlocks(chunk, id, start, end);
    }
    ChunkReader cells = widestFirst.get(level);
    long width = cells.file().info().cellMillis();
    long from = Math.ceilDiv(start, width) * width;
    long to = Math.floorDiv(end, width) * width;
    int row = from < to ? cells.rowOf(id) : -1;
    if (row < 0 || (cells.lacks(cells.firstBlock(row)) & wanted) != 0) {
      return fromCells(widestFirst, level + 1, chunk, id, start, end);
    }
    return fromCells(widestFirst, level + 1, chunk, id, start, from)
        && fromRow(cells, row, from, to)
        && fromCells(widestFirst, level + 1, chunk, id, to, end);
  }

  private boolean fromRow(ChunkReader cells, int row, long from, long to) {
    int end = cells.endBlock(row);
    int cell = cells.firstBlock(row);
    for (int high = end; cell < high; ) { // the first one in the range
      int middle = (cell + high) >>> 1;
      if (cells.maxTime(middle) <= from) {
        cell = middle + 1;
      } else {
        high = middle;
      }
    }
    budget.check();
    for (; cell < end && cells.minTime(cell) <= to; cell++) {
      if (!cells.stats(cell, scratch.stats)
          || (fold.any() && cells.minTime(cell) <= fold.lastTime())) {
        return false;
      }
      fold.cell(scratch.stats, cells.maxTime(cell), cells.file().info().cellMillis());
    }
    return true;
  }

  private boolean fromBlocks(ChunkReader chunk, int id, long start, long end) {
    int row = chunk.rowOf(id);
    if (row < 0) {
      return true;
    }
    for (int block = chunk.firstBlock(row), to = chunk.endBlock(row); block < to; block++) {
      long first = chunk.minTime(block);
      long last = chunk.maxTime(block);
      if (last <= start || first > end) {
        continue;
      }
      boolean covered = first > start && last <= end;
      if (covered && fold.any() && first <= fold.lastTime()) {
        return false;
      }
      if (covered && chunk.stats(block, scratch.stats)) {
        snapshot.counters().blocksAggregated.increment();
        fold.block(scratch.stats, last);
        continue;
      }
      edge.clear();
      chunk.read(block, edge, scratch.chunks);
      snapshot.counters().blocksDecoded.increment();
      budget.chargeBlocks(1, edge.size, chunk.bytes(block));
      RowMerge.trim(edge, start, end);
      if (edge.size > 0 && fold.any() && edge.times[0] <= fold.lastTime()) {
        return false;
      }
      if (!fold.rows(edge, 0, edge.size)) {
        return false;
      }
    }
    return true;
  }

  /** Folds the finest cells that lie in the range, of samples that are gone. */
  private boolean fromCellsOnly(WindowView window, int id, int bucket, TimeRange range) {
    List<List<ChunkReader>> sourceless = window.cellsBySource().sourceless(bucket);
    for (int i = 0; i < sourceless.size(); i++) {
      ChunkReader cells = sourceless.get(i).getLast();
      try {
        int row = cells.rowOf(id);
        for (int cell = row < 0 ? 0 : cells.firstBlock(row),
                end = row < 0 ? 0 : cells.endBlock(row);
            cell < end;
            cell++) {
          if (cells.minTime(cell) <= range.startExclusive()
              || cells.maxTime(cell) > range.endInclusive()) {
            continue;
          }
          if (cells.lacks(cell) != 0
              || !cells.stats(cell, scratch.stats)
              || (fold.any() && cells.minTime(cell) <= fold.lastTime())) {
            return false;
          }
          fold.cell(scratch.stats, cells.maxTime(cell), cells.file().info().cellMillis());
        }
      } catch (CorruptDataException e) {
        return false; // who reads the samples reports it
      }
    }
    return true;
  }
}
