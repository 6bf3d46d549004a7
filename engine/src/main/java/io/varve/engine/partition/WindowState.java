package io.varve.engine.partition;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What exists of one window. Immutable.
 *
 * @param start exclusive start, milliseconds since the epoch
 * @param buckets how many buckets: a power of two, 1 to 1,024
 * @param index segments of the index, by first id
 * @param chunks chunk files, in the order in which they were added
 * @param tombstones name of the tombstone file in the window's folder, null if nothing is deleted
 * @param cells files of cells, in the order in which they were added
 * @param grouped files of grouped aggregates, in the order in which they were added
 */
public record WindowState(
    long start,
    int buckets,
    List<IndexFile> index,
    List<ChunkFile> chunks,
    @Nullable String tombstones,
    List<CellsFile> cells,
    List<GroupedFile> grouped) {
  /** Keeps its own copies of the lists. */
  public WindowState {
    index = List.copyOf(index);
    chunks = List.copyOf(chunks);
    cells = List.copyOf(cells);
    grouped = List.copyOf(grouped);
  }

  /** Without aggregates. */
  public WindowState(
      long start,
      int buckets,
      List<IndexFile> index,
      List<ChunkFile> chunks,
      @Nullable String tombstones) {
    this(start, buckets, index, chunks, tombstones, List.of(), List.of());
  }

  /** Window ids that are taken: the next segment begins here. */
  public int nextId() {
    return index.isEmpty() ? 0 : index.getLast().firstId() + index.getLast().count();
  }

  /** The files with samples, labels or aggregates that are there. */
  public List<DeleteEntry.Trace> files() {
    List<DeleteEntry.Trace> files = new ArrayList<>();
    String folder = ChunkInfo.windowFolder(start);
    index.forEach(s -> files.add(new DeleteEntry.Trace(folder + "/" + s.file(), s.sha256())));
    chunks.forEach(c -> files.add(new DeleteEntry.Trace(c.path(), c.sha256())));
    cells.forEach(c -> files.add(new DeleteEntry.Trace(c.file().path(), c.file().sha256())));
    for (GroupedFile file : grouped) {
      if (file.isFile()) {
        files.add(new DeleteEntry.Trace(file.path(), file.sha256()));
      }
    }
    return files;
  }

  /**
   * True if a merge would write the same once more, deletes and other retention classes aside: one
   * segment of the index and one file in order per bucket, be it merged or of the window's only
   * flush; or merged ones of different retention classes.
   */
  public boolean isFinal() {
    if (index.size() > 1) {
      return false;
    }
    int[] lastOf = new int[buckets]; // place of the bucket's latest file so far, plus one
    int[] before = new int[chunks.size()]; // the same of the file before it
    for (int i = 0; i < before.length; i++) {
      ChunkInfo info = chunks.get(i).info();
      if (info.late()) {
        return false;
      }
      before[i] = lastOf[info.bucket()];
      lastOf[info.bucket()] = i + 1;
      for (int at = before[i]; at > 0; at = before[at - 1]) {
        if (!isOtherClass(info, chunks.get(at - 1).info())) {
          return false;
        }
      }
    }
    return true;
  }

  /** True if two files of a bucket come from one merge, which gave them different series. */
  private static boolean isOtherClass(ChunkInfo a, ChunkInfo b) {
    return a.level() > 0
        && b.level() > 0
        && a.logTo() == b.logTo()
        && !a.retentionClass().equals(b.retentionClass());
  }
}
