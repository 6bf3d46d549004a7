package io.varve.ingest.ship;

import io.varve.engine.PulledFiles;
import io.varve.engine.StoreInstall;
import io.varve.engine.StoreListing;
import io.varve.engine.format.CorruptDataException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Brings the files of a shard's store here from other nodes. When {@link #run} returns, all are
 * there, proven and durable, and {@link StoreInstall#install} can put them in place; what was there
 * before is untouched, and an engine may serve it meanwhile.
 *
 * <p>What came stays when a pull fails: the next one, of the same listing or a newer one, goes on.
 * One thread runs it, once; any may ask for its progress or {@link #cancel} it.
 */
public final class StorePull {
  private static final System.Logger LOG = System.getLogger(StorePull.class.getName());

  /** A listing whose files went before they were pulled is followed by a newer one, so often. */
  private static final int LISTINGS = 5;

  private final ShipClient client;
  private final StoreInstall install;
  private final int shard;
  private final List<URI> nodes;
  private final PullProgress progress = new PullProgress();
  private final AtomicBoolean cancelled = new AtomicBoolean();

  /**
   * A pull.
   *
   * @param nodes the first gives the listing; all give files
   */
  public StorePull(ShipClient client, StoreInstall install, int shard, List<URI> nodes) {
    if (nodes.isEmpty()) {
      throw new IllegalArgumentException("no node to pull from");
    }
    this.client = client;
    this.install = install;
    this.shard = shard;
    this.nodes = List.copyOf(nodes);
  }

  /** How far it is. */
  public PullProgress.State progress() {
    return progress.state();
  }

  /** Ends it soon; {@link #run} throws. */
  public void cancel() {
    cancelled.set(true);
  }

  /**
   * Pulls.
   *
   * @return what can be installed now; the first node holds its files (and, in a cluster, the log
   *     behind its position) until {@link #release}
   * @throws IOException if the nodes do not give what is missing, or it cannot be kept
   * @throws CorruptDataException if what they give is never what it should be; names the file
   */
  public StoreListing run() throws IOException {
    for (int i = 1; ; i++) {
      progress.step("asking for a listing");
      StoreListing listing = client.listing(nodes.getFirst(), shard);
      boolean whole = false;
      try {
        pull(listing);
        progress.step("pulled");
        whole = true;
        return listing;
      } catch (ShipClient.NotThereException e) {
        if (i == LISTINGS) {
          throw e;
        }
        LOG.log(System.Logger.Level.INFO, "a newer listing is asked for: " + e.getMessage());
      } finally {
        if (!whole) {
          release(listing);
        }
      }
    }
  }

  /** Tells the node that gave a listing that it is needed no more. */
  public void release(StoreListing listing) {
    try {
      client.release(nodes.getFirst(), shard, listing.id());
    } catch (IOException e) {
      LOG.log(System.Logger.Level.DEBUG, "a hold that will end by itself", e);
    }
  }

  private void pull(StoreListing listing) throws IOException {
    progress.step("looking for what is here");
    List<StoreListing.Entry> missing = install.begin(listing, read -> check());
    PulledFiles files = install.files();
    long bytes = missing.stream().mapToLong(StoreListing.Entry::bytes).sum();
    progress.begin(missing.size(), bytes, listing.bytes() - bytes);
    for (StoreListing.Entry file : missing) {
      progress.already(files.bytes(file));
    }
    FilePull pull = new FilePull(client, shard, nodes, progress, this::check);
    each(missing, file -> pull.pull(file, files));
  }

  private void check() throws InterruptedIOException {
    if (cancelled.get() || Thread.currentThread().isInterrupted()) {
      throw new InterruptedIOException("the pull was broken off");
    }
  }

  private interface Task {
    void run(StoreListing.Entry file) throws IOException;
  }

  /** Does the same to all files, some at a time; nothing new is begun after a failure. */
  private void each(List<StoreListing.Entry> files, Task task) throws IOException {
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    try (ExecutorService threads =
        Executors.newFixedThreadPool(
            client.settings().parallel(),
            Thread.ofPlatform().name("varve-ship-", 1).daemon().factory())) {
      List<Future<?>> running = new ArrayList<>();
      for (StoreListing.Entry file : files) {
        running.add(
            threads.submit(
                () -> {
                  if (failure.get() != null) {
                    return;
                  }
                  try {
                    task.run(file);
                  } catch (IOException | RuntimeException | Error e) {
                    failure.compareAndSet(null, e);
                  }
                }));
      }
      for (Future<?> one : running) {
        await(one);
      }
    }
    switch (failure.get()) {
      case null -> {}
      case IOException e -> throw e;
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new AssertionError("a task throws nothing else", failure.get());
    }
  }

  private void await(Future<?> one) throws InterruptedIOException {
    try {
      one.get();
    } catch (InterruptedException e) {
      cancel();
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    } catch (ExecutionException e) {
      throw new IllegalStateException("failures are kept elsewhere", e);
    }
  }
}
