package io.varve.engine.partition;

import io.varve.engine.io.FileSystem;
import io.varve.engine.model.Metadata;
import io.varve.engine.model.SampleColumns;
import java.io.IOException;
import java.nio.file.Path;

/** Writes one chunk file. For one thread. */
public final class ChunkWriter implements AutoCloseable {
  /** Begins the file under a temporary name. */
  public ChunkWriter(FileSystem fs, Path dataDir, String windowFolder, ChunkInfo info)
      throws IOException {
    throw new IllegalStateException();
  }

  /** Begins the next series, in file order. */
  public void series(int windowId) {}

  /** Writes rows of one kind as the next block of the series. */
  public void add(SampleColumns c, int from, int to) throws IOException {}

  /** Takes a block of another file over as it is. */
  public void copy(ChunkReader source, int block, ChunkScratch scratch) throws IOException {}

  /** Adds an exemplar; its labels are canonical bytes. */
  public void exemplar(
      int windowId, long time, double value, byte[] labels, int offset, int length) {}

  /** Adds what is said about a metric. */
  public void metadata(String tenant, String metric, Metadata metadata) {}

  /** Makes the file durable under its name. */
  public ChunkFile finish() throws IOException {
    throw new IllegalStateException();
  }

  /** Deletes the temporary file unless finished. */
  @Override
  public void close() throws IOException {}
}
