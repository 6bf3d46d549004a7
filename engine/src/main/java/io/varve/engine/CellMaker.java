package io.varve.engine;

import io.varve.engine.io.FileSystem;
import io.varve.engine.io.StagedFiles;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.partition.CellsFile;
import io.varve.engine.partition.ChunkEncoders;
import io.varve.engine.partition.ChunkFile;
import io.varve.engine.partition.ChunkInfo;
import io.varve.engine.partition.ChunkReader;
import io.varve.engine.partition.ChunkScratch;
import io.varve.engine.partition.ChunkWriter;
import io.varve.engine.partition.ManifestEdit;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Makes files of cells: the samples of one chunk file, aggregated cell by cell, for all widths in
 * one reading. A file of cells is a function of its chunk file and of the wanted series; it is
 * never changed. When samples come late or are deleted, the window gets other chunk files at its
 * next merge, and these get cells of their own; up to then, readers take the samples of the series
 * that are concerned.
 */
final class CellMaker {
  private final FileSystem fs;
  private final Path dataDir;
  private final EngineCounters counters;

  CellMaker(FileSystem fs, Path dataDir, EngineCounters counters) {
    this.fs = fs;
    this.dataDir = dataDir;
    this.counters = counters;
  }

  /** The widths that a chunk file lacks cells of, with the digests of their rules. */
  static SortedMap<Long, String> missing(WindowView window, ChunkFile chunk, AggregateRules rules) {
    TreeMap<Long, String> missing = new TreeMap<>(rules.digests());
    if (chunk.info().late() || chunk.samples() == 0) {
      missing.clear(); // readers take late samples themselves, until they are merged
      return missing;
    }
    missing.keySet().removeIf(width -> (window.end() - window.start()) % width != 0);
    for (CellsFile cells : window.state().cells()) {
      if (cells.source().equals(chunk.path())) {
        missing.remove(cells.file().info().cellMillis(), cells.rule());
      }
    }
    return missing;
  }

  /** Makes the cells of a chunk file, and the edit that makes them count. */
  ManifestEdit make(
      WindowView window, ChunkReader chunk, SortedMap<Long, String> widths, AggregateRules rules)
      throws IOException {
    ManifestEdit edit = new ManifestEdit();
    List<Output> outputs = new ArrayList<>();
    try (ChunkEncoders encoders = new ChunkEncoders();
        StagedFiles staged = new StagedFiles(fs, 1)) {
      try {
        String folder = ChunkInfo.windowFolder(window.start());
        for (var width : widths.entrySet()) {
          AggregateRules.Wanted wanted = rules.wanted(window, width.getKey());
          ChunkInfo info = chunk.file().info().ofCells(width.getKey());
          outputs.add(
              new Output(
                  new ChunkWriter(fs, dataDir, folder, info, encoders), width.getValue(), wanted));
        }
        fill(chunk, outputs);
        for (Output output : outputs) {
          ChunkFile file = output.writer.end(staged);
          counters.bytesWritten.add(file.bytes());
          edit.addCells(new CellsFile(file, chunk.file().path(), output.rule));
        }
      } finally {
        for (Output output : outputs) {
          output.writer.close();
        }
      }
      staged.settle();
    }
    return edit;
  }

  /** A file in the making. */
  private static final class Output {
    final ChunkWriter writer;
    final String rule;
    final AggregateRules.Wanted wanted;

    /** The first row of the series at hand that is in no cell yet; none if it is not wanted. */
    int next;

    Output(ChunkWriter writer, String rule, AggregateRules.Wanted wanted) {
      this.writer = writer;
      this.rule = rule;
      this.wanted = wanted;
    }

    /** Writes the cells that begin in the rows; the last one only if nothing follows. */
    void cut(SampleColumns rows, int parts, boolean last) throws IOException {
      long width = writer.info().cellMillis();
      while (next < rows.size) {
        int to = endOfCell(rows, next, width);
        if (to == rows.size && !last) {
          return;
        }
        writer.cell(rows, next, to, CellPart.ALL & ~parts);
        next = to;
      }
    }
  }

  private static void fill(ChunkReader chunk, List<Output> outputs) throws IOException {
    ChunkScratch scratch = new ChunkScratch();
    SampleColumns rows = new SampleColumns();
    for (int row = 0; row < chunk.seriesCount(); row++) {
      int id = chunk.windowIdAt(row);
      List<Output> wanting = outputs.stream().filter(o -> o.wanted.contains(id)).toList();
      for (Output output : wanting) {
        output.writer.series(id);
        output.next = 0;
      }
      rows.clear();
      int end = wanting.isEmpty() ? 0 : chunk.endBlock(row);
      for (int block = chunk.firstBlock(row); block < end; block++) {
        chunk.read(block, rows, scratch);
        int done = rows.size;
        for (Output output : wanting) {
          output.cut(rows, output.wanted.parts(id), block == end - 1);
          done = Math.min(done, output.next);
        }
        forget(rows, done, wanting);
      }
    }
  }

  /** Rows that are in all cells that they belong to are not held until the series ends. */
  private static void forget(SampleColumns rows, int done, List<Output> wanting) {
    if (done > 0) {
      RowMerge.trim(rows, rows.times[done - 1], Long.MAX_VALUE);
      for (Output output : wanting) {
        output.next -= done;
      }
    }
  }

  /** One more than the last row of the cell that begins with a row. */
  static int endOfCell(SampleColumns rows, int from, long cellMillis) {
    long end = (Math.floorDiv(rows.times[from] - 1, cellMillis) + 1) * cellMillis;
    int most = Math.min(rows.size, from + ChunkWriter.MOST_CELL_ROWS);
    int to = from + 1;
    while (to < most && rows.times[to] <= end) {
      to++;
    }
    return to;
  }
}
