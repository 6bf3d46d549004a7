package io.varve.engine;

import java.util.concurrent.atomic.AtomicLong;

/**
 * How far an engine that is being opened has come: bytes of the saved head and of the log behind
 * it. The engine's thread writes, any thread may read.
 */
public final class RecoveryProgress {
  private final AtomicLong read = new AtomicLong();
  private volatile long total;

  /** Not begun. */
  public RecoveryProgress() {}

  /** Bytes to be read, all in all; 0 as long as that is not known. */
  public long totalBytes() {
    return total;
  }

  /** Bytes that were read; at last as many as there are in all. Never goes back. */
  public long readBytes() {
    return Math.min(read.get(), total);
  }

  void begin(long bytes) {
    total = bytes;
  }

  void advance(long bytes) {
    read.addAndGet(bytes);
  }

  /** What was not read need not be. */
  void end() {
    read.set(Long.MAX_VALUE);
  }
}
