package io.varve.engine;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Something with a close that several views hold: closed when the last of them lets go. Starts with
 * one holder, whoever made it.
 */
final class Shared<T extends AutoCloseable> {
  private final T value;
  private final AutoCloseable memory;
  private final AtomicInteger holders = new AtomicInteger(1);

  /**
   * @param memory what the value stands in, closed after it
   */
  Shared(T value, AutoCloseable memory) {
    this.value = value;
    this.memory = memory;
  }

  T get() {
    return value;
  }

  void retain() {
    if (holders.getAndIncrement() <= 0) {
      throw new IllegalStateException("BUG: retained after the last release");
    }
  }

  void release() {
    int left = holders.decrementAndGet();
    if (left < 0) {
      throw new IllegalStateException("BUG: released more often than retained");
    }
    if (left == 0) {
      try {
        value.close();
        memory.close();
      } catch (Exception e) {
        System.getLogger(Engine.class.getName())
            .log(System.Logger.Level.WARNING, "closing " + value + " failed", e);
      }
    }
  }
}
