package io.varve.engine;

import io.varve.engine.partition.CellsFile;
import io.varve.engine.partition.ChunkReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * How far continuous aggregates are.
 *
 * @param rules which there are
 * @param widths by width of cells, ascending: those that are wanted, and those that are there still
 * @param cellsRead cells that queries have read since the engine was opened
 * @param filesMade files of cells made since then
 * @param audited cells that were derived from their samples once more since then
 * @param wrong files with cells that were not what their samples are, since then; made anew
 */
public record AggregateStats(
    List<AggregateRule> rules,
    List<Width> widths,
    long cellsRead,
    long filesMade,
    long audited,
    long wrong) {
  /**
   * Cells of one width.
   *
   * @param cellMillis the width
   * @param files files with such cells
   * @param bytes their size
   * @param series rows of all files
   * @param cells cells of all files
   * @param chunksLeft chunk files whose cells are still to be made
   * @param completeTo time up to which everything in files has its cells, milliseconds since the
   *     epoch; {@code Long.MAX_VALUE} if all has
   */
  public record Width(
      long cellMillis,
      int files,
      long bytes,
      long series,
      long cells,
      int chunksLeft,
      long completeTo) {}

  /** Adds up while looking at one file after the other. */
  private static final class Sum {
    int files;
    long bytes;
    long series;
    long cells;
    int chunksLeft;
    long completeTo = Long.MAX_VALUE;
  }

  static AggregateStats of(View view, AggregateRules rules, EngineCounters counters) {
    TreeMap<Long, Sum> sums = new TreeMap<>();
    rules.digests().keySet().forEach(width -> sums.put(width, new Sum()));
    for (WindowView window : view.windows().values()) {
      for (CellsFile file : window.state().cells()) {
        Sum sum = sums.computeIfAbsent(file.file().info().cellMillis(), width -> new Sum());
        sum.files++;
        sum.bytes += file.file().bytes();
        sum.series += file.file().series();
        sum.cells += file.file().blocks();
      }
      for (Shared<ChunkReader> chunk : window.chunks()) {
        for (long width : CellMaker.missing(window, chunk.get().file(), rules).keySet()) {
          Sum sum = sums.get(width);
          if (sum != null) {
            sum.chunksLeft++;
            sum.completeTo = Math.min(sum.completeTo, chunk.get().file().minTime() - 1);
          }
        }
      }
    }
    List<Width> widths = new ArrayList<>();
    for (Map.Entry<Long, Sum> entry : sums.entrySet()) {
      Sum sum = entry.getValue();
      widths.add(
          new Width(
              entry.getKey(),
              sum.files,
              sum.bytes,
              sum.series,
              sum.cells,
              sum.chunksLeft,
              sum.completeTo));
    }
    return new AggregateStats(
        rules.all(),
        widths,
        counters.cellsRead.sum(),
        counters.cellFilesMade.sum(),
        counters.cellsAudited.sum(),
        counters.cellFilesWrong.sum());
  }
}
