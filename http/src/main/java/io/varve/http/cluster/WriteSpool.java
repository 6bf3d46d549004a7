package io.varve.http.cluster;

import io.varve.http.config.ClusterConfig;
import io.varve.ingest.IngestLimits;
import io.varve.ingest.cluster.Peer;
import io.varve.ingest.spool.Spool;
import io.varve.ingest.spool.SpooledRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What {@code replication: async} acknowledges: writes that are on this node's disk, and go to the
 * leader from there, in order, by a thread that tries until each of them is taken. Those that came
 * while others were on their way go together, as far as they can ({@link SpooledBatch}). Any
 * thread; its owner opens and closes it.
 */
public final class WriteSpool implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(WriteSpool.class.getName());
  private static final long LOOK_MILLIS = 200;
  private static final long TIDY_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long FIRST_PAUSE_MILLIS = 10;
  private static final long LONGEST_PAUSE_MILLIS = 1_000;

  /** So often at most the log tells of requests that were refused, or do not get through. */
  private static final long TELL_NANOS = TimeUnit.SECONDS.toNanos(10);

  /** So often a request is sent before others are sent that it keeps waiting. */
  private static final int ATTEMPTS = 8;

  /** So much goes to the leader at once, compressed, and decoded. */
  private static final long BATCH_BYTES = 1 << 20;

  private static final long BATCH_DECODED_BYTES = 8 << 20;

  /** All writes go by way of the first shard, as long as there is one only. */
  private static final int SHARD = 0;

  private final Path folder;
  private final UUID clusterId;
  private final long mostBytes;
  private final long mostBatchBytes;
  private final long mostBatchDecoded;
  private final Delivery delivery;
  private final Supplier<@Nullable Peer> leader;
  private final ClusterMeter meter;
  private volatile @Nullable Spool spool;
  private volatile boolean closed;
  private @Nullable Thread thread;

  // Of the thread.
  private long tidied;
  private long attempted;
  private int attempts;
  private long aloneTo;
  private long toldRefused = System.nanoTime() - TELL_NANOS;
  private long toldStuck = System.nanoTime();

  /**
   * Nothing is opened yet.
   *
   * @param folder of the spool
   * @param limits of a request, at the leader too
   */
  WriteSpool(
      Path folder,
      ClusterConfig config,
      IngestLimits limits,
      Delivery delivery,
      PeerWatch watch,
      Peers peers,
      ClusterMeter meter) {
    this.folder = folder;
    this.clusterId = config.id();
    this.mostBytes = config.spool().maxBytes();
    this.mostBatchBytes = Math.min(BATCH_BYTES, limits.compressedBytes());
    this.mostBatchDecoded = Math.min(BATCH_DECODED_BYTES, limits.decodedBytes());
    this.delivery = delivery;
    this.meter = meter;
    this.leader =
        () -> {
          String id = watch.leader(SHARD);
          return id == null ? null : peers.of(id);
        };
  }

  /**
   * Opens it, and begins to deliver what was left in it. No other process uses the data folder.
   *
   * @throws IOException if it cannot be read
   */
  void open() throws IOException {
    Spool opened = Spool.open(folder, clusterId.getMostSignificantBits(), mostBytes);
    if (opened.waiting() > 0) {
      LOG.log(
          System.Logger.Level.INFO,
          opened.waiting() + " requests in the spool are still to be taken by the cluster");
    }
    spool = opened;
    thread = Thread.ofPlatform().name("varve-spool").daemon().start(() -> deliver(opened));
  }

  /** True if it takes requests. */
  boolean isOpen() {
    Spool now = spool;
    return now != null && !closed && now.isWritable();
  }

  /** What is in it; null while it is not open. */
  public @Nullable Spool spool() {
    return spool;
  }

  /**
   * Acknowledges a write: it is on this node's disk when this returns.
   *
   * @param headers that it is sent on with
   * @param body the bytes {@code [offset, offset + length)}
   * @throws IOException if it is not
   */
  public void put(String path, Map<String, String> headers, byte[] body, int offset, int length)
      throws IOException {
    Spool now = spool;
    if (now == null || closed) {
      throw new IOException("the spool of this node is not open");
    }
    now.put(System.currentTimeMillis(), path, headers, body, offset, length);
  }

  private void deliver(Spool from) {
    long pause = FIRST_PAUSE_MILLIS;
    try {
      while (!closed) {
        try {
          SpooledRequest next = from.await(LOOK_MILLIS);
          if (next == null || deliver(next, from)) {
            pause = FIRST_PAUSE_MILLIS;
          } else {
            Thread.sleep(pause);
            pause = Math.min(LONGEST_PAUSE_MILLIS, 2 * pause);
          }
          if (System.nanoTime() - tidied > TIDY_NANOS) {
            tidied = System.nanoTime();
            tidy(from);
          }
        } catch (IOException | RuntimeException | Error e) {
          tellStuck(from, "the spool of this node: " + e, e);
          Thread.sleep(LONGEST_PAUSE_MILLIS);
        }
      }
    } catch (InterruptedException e) {
      // The spool is closed: what waits is delivered after the next start.
    }
  }

  /** What it cannot do now, as on a full disk, does not hold up deliveries. */
  private void tidy(Spool of) {
    try {
      of.tidy();
    } catch (IOException e) {
      tellStuck(of, "the spool of this node keeps what it could delete: " + e, e);
    }
  }

  /** One attempt; false if the request still is the next one. */
  private boolean deliver(SpooledRequest request, Spool from)
      throws IOException, InterruptedException {
    Peer to = leader.get();
    if (to == null) {
      tellStuck(from, "no leader of shard " + SHARD + " is known", null);
      return false;
    }
    SpooledBatch batch =
        request.sequence() <= aloneTo
            ? SpooledBatch.of(request)
            : SpooledBatch.of(request, from.behind(request, mostBatchBytes), mostBatchDecoded);
    Delivery.Result result = delivery.send(batch, to);
    if (batch.isJoined() && isOfRequest(result)) {
      aloneTo = batch.last().sequence(); // to find out which of them it is
      return true;
    }
    switch (result) {
      case Delivery.Result.Taken() -> taken(batch, ClusterMeter.Delivered.TAKEN, from);
      case Delivery.Result.Refused(String why) -> {
        taken(batch, ClusterMeter.Delivered.REFUSED, from);
        if (System.nanoTime() - toldRefused > TELL_NANOS) {
          toldRefused = System.nanoTime();
          LOG.log(
              System.Logger.Level.WARNING,
              "a write that was acknowledged is refused, in part or as a whole, for good: " + why);
        }
      }
      case Delivery.Result.Later(String why, boolean isOfRequest) -> {
        meter.delivered(ClusterMeter.Delivered.DELAYED);
        tellStuck(from, why, null);
        attempts = request.sequence() == attempted ? attempts + 1 : 1;
        attempted = request.sequence();
        if (isOfRequest && attempts >= ATTEMPTS && from.waiting() > 1) {
          from.postpone(request);
          return true;
        }
        return false;
      }
    }
    return true;
  }

  private static boolean isOfRequest(Delivery.Result result) {
    return switch (result) {
      case Delivery.Result.Taken() -> false;
      case Delivery.Result.Refused(String why) -> true;
      case Delivery.Result.Later(String why, boolean isOfRequest) -> isOfRequest;
    };
  }

  private void taken(SpooledBatch batch, ClusterMeter.Delivered how, Spool from) {
    toldStuck = System.nanoTime();
    for (SpooledRequest request : batch.requests()) {
      meter.delivered(how);
      from.delivered(request);
    }
  }

  private void tellStuck(Spool from, String why, @Nullable Throwable cause) {
    if (System.nanoTime() - toldStuck > TELL_NANOS) {
      toldStuck = System.nanoTime();
      LOG.log(
          System.Logger.Level.WARNING,
          from.waiting() + " acknowledged requests wait for the cluster to take them: " + why,
          cause);
    }
  }

  /** Ends deliveries. */
  @Override
  public void close() {
    closed = true;
    Thread ending = thread;
    if (ending != null) {
      ending.interrupt();
      boolean interrupted = false;
      while (ending.isAlive()) {
        try {
          ending.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
    Spool opened = spool;
    if (opened != null) {
      try {
        opened.close();
      } catch (IOException e) {
        LOG.log(System.Logger.Level.WARNING, "the spool does not end in order", e);
      }
    }
  }
}
