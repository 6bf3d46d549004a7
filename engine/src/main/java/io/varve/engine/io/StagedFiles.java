package io.varve.engine.io;

import java.io.Closeable;
import java.io.IOException;
import java.io.SyncFailedException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Finished files on their way to stable storage: all are synced, then all get their names, then the
 * folders are synced. What was not settled by then is deleted by {@link #close}. For one thread;
 * the files belong to this object from {@link #add} on.
 *
 * <p>A disk answers one sync in the time in which it could answer many, so that the syncs of many
 * small files one after the other are most of a flush on a slow disk. They run on several threads
 * here, which live no longer than a call of {@link #settle}. With one thread everything is done by
 * the caller, in the order in which the files came.
 */
public final class StagedFiles implements Closeable {
  private final FileSystem fs;
  private final int threads;
  private final List<StagedFile> files = new ArrayList<>();

  /**
   * No files yet.
   *
   * @param threads syncs in flight at once, at most, the caller's among them
   */
  public StagedFiles(FileSystem fs, int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException(threads + " threads");
    }
    this.fs = fs;
    this.threads = threads;
  }

  /** Takes over a file whose bytes are all written. */
  public void add(StagedFile file) {
    files.add(file);
  }

  /** Files that are not settled yet; each holds a descriptor. */
  public int size() {
    return files.size();
  }

  /**
   * Makes the files durable under their names; when this returns, nothing but the manifest is
   * missing. An interrupt does not end the wait.
   *
   * @throws SyncFailedException if one of the syncs failed; then no file has got its name
   */
  public void settle() throws IOException {
    atOnce(files.size(), i -> files.get(i).sync());
    TreeSet<Path> folders = new TreeSet<>();
    for (StagedFile file : files) {
      file.publish();
      folders.add(file.folder());
    }
    List<Path> changed = List.copyOf(folders);
    atOnce(changed.size(), i -> fs.syncDirectory(changed.get(i)));
    files.clear();
  }

  private interface Step {
    void run(int i) throws IOException;
  }

  /** Runs a step for each number; after a failure no more are begun. */
  private void atOnce(int count, Step step) throws IOException {
    if (threads == 1 || count < 2) {
      for (int i = 0; i < count; i++) {
        step.run(i);
      }
      return;
    }
    AtomicInteger next = new AtomicInteger();
    @Nullable Throwable[] failures = new Throwable[count];
    Runnable turns =
        () -> {
          for (int i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
            try {
              step.run(i);
            } catch (IOException | RuntimeException | Error e) {
              failures[i] = e;
              next.set(count);
            }
          }
        };
    List<Thread> helpers = new ArrayList<>();
    try {
      while (helpers.size() < Math.min(threads, count) - 1) {
        helpers.add(Thread.ofPlatform().name("varve-sync-" + helpers.size()).start(turns));
      }
      turns.run();
    } finally {
      helpers.forEach(StagedFiles::await);
    }
    rethrow(failures);
  }

  private static void await(Thread helper) {
    boolean interrupted = false;
    while (helper.isAlive()) {
      try {
        helper.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Throws the first failure; a failed sync comes before all others, because it is final. */
  private static void rethrow(@Nullable Throwable[] failures) throws IOException {
    Throwable first = null;
    for (Throwable failure : failures) {
      if (failure == null) {
        continue;
      }
      if (first == null) {
        first = failure;
      } else if (failure instanceof SyncFailedException
          && !(first instanceof SyncFailedException)) {
        failure.addSuppressed(first);
        first = failure;
      } else {
        first.addSuppressed(failure);
      }
    }
    switch (first) {
      case null -> {}
      case IOException e -> throw e;
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new AssertionError("a step throws nothing else", first);
    }
  }

  @Override
  public void close() throws IOException {
    IOException failure = null;
    for (StagedFile file : files) {
      try {
        file.close();
      } catch (IOException e) {
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    files.clear();
    if (failure != null) {
      throw failure;
    }
  }
}
