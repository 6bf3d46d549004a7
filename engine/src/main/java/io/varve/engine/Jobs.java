package io.varve.engine;

import io.varve.engine.policy.RetentionPolicy;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Logged decisions that still have to reach the files, in the order of the log. They are carried
 * out one after the other, by whoever calls {@link Engine#runBackgroundWork}: the engine's own
 * thread, or a test.
 */
final class Jobs {
  /** One decision. */
  sealed interface Job {
    /** Its place in the log. */
    long position();
  }

  /**
   * Frozen samples become files.
   *
   * @param image the head as it began afterwards; null if only late samples were frozen
   */
  record FlushJob(long position, Frozen frozen, Checkpoint.@Nullable Image image) implements Job {}

  /** A delete reaches the files; the samples that were open when it came are there already. */
  record DeleteJob(long position, Delete delete, CompletableFuture<Void> done) implements Job {
    DeleteJob(long position, Delete delete) {
      this(position, delete, new CompletableFuture<>());
    }
  }

  /** A delete is taken back. */
  record UndeleteJob(long position, long id, long atMillis, CompletableFuture<Void> done)
      implements Job {
    UndeleteJob(long position, long id, long atMillis) {
      this(position, id, atMillis, new CompletableFuture<>());
    }
  }

  /** Corrections become files. */
  record CorrectJob(long position, Frozen frozen) implements Job {}

  /**
   * A window's files become final files.
   *
   * @param policy by which they are split
   */
  record MergeJob(long position, Records.Merge merge, RetentionPolicy policy) implements Job {
    long windowStart() {
      return merge.start();
    }
  }

  /** A window and all before it go. */
  record DropJob(long position, long windowStart, DropReason reason) implements Job {}

  /** The files of what the retention lets go of go, if they hold nothing else. */
  record ExpireJob(Expiry expiry, CompletableFuture<Void> done) implements Job {
    ExpireJob(Expiry expiry) {
      this(expiry, new CompletableFuture<>());
    }

    @Override
    public long position() {
      return expiry.position();
    }
  }

  /** Other continuous aggregates, or other settings in common, are declared. */
  record DeclareJob(long position, Declared declared) implements Job {}

  /** The head is saved, so that less log has to be replayed. Not a logged decision. */
  record CheckpointJob(long position, Checkpoint.Image image) implements Job {}

  private final ArrayDeque<Job> queue = new ArrayDeque<>();

  synchronized void add(Job job) {
    queue.add(job);
    notifyAll();
  }

  /** The next job; it stays in the queue until {@link #done}. */
  synchronized @Nullable Job peek() {
    return queue.peek();
  }

  synchronized void done(Job job) {
    if (queue.poll() != job) {
      throw new IllegalStateException("BUG: jobs ended out of order");
    }
    notifyAll();
  }

  /** Tells those who wait for jobs that none will be carried out any more; the jobs stay. */
  synchronized void giveUp(String why) {
    for (Job job : queue) {
      if (job instanceof DeleteJob delete) {
        delete.done().completeExceptionally(new StorageStoppedException(why));
      } else if (job instanceof ExpireJob expire) {
        expire.done().completeExceptionally(new StorageStoppedException(why));
      } else if (job instanceof UndeleteJob undelete) {
        undelete.done().completeExceptionally(new StorageStoppedException(why));
      }
    }
  }

  synchronized int size() {
    return queue.size();
  }

  /** True if a merge of this window is waiting. */
  synchronized boolean isMergeWaiting(long windowStart) {
    return queue.stream().anyMatch(j -> j instanceof MergeJob m && m.windowStart() == windowStart);
  }

  /** True if the head is about to be saved. */
  synchronized boolean isCheckpointWaiting() {
    return queue.stream().anyMatch(CheckpointJob.class::isInstance);
  }

  /** Lets a waiting worker look around. */
  synchronized void wake() {
    notifyAll();
  }

  /** Waits for the end of a job, a wake-up, or some time; an interrupt is left to others. */
  synchronized void awaitEnd(long millis) {
    try {
      wait(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Waits for a job, a wake-up, or some time. */
  synchronized void await(long millis) throws InterruptedException {
    if (queue.isEmpty()) {
      wait(millis);
    }
  }
}
