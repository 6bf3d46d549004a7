package io.varve.engine;

import io.varve.engine.partition.CellsFile;
import io.varve.engine.partition.ChunkReader;
import io.varve.engine.partition.GroupedFile;
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
 * @param grouped those of groups
 */
public record AggregateStats(
    List<AggregateRule> rules,
    List<Width> widths,
    long cellsRead,
    long filesMade,
    long audited,
    long wrong,
    Grouped grouped) {
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

  /**
   * Grouped aggregates.
   *
   * @param tables by rule and step
   * @param read tables that queries have asked for since the engine was opened
   * @param made tables derived since then
   * @param audited values that were derived once more since then
   * @param wrong tables that were not what their samples are, since then; made anew
   */
  public record Grouped(List<Tables> tables, long read, long made, long audited, long wrong) {}

  /**
   * The tables of one rule.
   *
   * @param rule its name
   * @param stepMillis distance of their steps
   * @param windows windows with a table that counts
   * @param bytes of all their files
   * @param groups of all tables
   * @param windowsLeft windows of which a table is still to be derived
   * @param completeTo time up to which all windows have theirs, milliseconds since the epoch;
   *     {@code Long.MAX_VALUE} if all have
   */
  public record Tables(
      String rule,
      long stepMillis,
      int windows,
      long bytes,
      long groups,
      int windowsLeft,
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

  static AggregateStats of(
      View view,
      AggregateRules rules,
      EngineCounters counters,
      DuplicatePolicy policy,
      long nowMillis) {
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
        counters.cellFilesWrong.sum(),
        new Grouped(
            tables(view, rules, policy, nowMillis),
            counters.groupedRead.sum(),
            counters.groupedFilesMade.sum(),
            counters.groupedAudited.sum(),
            counters.groupedWrong.sum()));
  }

  private static List<Tables> tables(
      View view, AggregateRules rules, DuplicatePolicy policy, long nowMillis) {
    List<Tables> tables = new ArrayList<>();
    for (AggregateRule rule : rules.grouped()) {
      for (long step : rule.cellMillis()) {
        int windows = 0;
        int left = 0;
        long bytes = 0;
        long groups = 0;
        long completeTo = Long.MAX_VALUE;
        for (WindowView window : view.windows().values()) {
          boolean there = false;
          for (GroupedFile file : window.state().grouped()) {
            if (GroupedView.isOf(file, rules.digestOf(rule), step)) {
              bytes += file.bytes();
              groups += file.groups();
              there |= file.state().equals(window.groupedState(policy));
            }
          }
          windows += there ? 1 : 0;
          if (!there && window.end() <= nowMillis) {
            left++;
            completeTo = Math.min(completeTo, window.start());
          }
        }
        tables.add(new Tables(rule.name(), step, windows, bytes, groups, left, completeTo));
      }
    }
    return tables;
  }
}
