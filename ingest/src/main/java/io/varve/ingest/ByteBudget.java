package io.varve.ingest;

import java.util.concurrent.atomic.AtomicLong;

/** Bytes that all requests in progress may hold together. Thread-safe. */
final class ByteBudget {
  private final long most;
  private final AtomicLong taken = new AtomicLong();

  ByteBudget(long most) {
    this.most = most;
  }

  /** True if the bytes could be had; they are to be given back then. */
  boolean take(long bytes) {
    if (taken.addAndGet(bytes) <= most) {
      return true;
    }
    taken.addAndGet(-bytes);
    return false;
  }

  void giveBack(long bytes) {
    taken.addAndGet(-bytes);
  }

  /** Bytes that are taken. */
  long taken() {
    return taken.get();
  }
}
