package io.varve.engine.partition;

import io.varve.engine.io.FileSystem;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.function.IntPredicate;

/** Reads one chunk file. Any number of threads, each with its own {@link ChunkScratch}. */
public final class ChunkReader implements AutoCloseable {
  private final ChunkFile file;

  private ChunkReader(ChunkFile file) {
    this.file = file;
  }

  /** Opens a file. Read errors later on are UncheckedIOException or CorruptDataException. */
  public static ChunkReader open(FileSystem fs, Path dataDir, ChunkFile expected, Arena arena)
      throws IOException {
    return new ChunkReader(expected);
  }

  /** What the manifest says of it. */
  public ChunkFile file() {
    return file;
  }

  /** Rows, in file order. */
  public int seriesCount() {
    return file.series();
  }

  /** The series of a row. */
  public int windowIdAt(int row) {
    return row;
  }

  /** The row of a series, −1 if it has none. */
  public int rowOf(int windowId) {
    return windowId;
  }

  /** The first block of a row. */
  public int firstBlock(int row) {
    return row;
  }

  /** The block after the last of a row. */
  public int endBlock(int row) {
    return row;
  }

  /** True for histograms, false for floats. */
  public boolean isHistogram(int block) {
    return false;
  }

  /** Rows of a block. */
  public int count(int block) {
    return 0;
  }

  /** Time of the first row. */
  public long minTime(int block) {
    return 0;
  }

  /** Time of the last row. */
  public long maxTime(int block) {
    return 0;
  }

  /** The stored aggregates of a block, false if it has none. */
  public boolean stats(int block, BlockStats into) {
    return false;
  }

  /** Appends all rows of a block. */
  public void read(int block, SampleColumns into, ChunkScratch scratch) {}

  /** Encoded bytes of a block, without its shared times. */
  public int bytes(int block) {
    return 0;
  }

  /** All exemplars of some series in a range, in the order in which they were written. */
  public void exemplars(IntPredicate windowIds, TimeRange range, ExemplarVisitor visitor) {}

  /** All metadata, in the order in which it was written. */
  public void metadata(MetadataVisitor visitor) {}

  /** Checks the whole file and reports every problem. */
  public void verify(Consumer<String> problem) {}

  /** Heap that tables and decoded pages take at the moment. */
  public long residentBytes() {
    return 0;
  }

  @Override
  public void close() throws IOException {}
}
