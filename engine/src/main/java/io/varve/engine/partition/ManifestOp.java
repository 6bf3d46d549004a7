package io.varve.engine.partition;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** One change of what exists. An edit is a list of them, applied together or not at all. */
sealed interface ManifestOp {
  /** What never changes in the life of a store; the first operation of every manifest. */
  record Store(long storeId, int hashSeed, int hashVersion, int encoderVersion, long windowMillis)
      implements ManifestOp {}

  record AddWindow(long window, int buckets) implements ManifestOp {}

  record AddIndexSegment(long window, IndexFile segment) implements ManifestOp {}

  record ClearIndex(long window) implements ManifestOp {}

  record AddChunk(ChunkFile chunk) implements ManifestOp {}

  record RemoveChunk(long window, String path) implements ManifestOp {}

  record AddCells(CellsFile cells) implements ManifestOp {}

  record RemoveCells(long window, String path) implements ManifestOp {}

  record AddGrouped(GroupedFile file) implements ManifestOp {}

  record RemoveGrouped(long window, String path) implements ManifestOp {}

  record SetTombstones(long window, @Nullable String file) implements ManifestOp {}

  record DropWindow(long window) implements ManifestOp {}

  record Flushed(long sequence) implements ManifestOp {}

  record Checkpoint(long sequence, List<String> files) implements ManifestOp {}

  record NextIndexGeneration(long generation) implements ManifestOp {}

  record EncoderVersion(int version) implements ManifestOp {}

  /** A null value takes the watermark away. */
  record Watermark(String key, @Nullable String value) implements ManifestOp {}
}
