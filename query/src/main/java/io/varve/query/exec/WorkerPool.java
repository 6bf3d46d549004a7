package io.varve.query.exec;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The platform threads that all queries of an engine share. A piece of work is split into chunks
 * which workers take in ascending order; after a slice of time a worker goes to the end of the
 * pool's line, so that a long query does not keep a short one waiting. Tasks never wait for tasks.
 */
public final class WorkerPool implements AutoCloseable {
  private static final long SLICE_NANOS = 20_000_000;

  /** A piece of work over a range of numbers. */
  @FunctionalInterface
  interface Task {
    void run(int from, int to, Worker worker);
  }

  private final int threads;
  private final @Nullable ExecutorService executor;
  private volatile boolean closed;

  /**
   * @param threads how many; 0 = work is done by whoever asks
   */
  public WorkerPool(int threads) {
    this.threads = threads;
    AtomicInteger number = new AtomicInteger();
    this.executor =
        threads == 0
            ? null
            : Executors.newFixedThreadPool(
                threads,
                task -> {
                  Thread thread = new Thread(task, "varve-query-" + number.incrementAndGet());
                  thread.setDaemon(true);
                  return thread;
                });
  }

  /** How many workers a query may have, at least 1. */
  int workers() {
    return Math.max(1, threads);
  }

  /**
   * Runs a task over {@code [0, count)} and waits for it. The first failure ends it and is thrown.
   */
  void run(int count, int chunk, Task task, QueryContext query) {
    run(count, chunk, task, query, false);
  }

  /**
   * The same.
   *
   * @param isLong true if even one chunk may take long: it must not be done on a virtual thread
   *     then, which would keep others from running
   */
  void run(int count, int chunk, Task task, QueryContext query, boolean isLong) {
    if (count == 0) {
      return;
    }
    int chunks = (count - 1) / chunk + 1;
    ExecutorService pool = executor;
    if (pool == null || (chunks == 1 && !(isLong && Thread.currentThread().isVirtual()))) {
      Worker worker = new Worker(0);
      for (int from = 0; from < count; from += chunk) {
        query.check();
        task.run(from, (int) Math.min(count, (long) from + chunk), worker);
      }
      return;
    }
    int helpers = Math.min(threads, chunks);
    Run run = new Run(count, chunk, task, query, pool, helpers);
    for (int slot = 0; slot < helpers; slot++) {
      run.start(new Worker(slot));
    }
    run.await();
  }

  /** One piece of work under way. */
  private final class Run {
    private final int count;
    private final int chunk;
    private final Task task;
    private final QueryContext query;
    private final Executor pool;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final CountDownLatch done;

    Run(int count, int chunk, Task task, QueryContext query, Executor pool, int helpers) {
      this.count = count;
      this.chunk = chunk;
      this.task = task;
      this.query = query;
      this.pool = pool;
      this.done = new CountDownLatch(helpers);
    }

    void start(Worker worker) {
      try {
        pool.execute(() -> work(worker));
      } catch (RejectedExecutionException e) {
        failure.compareAndSet(null, query.cancelled());
        done.countDown();
      }
    }

    private void work(Worker worker) {
      long begun = System.nanoTime();
      try {
        while (failure.get() == null) {
          int from = next.getAndAdd(chunk);
          if (from < 0 || from >= count) {
            break;
          }
          if (closed) {
            throw query.cancelled();
          }
          query.check();
          task.run(from, (int) Math.min(count, (long) from + chunk), worker);
          if (System.nanoTime() - begun > SLICE_NANOS) {
            start(worker);
            return;
          }
        }
      } catch (Throwable e) { // an error must reach the one who waits, whatever it is
        failure.compareAndSet(null, e);
      }
      done.countDown();
    }

    private void await() {
      boolean interrupted = false;
      while (true) {
        try {
          done.await();
          break;
        } catch (InterruptedException e) {
          interrupted = true;
          failure.compareAndSet(null, query.cancelled());
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
      Throwable thrown = failure.get();
      if (thrown instanceof RuntimeException e) {
        throw e;
      }
      if (thrown instanceof Error e) {
        throw e;
      }
      if (thrown != null) {
        throw new IllegalStateException(thrown);
      }
    }
  }

  /**
   * Ends the threads after the chunks they are at; no thread is interrupted, since that would close
   * the files it reads.
   */
  @Override
  public void close() {
    closed = true;
    if (executor != null) {
      executor.shutdown();
    }
  }
}
