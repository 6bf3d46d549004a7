package io.varve.ingest.cluster.raft;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.CompletableFuture;

/** Those who wait for an index that grows. Any thread. */
final class Waiters {
  private record Waiter(long index, CompletableFuture<Void> future) {}

  private final PriorityQueue<Waiter> queue =
      new PriorityQueue<>(Comparator.comparingLong(Waiter::index));
  private long reached;

  Waiters(long reached) {
    this.reached = reached;
  }

  /** Completed when the index is reached; whoever gives up cancels it. */
  synchronized CompletableFuture<Void> await(long index) {
    CompletableFuture<Void> future = new CompletableFuture<>();
    while (!queue.isEmpty() && queue.peek().future.isDone()) {
      queue.poll(); // given up
    }
    if (index <= reached) {
      future.complete(null);
    } else {
      queue.add(new Waiter(index, future));
    }
    return future;
  }

  /** Completes those who wait for no more than that. */
  void reached(long index) {
    List<CompletableFuture<Void>> done = null;
    synchronized (this) {
      reached = Math.max(reached, index);
      while (!queue.isEmpty() && queue.peek().index <= reached) {
        if (done == null) {
          done = new ArrayList<>();
        }
        done.add(queue.poll().future);
      }
    }
    if (done != null) {
      done.forEach(future -> future.complete(null));
    }
  }

  /** Ends the waiting of all who wait now. */
  void fail(IOException why) {
    List<Waiter> all;
    synchronized (this) {
      all = List.copyOf(queue);
      queue.clear();
    }
    all.forEach(waiter -> waiter.future.completeExceptionally(why));
  }
}
