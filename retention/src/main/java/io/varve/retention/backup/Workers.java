package io.varve.retention.backup;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;

/** Does the same to many things, a few at a time: what takes time is waiting for the other side. */
final class Workers {
  private static final int AT_ONCE = 4;

  private Workers() {}

  /** What is done to one thing. */
  interface Task<T> {
    void run(T item) throws IOException;
  }

  /**
   * Returns when all is done. After the first failure nothing new is begun.
   *
   * @throws IOException the first failure
   */
  static <T> void each(List<T> items, Task<T> task) throws IOException {
    AtomicBoolean failed = new AtomicBoolean();
    try (ExecutorService threads =
        Executors.newFixedThreadPool(
            AT_ONCE, Thread.ofPlatform().name("varve-backup-", 1).daemon().factory())) {
      List<Future<?>> running = new ArrayList<>();
      for (T item : items) {
        running.add(
            threads.submit(
                () -> {
                  if (!failed.get()) {
                    boolean whole = false;
                    try {
                      task.run(item);
                      whole = true;
                    } finally {
                      if (!whole) {
                        failed.set(true);
                      }
                    }
                  }
                  return null;
                }));
      }
      await(running, failed);
    }
  }

  private static void await(List<Future<?>> running, AtomicBoolean failed) throws IOException {
    for (Future<?> one : running) {
      try {
        one.get();
      } catch (InterruptedException e) {
        failed.set(true);
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted");
      } catch (ExecutionException e) {
        switch (e.getCause()) {
          case IOException cause -> throw cause;
          case RuntimeException cause -> throw cause;
          case Error cause -> throw cause;
          case null, default -> throw new IllegalStateException(e);
        }
      }
    }
  }
}
