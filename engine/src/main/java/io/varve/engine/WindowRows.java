package io.varve.engine;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.partition.BlockStats;
import io.varve.engine.partition.ChunkReader;
import io.varve.engine.partition.ChunkScratch;
import java.util.List;

/**
 * Reads the rows of one series out of one window's files: blocks decoded, deleted rows taken out,
 * overlaps resolved. The same way for queries and for merges. One thread.
 */
final class WindowRows {
  private static final long[] NOTHING = {};

  private final RowMerge merge;
  private final ChunkScratch scratch;
  private final EngineCounters counters;
  private final DamageLog damage;
  private boolean timesOnly;
  private boolean finite;
  private final BlockStats cellStats = new BlockStats();

  WindowRows(RowMerge merge, ChunkScratch scratch, EngineCounters counters, DamageLog damage) {
    this.merge = merge;
    this.scratch = scratch;
    this.counters = counters;
    this.damage = damage;
  }

  /**
   * Begins with other columns.
   *
   * @param timesOnly true if values need not be read where it is known that none is a stale marker
   */
  void begin(boolean timesOnly) {
    this.timesOnly = timesOnly;
    finite = true;
  }

  /** True if no value that was read since the beginning is NaN or infinite, as far as is known. */
  boolean isFinite() {
    return finite;
  }

  /** Told what is about to be decoded. */
  interface Charge {
    void block(int samples, int bytes);
  }

  /**
   * Appends the rows of a series that blocks overlapping (start, end] hold.
   *
   * @param late which files: those with samples in order, or those with late samples
   * @param deletes deletes that have not reached the files; their ranges go, too
   */
  void read(
      WindowView window,
      int windowId,
      int bucket,
      boolean late,
      long start,
      long end,
      List<Delete> deletes,
      SampleColumns into,
      Charge charge) {
    List<Shared<ChunkReader>> chunks = window.chunks(bucket);
    for (int c = 0; c < chunks.size(); c++) {
      ChunkReader chunk = chunks.get(c).get();
      if (chunk.file().info().late() != late
          || chunk.file().maxTime() <= start
          || chunk.file().minTime() > end) {
        continue;
      }
      try {
        readChunk(window, chunk, windowId, start, end, deletes, into, charge);
      } catch (CorruptDataException e) {
        // The damaged block is named and reported; what the other files have is served.
        if (damage.add(String.valueOf(e.getMessage()))) {
          counters.damage.increment();
        }
      }
    }
  }

  /**
   * Appends what is left of a series whose samples are gone: of every cell of the finest width the
   * last sample.
   */
  void readLasts(
      WindowView window,
      int windowId,
      int bucket,
      long start,
      long end,
      List<Delete> deletes,
      SampleColumns into) {
    List<List<ChunkReader>> sourceless = window.cellsBySource().sourceless(bucket);
    for (int i = 0; i < sourceless.size(); i++) {
      try {
        ChunkReader cells = WindowCells.finest(sourceless.get(i), windowId);
        if (cells != null) {
          readLasts(window, cells, windowId, cells.rowOf(windowId), start, end, deletes, into);
        }
      } catch (CorruptDataException e) {
        if (damage.add(String.valueOf(e.getMessage()))) {
          counters.damage.increment();
        }
      }
    }
  }

  private void readLasts(
      WindowView window,
      ChunkReader cells,
      int windowId,
      int row,
      long start,
      long end,
      List<Delete> deletes,
      SampleColumns into) {
    long[] gone = goneRanges(window, cells, windowId, deletes);
    for (int cell = cells.firstBlock(row), to = cells.endBlock(row); cell < to; cell++) {
      if (cells.maxTime(cell) <= start
          || cells.minTime(cell) > end
          || CellReading.touches(gone, cells, cell)
          || !cells.stats(cell, cellStats)
          || cellStats.count == 0
          || cellStats.lastTime <= start
          || cellStats.lastTime > end) {
        continue;
      }
      into.ensure(1);
      finite = false;
      int at = into.size++;
      into.times[at] = cellStats.lastTime;
      into.values[at] = cellStats.last;
      if (into.starts != null) {
        into.starts[at] = 0;
      }
      if (into.histograms != null) {
        into.histograms[at] = null;
      }
    }
  }

  private void readChunk(
      WindowView window,
      ChunkReader chunk,
      int windowId,
      long start,
      long end,
      List<Delete> deletes,
      SampleColumns into,
      Charge charge) {
    int row = chunk.rowOf(windowId);
    if (row < 0) {
      return;
    }
    long[] gone = goneRanges(window, chunk, windowId, deletes);
    for (int block = chunk.firstBlock(row), to = chunk.endBlock(row); block < to; block++) {
      if (chunk.maxTime(block) <= start || chunk.minTime(block) > end) {
        continue;
      }
      int mark = into.size;
      try {
        if (timesOnly && chunk.hasValuesOnly(block)) {
          charge.block(chunk.count(block), 0);
          chunk.readTimes(block, into, scratch);
        } else {
          charge.block(chunk.count(block), chunk.bytes(block));
          finite &= chunk.read(block, into, scratch);
          counters.blocksDecoded.increment();
        }
      } catch (CorruptDataException e) {
        into.size = mark;
        if (damage.add(String.valueOf(e.getMessage()))) {
          counters.damage.increment();
        }
        continue;
      }
      if (gone.length > 0) {
        RowMerge.remove(into, mark, gone);
      }
      RowMerge.trim(into, mark, start, end);
      merge.settle(into, mark, chunk.file().info().correction());
    }
  }

  /** Ranges (a, b] of the series that are deleted from a chunk file. */
  static long[] goneRanges(
      WindowView window, ChunkReader chunk, int windowId, List<Delete> deletes) {
    long logTo = chunk.file().info().logTo();
    long[] buried = window.tombstones().ranges(windowId, logTo);
    long[] gone = buried == null ? NOTHING : buried;
    return deletes.isEmpty() ? gone : withDeletes(gone, deletes, logTo);
  }

  /** Adds the ranges of deletes that came after a source's last sample. */
  static long[] withDeletes(long[] gone, List<Delete> deletes, long logTo) {
    long[] all = java.util.Arrays.copyOf(gone, gone.length + 2 * deletes.size());
    int n = gone.length;
    for (Delete delete : deletes) {
      if (delete.position() > logTo) {
        all[n++] = delete.range().startExclusive();
        all[n++] = delete.range().endInclusive();
      }
    }
    return n == all.length ? all : java.util.Arrays.copyOf(all, n);
  }
}
