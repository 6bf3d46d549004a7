package io.varve.engine.partition;

import java.util.BitSet;
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
 */
public record WindowState(
    long start,
    int buckets,
    List<IndexFile> index,
    List<ChunkFile> chunks,
    @Nullable String tombstones,
    List<CellsFile> cells) {
  /** Keeps its own copies of the lists. */
  public WindowState {
    index = List.copyOf(index);
    chunks = List.copyOf(chunks);
    cells = List.copyOf(cells);
  }

  /** Without cells. */
  public WindowState(
      long start,
      int buckets,
      List<IndexFile> index,
      List<ChunkFile> chunks,
      @Nullable String tombstones) {
    this(start, buckets, index, chunks, tombstones, List.of());
  }

  /** Window ids that are taken: the next segment begins here. */
  public int nextId() {
    return index.isEmpty() ? 0 : index.getLast().firstId() + index.getLast().count();
  }

  /**
   * True if a merge would write the same once more, deletes aside: one segment of the index and one
   * file in order per bucket, be it merged or of the window's only flush.
   */
  public boolean isFinal() {
    if (index.size() > 1) {
      return false;
    }
    BitSet seen = new BitSet(buckets);
    for (ChunkFile chunk : chunks) {
      int bucket = chunk.info().bucket();
      if (chunk.info().late() || seen.get(bucket)) {
        return false;
      }
      seen.set(bucket);
    }
    return true;
  }
}
