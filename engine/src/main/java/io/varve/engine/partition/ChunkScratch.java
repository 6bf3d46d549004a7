package io.varve.engine.partition;

/**
 * The buffers and decoders of one thread that reads chunk files: any files, one after the other.
 * Not thread-safe.
 */
public final class ChunkScratch {
  /** Empty buffers, which grow to the blocks that are read. */
  public ChunkScratch() {}

  /** Heap that the buffers take, for a query's account. */
  public long residentBytes() {
    return 0;
  }
}
