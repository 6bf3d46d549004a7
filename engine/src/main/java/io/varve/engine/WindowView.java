package io.varve.engine;

import io.varve.engine.index.IndexSegment;
import io.varve.engine.model.SeriesKey;
import io.varve.engine.partition.CellsFile;
import io.varve.engine.partition.ChunkFile;
import io.varve.engine.partition.ChunkReader;
import io.varve.engine.partition.GroupedFile;
import io.varve.engine.partition.IndexFile;
import io.varve.engine.partition.Tombstone;
import io.varve.engine.partition.Tombstones;
import io.varve.engine.partition.WindowState;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.RoaringBitmap;

/**
 * The files of one window, open for reading; immutable. Chunk files stand in the order in which
 * their samples overrule each other: those with samples in order first, late ones after them, each
 * by log position.
 */
final class WindowView {
  private static final Comparator<Shared<ChunkReader>> LOG_ORDER =
      Comparator.comparing((Shared<ChunkReader> c) -> c.get().file().info().late())
          .thenComparingLong(c -> c.get().file().info().logTo());

  private final WindowState state;
  private final long end;
  private final List<Shared<IndexResource>> index;
  private final List<Shared<ChunkReader>> chunks;
  private final List<List<Shared<ChunkReader>>> byBucket;
  private final List<Shared<ChunkReader>> cells;
  private final WindowCells cellsBySource;
  private final List<List<List<ChunkReader>>> cellsByBucket;
  private final Tombstones tombstones;
  private volatile @Nullable RoaringBitmap gone;
  private volatile @Nullable RoaringBitmap lost;
  private volatile long deletedRows = -1;
  private volatile @Nullable String groupedState;

  /** An index segment that can be closed. */
  record IndexResource(IndexSegment segment) implements AutoCloseable {
    @Override
    public void close() {
      // The mapping goes with its arena; nothing else is held.
    }
  }

  WindowView(
      WindowState state,
      long windowMillis,
      List<Shared<IndexResource>> index,
      List<Shared<ChunkReader>> chunks,
      List<Shared<ChunkReader>> cells,
      Tombstones tombstones) {
    this.state = state;
    this.end = state.start() + windowMillis;
    this.index = List.copyOf(index);
    List<Shared<ChunkReader>> sorted = new ArrayList<>(chunks);
    sorted.sort(LOG_ORDER);
    this.chunks = List.copyOf(sorted);
    this.byBucket = byBucket(state, this.chunks);
    this.cells = List.copyOf(cells);
    this.cellsBySource = new WindowCells(state, this.cells);
    this.cellsByBucket = cellsByBucket(byBucket, cellsBySource);
    this.tombstones = tombstones;
  }

  private WindowView(WindowView from, List<Shared<ChunkReader>> chunks, Tombstones tombstones) {
    this.state = from.state;
    this.end = from.end;
    this.index = from.index;
    this.chunks = List.copyOf(chunks);
    this.byBucket = byBucket(state, this.chunks);
    this.cells = from.cells;
    this.cellsBySource = from.cellsBySource;
    this.cellsByBucket = cellsByBucket(byBucket, cellsBySource);
    this.tombstones = tombstones;
  }

  private static List<List<Shared<ChunkReader>>> byBucket(
      WindowState state, List<Shared<ChunkReader>> chunks) {
    List<List<Shared<ChunkReader>>> grouped = new ArrayList<>();
    for (int bucket = 0; bucket < state.buckets(); bucket++) {
      grouped.add(new ArrayList<>());
    }
    for (Shared<ChunkReader> chunk : chunks) {
      grouped.get(chunk.get().file().info().bucket()).add(chunk);
    }
    return grouped;
  }

  private static List<List<List<ChunkReader>>> cellsByBucket(
      List<List<Shared<ChunkReader>>> chunks, WindowCells cells) {
    List<List<List<ChunkReader>>> all = new ArrayList<>();
    for (List<Shared<ChunkReader>> bucket : chunks) {
      all.add(bucket.stream().map(chunk -> cells.of(chunk.get())).toList());
    }
    return all;
  }

  /** The same without some deletes, by log position; holds nothing of its own. */
  WindowView without(Set<Long> positions) {
    Tombstones left = tombstones.without(positions);
    return left == tombstones ? this : new WindowView(this, chunks, left);
  }

  /** Some of the chunk files, in their order, and other deletes; holds nothing of its own. */
  WindowView with(List<Shared<ChunkReader>> some, Tombstones others) {
    return new WindowView(this, some, others);
  }

  WindowState state() {
    return state;
  }

  long start() {
    return state.start();
  }

  long end() {
    return end;
  }

  int buckets() {
    return state.buckets();
  }

  /** The bucket of the series with this shard of the key. */
  int bucketOf(int virtualShard) {
    return virtualShard * state.buckets() >>> SeriesKey.SHARD_BITS;
  }

  List<Shared<IndexResource>> index() {
    return index;
  }

  List<Shared<ChunkReader>> chunks() {
    return chunks;
  }

  List<Shared<ChunkReader>> chunks(int bucket) {
    return byBucket.get(bucket);
  }

  /** All files of cells that are open. */
  List<Shared<ChunkReader>> cells() {
    return cells;
  }

  /** Of each chunk file of a bucket, in the order of {@link #chunks(int)}, its cells. */
  List<List<ChunkReader>> cells(int bucket) {
    return cellsByBucket.get(bucket);
  }

  /** The same by what they were made from. */
  WindowCells cellsBySource() {
    return cellsBySource;
  }

  /** True if samples are gone because of their age of which there are grouped aggregates. */
  boolean hasLostGroups() {
    return state.grouped().stream().anyMatch(GroupedFile::samplesGone);
  }

  Tombstones tombstones() {
    return tombstones;
  }

  /** Series of which nothing is left to be read; not to be changed. */
  RoaringBitmap gone() {
    RoaringBitmap known = gone;
    if (known == null) {
      known = new RoaringBitmap();
      long lastPosition = 0;
      for (ChunkFile chunk : state.chunks()) {
        lastPosition = Math.max(lastPosition, chunk.info().logTo());
      }
      for (Tombstone tombstone : tombstones.entries()) {
        if (tombstone.position() > lastPosition
            && tombstone.startExclusive() <= start()
            && tombstone.endInclusive() >= end) {
          // Cells may have been made of the samples when these were let go.
          RoaringBitmap ids = tombstone.windowIds().clone();
          for (ChunkReader lost : LostSamples.cells(this)) {
            if (lost.file().info().logTo() >= tombstone.position()) {
              for (int row = 0; row < lost.seriesCount(); row++) {
                ids.remove(lost.windowIdAt(row));
              }
            }
          }
          known.or(ids);
        }
      }
      gone = known;
    }
    return known;
  }

  /** Series with cells whose samples are gone because of their age; not to be changed. */
  RoaringBitmap lost() {
    RoaringBitmap known = lost;
    if (known == null) {
      known = new RoaringBitmap();
      for (ChunkReader cells : LostSamples.cells(this)) {
        for (int row = 0; row < cells.seriesCount(); row++) {
          known.add(cells.windowIdAt(row));
        }
      }
      lost = known;
    }
    return known;
  }

  /** True if deletes or expiries hide everything that a file has of a series. */
  boolean hides(int windowId, ChunkReader chunk) {
    long[] ranges = tombstones.ranges(windowId, chunk.file().info().logTo());
    return ranges != null && ranges.length == 2 && ranges[0] <= start() && ranges[1] >= end;
  }

  /** How many rows of files are of series of which something is deleted. */
  long deletedRows() {
    long known = deletedRows;
    if (known < 0) {
      known = 0;
      RoaringBitmap deleted = new RoaringBitmap();
      tombstones.entries().forEach(tombstone -> deleted.or(tombstone.windowIds()));
      for (Shared<ChunkReader> resource : chunks) {
        ChunkReader chunk = resource.get();
        for (int row = 0, rows = chunk.seriesCount(); row < rows; row++) {
          known += deleted.contains(chunk.windowIdAt(row)) ? 1 : 0;
        }
      }
      deletedRows = known;
    }
    return known;
  }

  /**
   * A short name of all that what can be read of the files depends on, so that grouped aggregates
   * which were derived under the same name still hold.
   */
  String groupedState(DuplicatePolicy policy) {
    String known = groupedState;
    if (known == null) {
      known =
          groupedState(state.index(), state.chunks(), state.cells(), state.tombstones(), policy);
      groupedState = known;
    }
    return known;
  }

  /** The same of a window that will have these files. */
  static String groupedState(
      List<IndexFile> index,
      List<ChunkFile> chunks,
      List<CellsFile> cells,
      @Nullable String tombstones,
      DuplicatePolicy policy) {
    StringBuilder text = new StringBuilder(policy.name());
    index.forEach(segment -> text.append('\n').append(segment.sha256()));
    Set<String> sources = new HashSet<>();
    for (ChunkFile chunk : chunks) {
      text.append('\n').append(chunk.path()).append(' ').append(chunk.sha256());
      sources.add(chunk.path());
    }
    for (CellsFile file : cells) {
      if (!sources.contains(file.source())) {
        text.append('\n').append(file.file().path()).append(' ').append(file.file().sha256());
      }
    }
    return GroupedFiles.digest(text.append('\n').append(tombstones).toString());
  }

  IndexSegment segmentOf(int windowId) {
    for (Shared<IndexResource> resource : index) {
      IndexSegment segment = resource.get().segment();
      if (windowId >= segment.firstId() && windowId < segment.firstId() + segment.count()) {
        return segment;
      }
    }
    throw new IllegalStateException("BUG: window id " + windowId + " is in no segment");
  }

  void eachResource(Consumer<Shared<?>> action) {
    index.forEach(action);
    chunks.forEach(action);
    cells.forEach(action);
  }
}
