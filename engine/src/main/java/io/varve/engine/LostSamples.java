package io.varve.engine;

import io.varve.engine.io.FileSystem;
import io.varve.engine.io.StagedFiles;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.engine.partition.CellsFile;
import io.varve.engine.partition.ChunkEncoders;
import io.varve.engine.partition.ChunkFile;
import io.varve.engine.partition.ChunkInfo;
import io.varve.engine.partition.ChunkReader;
import io.varve.engine.partition.ChunkWriter;
import io.varve.engine.partition.ManifestEdit;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.PeekableIntIterator;
import org.roaringbitmap.RoaringBitmap;

/**
 * The cells of a window of which the samples are gone: nothing can make them anew, so a merge takes
 * them over, with the series' new numbers, and without those that a delete which it carries out
 * touches. When samples go of which the cells of files do not tell the truth (of a series with late
 * or deleted samples, or in a file that others keep), cells of their own are made first.
 */
final class LostSamples {
  private final FileSystem fs;
  private final Path dataDir;
  private final EngineCounters counters;

  LostSamples(FileSystem fs, Path dataDir, EngineCounters counters) {
    this.fs = fs;
    this.dataDir = dataDir;
    this.counters = counters;
  }

  /** The files of cells of a window whose samples are gone. */
  static List<ChunkReader> cells(WindowView window) {
    List<ChunkReader> all = new ArrayList<>();
    for (int bucket = 0; bucket < window.buckets(); bucket++) {
      window.cellsBySource().sourceless(bucket).forEach(all::addAll);
    }
    return all;
  }

  /** True if a series has a cell in a range, or one that reaches into it. */
  static boolean touches(ChunkReader cells, int windowId, TimeRange range) {
    long[] ranges = {range.startExclusive(), range.endInclusive()};
    int row = cells.rowOf(windowId);
    int end = row < 0 ? 0 : cells.endBlock(row);
    for (int cell = row < 0 ? 0 : cells.firstBlock(row); cell < end; cell++) {
      if (CellReading.touches(ranges, cells, cell)) {
        return true;
      }
    }
    return false;
  }

  /**
   * True if a sample of a series in a range is certainly in a cell, because a cell begins or ends
   * with it; one that reaches over the range may have none there.
   */
  static boolean haveOneIn(ChunkReader cells, int windowId, TimeRange range) {
    int row = cells.rowOf(windowId);
    int end = row < 0 ? 0 : cells.endBlock(row);
    for (int cell = row < 0 ? 0 : cells.firstBlock(row); cell < end; cell++) {
      if (range.contains(cells.minTime(cell)) || range.contains(cells.maxTime(cell))) {
        return true;
      }
    }
    return false;
  }

  /** Tells the window ids of which a cell is left whose samples are gone. */
  static void toldOf(WindowView window, IntConsumer ids) {
    for (ChunkReader cells : cells(window)) {
      for (int row = 0; row < cells.seriesCount(); row++) {
        int id = cells.windowIdAt(row);
        long[] deleted = window.tombstones().ranges(id, cells.file().info().logTo());
        if (!left(cells, row, deleted).isEmpty()) {
          ids.accept(id);
        }
      }
    }
  }

  /** The cells of a row that no delete touches. */
  private static List<Integer> left(ChunkReader cells, int row, long @Nullable [] deleted) {
    List<Integer> left = new ArrayList<>();
    for (int cell = cells.firstBlock(row); cell < cells.endBlock(row); cell++) {
      if (deleted == null || !CellReading.touches(deleted, cells, cell)) {
        left.add(cell);
      }
    }
    return left;
  }

  /**
   * Writes them once more.
   *
   * @param window with the deletes that are carried out
   * @param newId the new window ids by the old ones
   * @param position log position of the merge
   */
  void rewrite(WindowView window, int[] newId, long position, StagedFiles staged, ManifestEdit edit)
      throws IOException {
    String folder = ChunkInfo.windowFolder(window.start());
    try (ChunkEncoders encoders = new ChunkEncoders()) {
      for (CellsFile file : window.state().cells()) {
        for (ChunkReader cells : cells(window)) {
          if (!cells.file().path().equals(file.file().path())) {
            continue;
          }
          String name = nameAt(cells.file().info(), position);
          try (ChunkWriter writer =
              new ChunkWriter(fs, dataDir, folder, cells.file().info(), name, encoders)) {
            write(window, cells, newId, writer);
            if (writer.blocks() > 0) {
              ChunkFile written = writer.end(staged);
              counters.bytesWritten.add(written.bytes());
              edit.addCells(new CellsFile(written, file.source(), file.rule()));
            }
          }
        }
      }
    }
  }

  /** A name that tells the file from those of earlier merges. */
  private static String nameAt(ChunkInfo info, long position) {
    String name = info.fileName();
    return name.substring(0, name.length() - ".tch".length())
        + "-m"
        + HexFormat.of().toHexDigits(position)
        + ".tch";
  }

  private static void write(WindowView window, ChunkReader cells, int[] newId, ChunkWriter writer)
      throws IOException {
    List<Integer> rows = new ArrayList<>();
    for (int row = 0; row < cells.seriesCount(); row++) {
      if (newId[cells.windowIdAt(row)] != WindowIds.NONE) {
        rows.add(row);
      }
    }
    rows.sort(Comparator.comparingInt(row -> newId[cells.windowIdAt(row)]));
    for (int row : rows) {
      int id = cells.windowIdAt(row);
      writer.series(newId[id]);
      long[] deleted = window.tombstones().ranges(id, cells.file().info().logTo());
      for (int cell : left(cells, row, deleted)) {
        writer.copyCell(cells, cell);
      }
    }
  }

  /** A cell of a file. */
  private record Place(ChunkReader cells, int cell) {}

  /**
   * Makes cells of what can be read of series now, because their samples are about to be let go. No
   * delete or expiry up to the position hides them.
   *
   * @param series window ids by width
   * @param bucketOf the bucket of every window id
   * @param position log position of the decision that lets them go
   * @return the files, on stable storage
   */
  List<CellsFile> tell(
      WindowView window,
      SortedMap<Long, RoaringBitmap> series,
      int[] bucketOf,
      AggregateRules rules,
      WindowRows rows,
      long position)
      throws IOException {
    List<CellsFile> made = new ArrayList<>();
    String folder = ChunkInfo.windowFolder(window.start());
    try (ChunkEncoders encoders = new ChunkEncoders();
        StagedFiles staged = new StagedFiles(fs, 1)) {
      for (int bucket = 0; bucket < window.buckets(); bucket++) {
        ChunkInfo source =
            new ChunkInfo(
                window.start(),
                window.end() - window.start(),
                bucket,
                window.buckets(),
                1,
                false,
                "",
                0,
                position);
        for (Map.Entry<Long, RoaringBitmap> entry : series.entrySet()) {
          long width = entry.getKey();
          AggregateRules.Wanted wanted = rules.wanted(window, width);
          try (ChunkWriter writer =
              new ChunkWriter(fs, dataDir, folder, source.ofCells(width), encoders)) {
            for (PeekableIntIterator ids = entry.getValue().getIntIterator(); ids.hasNext(); ) {
              int id = ids.next();
              if (bucketOf[id] == bucket) {
                writer.series(id);
                tell(window, id, bucket, CellPart.ALL & ~wanted.parts(id), rows, writer);
              }
            }
            String rule = rules.digests().get(width);
            if (writer.blocks() > 0 && rule != null) {
              ChunkFile file = writer.end(staged);
              counters.bytesWritten.add(file.bytes());
              counters.cellFilesMade.increment();
              made.add(new CellsFile(file, folder + "/" + source.fileName(), rule));
            }
          }
        }
      }
      staged.settle();
    }
    return made;
  }

  /**
   * Writes the cells of a series; where there are some of samples that went before, those stay as
   * they are.
   */
  private static void tell(
      WindowView window, int id, int bucket, int lacks, WindowRows rows, ChunkWriter writer)
      throws IOException {
    long width = writer.info().cellMillis();
    SampleColumns columns = new SampleColumns();
    Compactor.readAll(window, id, bucket, rows, columns, TimeRange.ALL);
    List<Place> before = before(window, id, bucket, width);
    int place = 0;
    int from = 0;
    while (place < before.size() || from < columns.size) {
      long known =
          place < before.size()
              ? cellOf(before.get(place).cells().maxTime(before.get(place).cell()), width)
              : Long.MAX_VALUE;
      if (from < columns.size && cellOf(columns.times[from], width) < known) {
        int to = CellMaker.endOfCell(columns, from, width);
        writer.cell(columns, from, to, lacks);
        from = to;
        continue;
      }
      writer.copyCell(before.get(place).cells(), before.get(place).cell());
      place++;
      while (from < columns.size && cellOf(columns.times[from], width) == known) {
        from++;
      }
    }
  }

  private static long cellOf(long time, long width) {
    return Math.floorDiv(time - 1, width);
  }

  /** The cells of a series whose samples went before, in time order. */
  private static List<Place> before(WindowView window, int id, int bucket, long width) {
    List<Place> places = new ArrayList<>();
    for (List<ChunkReader> widths : window.cellsBySource().sourceless(bucket)) {
      for (ChunkReader cells : widths) {
        int row = cells.file().info().cellMillis() == width ? cells.rowOf(id) : -1;
        if (row >= 0) {
          long[] deleted = window.tombstones().ranges(id, cells.file().info().logTo());
          left(cells, row, deleted).forEach(cell -> places.add(new Place(cells, cell)));
        }
      }
    }
    places.sort(Comparator.comparingLong(place -> place.cells().minTime(place.cell())));
    return places;
  }
}
