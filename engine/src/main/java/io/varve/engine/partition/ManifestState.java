package io.varve.engine.partition;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.NavigableMap;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Everything that exists on disk, at one moment. Immutable; an edit makes a new one.
 *
 * @param storeId random number of the store, for its whole life
 * @param hashSeed seed of the series keys
 * @param hashVersion version of the series keys' hash
 * @param encoderVersion version of the encoders that write files now
 * @param windowMillis width of the windows
 * @param flushedSequence everything logged up to it is in files
 * @param checkpointSequence log position of the head's checkpoint, 0 without one
 * @param checkpointFiles files of the checkpoint, in the order in which they are read
 * @param nextIndexGeneration number that the next index generation takes
 * @param windows windows by their exclusive start
 * @param watermarks cursors and watermarks by name
 */
public record ManifestState(
    long storeId,
    int hashSeed,
    int hashVersion,
    int encoderVersion,
    long windowMillis,
    long flushedSequence,
    long checkpointSequence,
    List<String> checkpointFiles,
    long nextIndexGeneration,
    NavigableMap<Long, WindowState> windows,
    SortedMap<String, String> watermarks) {
  /** Keeps its own copies of the collections. */
  public ManifestState {
    checkpointFiles = List.copyOf(checkpointFiles);
    windows = Collections.unmodifiableNavigableMap(new TreeMap<>(windows));
    watermarks = Collections.unmodifiableSortedMap(new TreeMap<>(watermarks));
  }

  /** A store without files. */
  public static ManifestState empty(
      long storeId, int hashSeed, int hashVersion, int encoderVersion, long windowMillis) {
    return new ManifestState(
        storeId,
        hashSeed,
        hashVersion,
        encoderVersion,
        windowMillis,
        0,
        0,
        List.of(),
        1,
        new TreeMap<>(),
        new TreeMap<>());
  }

  /** The window that begins (exclusively) at {@code start}, null if it does not exist. */
  public @Nullable WindowState window(long start) {
    return windows.get(start);
  }

  /**
   * This state after an edit.
   *
   * @throws IllegalArgumentException if the edit does not fit: an unknown window or file, or one
   *     that exists already; the message says which
   */
  ManifestState with(List<ManifestOp> ops) {
    Draft draft = new Draft(this);
    for (ManifestOp op : ops) {
      draft.apply(op);
    }
    return draft.state();
  }

  /** The operations that make this state out of nothing, one list for each line. */
  List<List<ManifestOp>> asEdits() {
    List<List<ManifestOp>> edits = new ArrayList<>();
    List<ManifestOp> base = new ArrayList<>();
    base.add(new ManifestOp.Store(storeId, hashSeed, hashVersion, encoderVersion, windowMillis));
    base.add(new ManifestOp.Flushed(flushedSequence));
    base.add(new ManifestOp.Checkpoint(checkpointSequence, checkpointFiles));
    base.add(new ManifestOp.NextIndexGeneration(nextIndexGeneration));
    watermarks.forEach((key, value) -> base.add(new ManifestOp.Watermark(key, value)));
    edits.add(base);
    for (WindowState window : windows.values()) {
      List<ManifestOp> ops = new ArrayList<>();
      ops.add(new ManifestOp.AddWindow(window.start(), window.buckets()));
      for (IndexFile segment : window.index()) {
        ops.add(new ManifestOp.AddIndexSegment(window.start(), segment));
      }
      window.chunks().forEach(chunk -> ops.add(new ManifestOp.AddChunk(chunk)));
      window.cells().forEach(cells -> ops.add(new ManifestOp.AddCells(cells)));
      window.grouped().forEach(file -> ops.add(new ManifestOp.AddGrouped(file)));
      if (window.tombstones() != null) {
        ops.add(new ManifestOp.SetTombstones(window.start(), window.tombstones()));
      }
      edits.add(ops);
    }
    return edits;
  }

  /** A state in the making; windows are thawed when an operation touches them. */
  private static final class Draft {
    private long storeId;
    private int hashSeed;
    private int hashVersion;
    private int encoderVersion;
    private long windowMillis;
    private long flushedSequence;
    private long checkpointSequence;
    private List<String> checkpointFiles;
    private long nextIndexGeneration;
    private final TreeMap<Long, WindowState> windows;
    private final TreeMap<Long, WindowDraft> touched = new TreeMap<>();
    private final TreeMap<String, String> watermarks;

    Draft(ManifestState from) {
      storeId = from.storeId;
      hashSeed = from.hashSeed;
      hashVersion = from.hashVersion;
      encoderVersion = from.encoderVersion;
      windowMillis = from.windowMillis;
      flushedSequence = from.flushedSequence;
      checkpointSequence = from.checkpointSequence;
      checkpointFiles = from.checkpointFiles;
      nextIndexGeneration = from.nextIndexGeneration;
      windows = new TreeMap<>(from.windows);
      watermarks = new TreeMap<>(from.watermarks);
    }

    ManifestState state() {
      touched.forEach((start, draft) -> windows.put(start, draft.freeze()));
      return new ManifestState(
          storeId,
          hashSeed,
          hashVersion,
          encoderVersion,
          windowMillis,
          flushedSequence,
          checkpointSequence,
          checkpointFiles,
          nextIndexGeneration,
          windows,
          watermarks);
    }

    private WindowDraft window(long start) {
      WindowDraft draft = touched.get(start);
      if (draft == null) {
        WindowState window = windows.get(start);
        if (window == null) {
          throw new IllegalArgumentException("window " + start + " does not exist");
        }
        draft = new WindowDraft(window);
        touched.put(start, draft);
      }
      return draft;
    }

    void apply(ManifestOp op) {
      switch (op) {
        case ManifestOp.Store o -> {
          storeId = o.storeId();
          hashSeed = o.hashSeed();
          hashVersion = o.hashVersion();
          encoderVersion = o.encoderVersion();
          windowMillis = o.windowMillis();
        }
        case ManifestOp.AddWindow o -> addWindow(o.window(), o.buckets());
        case ManifestOp.AddIndexSegment o -> window(o.window()).addSegment(o.segment());
        case ManifestOp.ClearIndex o -> window(o.window()).index.clear();
        case ManifestOp.AddChunk o -> window(o.chunk().info().windowStart()).addChunk(o.chunk());
        case ManifestOp.RemoveChunk o -> window(o.window()).removeChunk(o.path());
        case ManifestOp.AddCells o ->
            window(o.cells().file().info().windowStart()).addCells(o.cells());
        case ManifestOp.RemoveCells o -> window(o.window()).removeCells(o.path());
        case ManifestOp.AddGrouped o -> window(o.file().window()).addGrouped(o.file());
        case ManifestOp.RemoveGrouped o -> window(o.window()).removeGrouped(o.path());
        case ManifestOp.SetTombstones o -> window(o.window()).tombstones = o.file();
        case ManifestOp.DropWindow o -> {
          window(o.window());
          touched.remove(o.window());
          windows.remove(o.window());
        }
        case ManifestOp.Flushed o -> flushedSequence = o.sequence();
        case ManifestOp.Checkpoint o -> {
          checkpointSequence = o.sequence();
          checkpointFiles = o.files();
        }
        case ManifestOp.NextIndexGeneration o -> nextIndexGeneration = o.generation();
        case ManifestOp.EncoderVersion o -> encoderVersion = o.version();
        case ManifestOp.Watermark o -> {
          if (o.value() == null) {
            watermarks.remove(o.key());
          } else {
            watermarks.put(o.key(), o.value());
          }
        }
      }
    }

    private void addWindow(long start, int buckets) {
      if (Integer.bitCount(buckets) != 1 || buckets < 1 || buckets > ChunkInfo.MOST_BUCKETS) {
        throw new IllegalArgumentException("window " + start + " of " + buckets + " buckets");
      }
      WindowState window = new WindowState(start, buckets, List.of(), List.of(), null);
      if (windows.putIfAbsent(start, window) != null) {
        throw new IllegalArgumentException("window " + start + " exists already");
      }
    }
  }

  /** A window in the making. */
  private static final class WindowDraft {
    private final long start;
    private final int buckets;
    private final List<IndexFile> index;
    private final LinkedHashMap<String, ChunkFile> chunks = new LinkedHashMap<>();
    private final LinkedHashMap<String, CellsFile> cells = new LinkedHashMap<>();
    private final LinkedHashMap<String, GroupedFile> grouped = new LinkedHashMap<>();
    private @Nullable String tombstones;

    WindowDraft(WindowState from) {
      start = from.start();
      buckets = from.buckets();
      index = new ArrayList<>(from.index());
      from.chunks().forEach(chunk -> chunks.put(chunk.path(), chunk));
      from.cells().forEach(file -> cells.put(file.file().path(), file));
      from.grouped().forEach(file -> grouped.put(file.path(), file));
      tombstones = from.tombstones();
    }

    WindowState freeze() {
      return new WindowState(
          start,
          buckets,
          index,
          new ArrayList<>(chunks.values()),
          tombstones,
          new ArrayList<>(cells.values()),
          new ArrayList<>(grouped.values()));
    }

    void addSegment(IndexFile segment) {
      int next =
          index.isEmpty() ? 0 : Math.addExact(index.getLast().firstId(), index.getLast().count());
      if (segment.firstId() != next || segment.count() < 0) {
        throw new IllegalArgumentException(
            "index segment "
                + segment.file()
                + " begins at id "
                + segment.firstId()
                + ", not "
                + next);
      }
      index.add(segment);
    }

    void addChunk(ChunkFile chunk) {
      if (chunk.info().buckets() != buckets) {
        throw new IllegalArgumentException(
            "chunk file "
                + chunk.path()
                + " is of "
                + chunk.info().buckets()
                + " buckets, not "
                + buckets);
      }
      if (chunks.putIfAbsent(chunk.path(), chunk) != null) {
        throw new IllegalArgumentException("chunk file " + chunk.path() + " exists already");
      }
    }

    void addCells(CellsFile file) {
      if (cells.putIfAbsent(file.file().path(), file) != null) {
        throw new IllegalArgumentException(
            "file of cells " + file.file().path() + " exists already");
      }
    }

    void removeCells(String path) {
      if (cells.remove(path) == null) {
        throw new IllegalArgumentException("file of cells " + path + " does not exist");
      }
    }

    void addGrouped(GroupedFile file) {
      if (grouped.putIfAbsent(file.path(), file) != null) {
        throw new IllegalArgumentException(
            "file of grouped aggregates " + file.path() + " exists already");
      }
    }

    void removeGrouped(String path) {
      if (grouped.remove(path) == null) {
        throw new IllegalArgumentException(
            "file of grouped aggregates " + path + " does not exist");
      }
    }

    void removeChunk(String path) {
      if (chunks.remove(path) == null) {
        throw new IllegalArgumentException("chunk file " + path + " does not exist");
      }
    }
  }
}
