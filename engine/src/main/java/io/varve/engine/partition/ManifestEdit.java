package io.varve.engine.partition;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Changes that the manifest takes over together or not at all, in the order in which they are
 * called. For one thread; used once.
 */
public final class ManifestEdit {
  private final List<ManifestOp> ops = new ArrayList<>();

  /** An edit that changes nothing yet. */
  public ManifestEdit() {}

  List<ManifestOp> ops() {
    return ops;
  }

  /** True if nothing was called. */
  public boolean isEmpty() {
    return ops.isEmpty();
  }

  /** The files with samples, labels or aggregates that it adds. */
  public List<DeleteEntry.Trace> files() {
    List<DeleteEntry.Trace> files = new ArrayList<>();
    for (ManifestOp op : ops) {
      if (op instanceof ManifestOp.AddChunk o) {
        files.add(new DeleteEntry.Trace(o.chunk().path(), o.chunk().sha256()));
      } else if (op instanceof ManifestOp.AddCells o) {
        files.add(new DeleteEntry.Trace(o.cells().file().path(), o.cells().file().sha256()));
      } else if (op instanceof ManifestOp.AddGrouped o && o.file().isFile()) {
        files.add(new DeleteEntry.Trace(o.file().path(), o.file().sha256()));
      } else if (op instanceof ManifestOp.AddIndexSegment o) {
        String folder = ChunkInfo.windowFolder(o.window());
        files.add(new DeleteEntry.Trace(folder + "/" + o.segment().file(), o.segment().sha256()));
      }
    }
    return files;
  }

  private ManifestEdit op(ManifestOp op) {
    ops.add(op);
    return this;
  }

  /** A window begins to exist, without files. */
  public ManifestEdit addWindow(long windowStart, int buckets) {
    return op(new ManifestOp.AddWindow(windowStart, buckets));
  }

  /** A segment at the end of the window's index; its first id is the next free one. */
  public ManifestEdit addIndexSegment(long windowStart, IndexFile segment) {
    return op(new ManifestOp.AddIndexSegment(windowStart, segment));
  }

  /** Other segments in place of the window's index: the series may be numbered anew. */
  public ManifestEdit replaceIndex(long windowStart, List<IndexFile> segments) {
    op(new ManifestOp.ClearIndex(windowStart));
    segments.forEach(segment -> addIndexSegment(windowStart, segment));
    return this;
  }

  /** A finished chunk file joins its window. */
  public ManifestEdit addChunk(ChunkFile chunk) {
    return op(new ManifestOp.AddChunk(chunk));
  }

  /** A chunk file leaves its window; the caller deletes it when its last reader is gone. */
  public ManifestEdit removeChunk(ChunkFile chunk) {
    return op(new ManifestOp.RemoveChunk(chunk.info().windowStart(), chunk.path()));
  }

  /** A finished file of cells joins its window. */
  public ManifestEdit addCells(CellsFile cells) {
    return op(new ManifestOp.AddCells(cells));
  }

  /** A file of cells leaves its window; the caller deletes it when its last reader is gone. */
  public ManifestEdit removeCells(CellsFile cells) {
    return op(new ManifestOp.RemoveCells(cells.file().info().windowStart(), cells.file().path()));
  }

  /** A finished file of grouped aggregates joins its window. */
  public ManifestEdit addGrouped(GroupedFile file) {
    return op(new ManifestOp.AddGrouped(file));
  }

  /** A file of grouped aggregates leaves its window; the caller deletes it. */
  public ManifestEdit removeGrouped(GroupedFile file) {
    return op(new ManifestOp.RemoveGrouped(file.window(), file.path()));
  }

  /** The window's tombstone file, null if nothing in it is deleted any more. */
  public ManifestEdit tombstones(long windowStart, @Nullable String file) {
    return op(new ManifestOp.SetTombstones(windowStart, file));
  }

  /** A window and all its files cease to exist. */
  public ManifestEdit dropWindow(long windowStart) {
    return op(new ManifestOp.DropWindow(windowStart));
  }

  /** Everything logged up to {@code sequence} is in files. */
  public ManifestEdit flushed(long sequence) {
    return op(new ManifestOp.Flushed(sequence));
  }

  /** The head up to {@code sequence} is in these files, to be read in this order. */
  public ManifestEdit checkpoint(long sequence, List<String> files) {
    return op(new ManifestOp.Checkpoint(sequence, List.copyOf(files)));
  }

  /** The number that the next index generation takes. */
  public ManifestEdit nextIndexGeneration(long generation) {
    return op(new ManifestOp.NextIndexGeneration(generation));
  }

  /** Files are written by this version of the encoders from now on. */
  public ManifestEdit encoderVersion(int version) {
    return op(new ManifestOp.EncoderVersion(version));
  }

  /** A cursor or watermark of any name; null takes it away. */
  public ManifestEdit watermark(String key, @Nullable String value) {
    return op(new ManifestOp.Watermark(key, value));
  }
}
