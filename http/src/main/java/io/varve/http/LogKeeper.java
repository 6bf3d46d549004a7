package io.varve.http;

import io.varve.ingest.cluster.ReplicaState;
import io.varve.ingest.cluster.raft.LogFailure;
import io.varve.ingest.cluster.raft.RaftNode;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The replicated log of this node, from the start of the server to its end. Raft stops for good
 * when it cannot write an entry. Then the store is closed, and the log with it, so that the other
 * nodes see at once that this one is gone. If nothing but room was missing, both are opened again
 * when there is some; if Raft ended it in order, they are, too, soon; after any other failure
 * somebody has to look at the disk first.
 */
final class LogKeeper implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(LogKeeper.class.getName());
  private static final long LOOK_MILLIS = 500;
  private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(5);

  /** A log that has gone on for so long is no longer one that ends again and again. */
  private static final long STEADY_NANOS = TimeUnit.MINUTES.toNanos(2);

  private static final long FIRST_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long LONGEST_PAUSE_NANOS = TimeUnit.MINUTES.toNanos(1);

  /** Twice a segment of the log, so that it does not stop again at once. */
  private static final long ROOM_BYTES = 64L << 20;

  /** Of a disk so small that it never has as much, this part. */
  private static final int SMALL_DISK_PART = 4;

  private final Path folder;
  private final Begin begin;
  private final ReplicatedStore store;
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().name("varve-log-keeper").daemon().factory());
  private volatile @Nullable RaftNode node;

  // Of the thread, once it runs.
  private @Nullable RaftNode awaitsStart;
  private long startedNanos;
  private long pauseNanos = FIRST_PAUSE_NANOS;
  private boolean seen;
  private long nextNanos;

  /** Starts the node of Raft. */
  interface Begin {
    RaftNode start() throws IOException;
  }

  /**
   * Nothing is started yet.
   *
   * @param folder of the log
   */
  LogKeeper(Path folder, Begin begin, ReplicatedStore store) {
    this.folder = folder;
    this.begin = begin;
    this.store = store;
  }

  /**
   * Starts it for the first time, and looks after it from then on.
   *
   * @throws IOException if it cannot be started
   */
  void start() throws IOException {
    run();
    var _ =
        thread.scheduleWithFixedDelay(this::look, LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
  }

  private void run() throws IOException {
    RaftNode started = begin.start();
    node = started;
    startedNanos = System.nanoTime();
    store.standOn(started.shard(0));
  }

  /** The log; null as long as it is not started, and while it is stopped. Any thread. */
  @Nullable RaftNode node() {
    return node;
  }

  private void look() {
    try {
      RaftNode now = node;
      if (now != null) {
        LogFailure failure = now.failure();
        // Without a cause, once may be by chance, while it opens or closes files.
        if (failure != null && (seen || failure.remedy() == LogFailure.Remedy.ROOM)) {
          stop(now, failure);
        }
        seen = failure != null;
      } else {
        RaftNode stopped = awaitsStart;
        if (stopped != null && System.nanoTime() - nextNanos >= 0 && hasRoom()) {
          startAgain(stopped);
        }
      }
    } catch (RuntimeException | Error e) {
      LOG.log(System.Logger.Level.ERROR, "BUG: the replicated log is not looked after", e);
    }
  }

  private void stop(RaftNode now, LogFailure failure) {
    long nowNanos = System.nanoTime();
    String next =
        switch (failure.remedy()) {
          case ROOM -> "it goes on by itself when there is room for " + folder;
          case NOTHING -> "it is started again in " + pause(nowNanos) + " s";
          case SOMEBODY ->
              "start this node again when the disk is in order, or with an empty folder: it takes"
                  + " what it needs from the others";
        };
    String why = failure.cause() + "; " + next;
    LOG.log(System.Logger.Level.ERROR, "this node is stopped: " + why);
    node = null; // nobody is to ask it any more
    awaitsStart = failure.remedy() == LogFailure.Remedy.SOMEBODY ? null : now;
    nextNanos = nowNanos + (failure.remedy() == LogFailure.Remedy.NOTHING ? pauseNanos : 0);
    store.withdraw(new ReplicaState.Stopped(why));
    try {
      now.close();
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "the replicated log does not end in order", e);
    }
  }

  /** Longer each time, for a node that is none of the cluster any more. */
  private long pause(long nowNanos) {
    pauseNanos =
        nowNanos - startedNanos > STEADY_NANOS
            ? FIRST_PAUSE_NANOS
            : Math.min(LONGEST_PAUSE_NANOS, 2 * pauseNanos);
    return TimeUnit.NANOSECONDS.toSeconds(pauseNanos);
  }

  private boolean hasRoom() {
    try {
      FileStore disk = Files.getFileStore(folder);
      return disk.getUsableSpace() >= Math.min(ROOM_BYTES, disk.getTotalSpace() / SMALL_DISK_PART);
    } catch (IOException e) {
      LOG.log(System.Logger.Level.DEBUG, "room for the log is not known", e);
      return false;
    }
  }

  private void startAgain(RaftNode stopped) {
    store.expectLog();
    try {
      stopped.mend();
      run();
    } catch (IOException e) {
      LOG.log(
          System.Logger.Level.WARNING,
          "the replicated log does not start again, tried once more soon: " + e.getMessage());
      store.expectNoLog();
      nextNanos = System.nanoTime() + PAUSE_NANOS;
      return;
    }
    awaitsStart = null;
    LOG.log(System.Logger.Level.INFO, "the replicated log is started again: this node goes on");
    store.comeBack();
  }

  /** Looks after it no more: what it is in the middle of is done when this returns. */
  void quiesce() {
    thread.shutdown();
    boolean interrupted = false;
    while (!thread.isTerminated()) {
      try {
        var _ = thread.awaitTermination(1, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Ends the log. The store that stands on it is closed before. */
  @Override
  public void close() throws IOException {
    quiesce();
    RaftNode last = node;
    node = null; // nobody is to ask it any more
    if (last != null) {
      last.close();
    }
  }
}
