package io.varve.engine;

import io.varve.engine.model.SampleColumns;
import io.varve.engine.partition.BlockStats;
import io.varve.engine.partition.CellsFile;
import io.varve.engine.partition.ChunkReader;
import io.varve.engine.partition.ChunkScratch;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Derives stored cells from their samples once more, here and there, and compares. A file of cells
 * proves its bytes by checksums; this proves that they were right when they were written. One
 * thread.
 */
final class CellAudit {
  private static final int ROWS_A_LOOK = 8;

  /** About a million samples. */
  private static final int MOST_BLOCKS = 2_048;

  private final RandomGenerator random;
  private final EngineCounters counters;
  private final ChunkScratch scratch = new ChunkScratch();
  private final SampleColumns rows = new SampleColumns();
  private final BlockStats expected = new BlockStats();
  private final BlockStats found = new BlockStats();

  CellAudit(RandomGenerator random, EngineCounters counters) {
    this.random = random;
    this.counters = counters;
  }

  /**
   * A file whose cells are not what its samples are.
   *
   * @param problem which cell, and how it differs
   */
  record Mismatch(WindowView window, CellsFile file, String problem) {}

  /** Looks at some series of one file, chosen by chance; null if all is well. */
  @Nullable Mismatch look(View view) {
    List<WindowView> windows = new ArrayList<>();
    for (WindowView window : view.windows().values()) {
      if (!window.cells().isEmpty()) {
        windows.add(window);
      }
    }
    if (windows.isEmpty()) {
      return null;
    }
    WindowView window = windows.get(random.nextInt(windows.size()));
    CellsFile file = window.state().cells().get(random.nextInt(window.state().cells().size()));
    ChunkReader cells = null;
    for (Shared<ChunkReader> open : window.cells()) {
      if (open.get().file().equals(file.file())) {
        cells = open.get();
      }
    }
    for (Shared<ChunkReader> chunk : window.chunks()) {
      if (cells != null && chunk.get().file().path().equals(file.source())) {
        String problem = compare(chunk.get(), cells);
        return problem == null ? null : new Mismatch(window, file, problem);
      }
    }
    return null; // the samples are gone
  }

  private @Nullable String compare(ChunkReader chunk, ChunkReader cells) {
    for (int i = 0; i < ROWS_A_LOOK && cells.seriesCount() > 0; i++) {
      int row = random.nextInt(cells.seriesCount());
      int source = chunk.rowOf(cells.windowIdAt(row));
      if (source < 0) {
        return "row " + row + " is of a series without samples";
      }
      if (chunk.endBlock(source) - chunk.firstBlock(source) > MOST_BLOCKS) {
        continue; // of windows of a year, say: they would take too much memory at once
      }
      rows.clear();
      for (int block = chunk.firstBlock(source); block < chunk.endBlock(source); block++) {
        chunk.read(block, rows, scratch);
      }
      String problem = compare(cells, row);
      if (problem != null) {
        return problem;
      }
    }
    return null;
  }

  private @Nullable String compare(ChunkReader cells, int row) {
    int cell = cells.firstBlock(row);
    int end = cells.endBlock(row);
    long width = cells.file().info().cellMillis();
    for (int from = 0; from < rows.size; cell++) {
      int to = CellMaker.endOfCell(rows, from, width);
      if (cell == end) {
        return "row " + row + " ends before time " + rows.times[from];
      }
      counters.cellsAudited.increment();
      boolean known = expected.collect(rows, from, to);
      if (known && expected.count > 0) {
        expected.forget(cells.lacks(cell));
      }
      boolean stored = cells.stats(cell, found);
      if (known != stored
          || cells.minTime(cell) != rows.times[from]
          || cells.maxTime(cell) != rows.times[to - 1]
          || cells.count(cell) != to - from
          || (known && !isSame())) {
        return "cell " + cell + " of row " + row + ", from time " + rows.times[from];
      }
      from = to;
    }
    return cell == end ? null : "row " + row + " goes on behind its samples";
  }

  private boolean isSame() {
    return expected.count == found.count
        && expected.staleCount == found.staleCount
        && expected.firstTime == found.firstTime
        && expected.lastTime == found.lastTime
        && expected.first == found.first
        && expected.last == found.last
        && expected.min == found.min
        && expected.max == found.max
        && expected.sum == found.sum
        && Math.abs(expected.sumLow - found.sumLow) <= Math.ulp(expected.sum)
        && expected.resets == found.resets
        && expected.resetCorrection == found.resetCorrection;
  }
}
