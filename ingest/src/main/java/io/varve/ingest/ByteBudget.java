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

  /** Bytes that are taken step by step and given back together. */
  Loan loan() {
    return new Loan();
  }

  /** See {@link #loan}. For one thread. */
  final class Loan implements AutoCloseable {
    private long held;

    /** True if the bytes could be had in addition. */
    boolean take(long bytes) {
      if (!ByteBudget.this.take(bytes)) {
        return false;
      }
      held += bytes;
      return true;
    }

    @Override
    public void close() {
      giveBack(held);
      held = 0;
    }
  }

  void giveBack(long bytes) {
    taken.addAndGet(-bytes);
  }

  /** Bytes that are taken. */
  long taken() {
    return taken.get();
  }
}
