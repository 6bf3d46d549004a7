package io.varve.engine.registry;

import io.varve.engine.io.FileSystem;
import io.varve.engine.model.Metadata;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The registry in a Chronicle Map file. One platform thread owns the file and does everything to
 * it: Chronicle Map keeps a context per thread, which is costly for virtual ones; its first use
 * takes seconds of CPU, which no start should wait for; and an access that gets stuck in a damaged
 * file then holds up nobody but this thread. Changes are queued; questions are queued and waited
 * for, and answered with "nothing is known" when that takes too long.
 */
final class ChronicleRegistry implements Registry {
  private static final int QUEUE = 1 << 16;
  private static final long ANSWER_SECONDS = 5;
  private static final long ROOM_MILLIS = 1000;

  /** How long the file waits for the first question, so as not to take CPU from a start. */
  private static final long START_SECONDS = 5;

  private final ChronicleBook book;
  private final long answerSeconds;
  private final BlockingQueue<Runnable> queue = new ArrayBlockingQueue<>(QUEUE);
  private final Thread thread;
  private final CountDownLatch wanted = new CountDownLatch(1);
  private volatile boolean opened;

  /** Tasks done; written by the registry's thread only. */
  private volatile long done;

  /** {@link #done} when a question went unanswered and nothing else was done meanwhile, else −1. */
  private volatile long stuckAt = -1;

  private volatile boolean closed;

  // Which losses a rebuild has made good: one that begins before a loss does not cover it.
  private long losses;
  private long lossesSeen;
  private long lossesRebuilt;
  private long dropped;

  private ChronicleRegistry(
      FileSystem fileSystem, Path folder, Consumer<String> warnings, long answerSeconds) {
    this.answerSeconds = answerSeconds;
    book = new ChronicleBook(fileSystem, folder, warnings, this::factsLost);
    thread = Thread.ofPlatform().name("varve-registry").daemon().unstarted(this::run);
  }

  /**
   * Returns at once; the file is opened in the registry's own thread, when it is first asked
   * something or after some seconds.
   */
  static ChronicleRegistry open(FileSystem fileSystem, Path folder, Consumer<String> warnings) {
    return open(fileSystem, folder, warnings, ANSWER_SECONDS);
  }

  /**
   * @param answerSeconds how long a question waits for its answer, and half of what a close waits
   */
  static ChronicleRegistry open(
      FileSystem fileSystem, Path folder, Consumer<String> warnings, long answerSeconds) {
    ChronicleRegistry registry = new ChronicleRegistry(fileSystem, folder, warnings, answerSeconds);
    registry.thread.start();
    return registry;
  }

  private void run() {
    try {
      wanted.await(START_SECONDS, TimeUnit.SECONDS);
      if (closed && queue.isEmpty()) {
        return;
      }
      book.open();
      opened = true;
      while (!closed || !queue.isEmpty()) {
        Runnable task = queue.poll(100, TimeUnit.MILLISECONDS);
        if (task != null) {
          long doneNow = done + 1;
          task.run();
          done = doneNow;
        }
      }
    } catch (InterruptedException e) {
      // Nobody but a dying process interrupts this thread: close what there is.
    } finally {
      closed = true;
    }
    book.close();
  }

  /**
   * Queues a change. While the file is being opened a full queue drops it, later it waits a bit.
   */
  private void tell(Runnable change) {
    if (closed) {
      return;
    }
    boolean taken = queue.offer(change);
    if (!taken && opened) {
      try {
        taken = queue.offer(change, ROOM_MILLIS, TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    if (!taken) {
      synchronized (this) {
        dropped++;
      }
      factsLost();
    }
  }

  private <T> T ask(T unknown, Supplier<T> question) {
    if (closed) {
      return unknown;
    }
    wanted.countDown();
    long doneBefore = done;
    if (stuckAt == doneBefore) {
      return unknown;
    }
    CompletableFuture<T> answer = new CompletableFuture<>();
    boolean taken =
        queue.offer(
            () -> {
              try {
                answer.complete(question.get());
              } catch (RuntimeException e) {
                answer.completeExceptionally(e);
              }
            });
    if (!taken) {
      return unknown;
    }
    try {
      return answer.get(answerSeconds, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      if (opened && done == doneBefore) {
        stuckAt = doneBefore;
      }
      return unknown;
    } catch (ExecutionException e) {
      return unknown;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return unknown;
    }
  }

  private synchronized void factsLost() {
    losses++;
  }

  private void change(String tenant, String metric, UnaryOperator<MetricFacts> change) {
    tell(() -> book.change(tenant, metric, change));
  }

  @Override
  public void putMetadata(String tenant, String metric, Metadata about) {
    Metadata bounded = MetricFacts.bounded(about);
    change(tenant, metric, facts -> facts.with(bounded));
  }

  @Override
  public @Nullable Metadata metadata(String tenant, String metric) {
    return ask(MetricFacts.NONE, () -> book.facts(tenant, metric)).metadata();
  }

  @Override
  public Map<String, Metadata> metadataOf(String tenant) {
    return ask(Map.of(), () -> book.metadataOf(tenant));
  }

  @Override
  public void addUsage(String tenant, long seriesCreated, long samples) {
    tell(() -> book.addUsage(tenant, seriesCreated, samples));
  }

  @Override
  public Usage usage(String tenant) {
    return ask(Usage.NONE, () -> book.usage(tenant));
  }

  @Override
  public Map<String, Usage> usages() {
    return ask(Map.of(), book::usages);
  }

  @Override
  public void written(String tenant, String metric, long epochMillis) {
    change(tenant, metric, facts -> facts.writtenAt(epochMillis));
  }

  @Override
  public void queried(String tenant, String metric, long epochMillis) {
    change(tenant, metric, facts -> facts.queriedAt(epochMillis));
  }

  @Override
  public Activity activity(String tenant, String metric) {
    return ask(MetricFacts.NONE, () -> book.facts(tenant, metric)).activity();
  }

  @Override
  public Map<String, Activity> activities(String tenant) {
    return ask(Map.of(), () -> book.activities(tenant));
  }

  @Override
  public long entries() {
    return ask(0L, book::entries);
  }

  @Override
  public long forgotten() {
    long inBook = ask(0L, book::forgotten);
    synchronized (this) {
      return inBook + dropped;
    }
  }

  @Override
  public synchronized boolean needsRebuild() {
    lossesSeen = losses;
    return opened && losses > lossesRebuilt;
  }

  @Override
  public synchronized void rebuilt() {
    lossesRebuilt = lossesSeen;
  }

  @Override
  public void close() {
    closed = true;
    wanted.countDown();
    boolean interrupted = false;
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(2 * answerSeconds);
    while (thread.isAlive() && System.nanoTime() < end) {
      try {
        thread.join(100);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
