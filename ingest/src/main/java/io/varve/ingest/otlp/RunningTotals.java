package io.varve.ingest.otlp;

import com.dynatrace.hash4j.hashing.Hasher128;
import com.dynatrace.hash4j.hashing.Hashing;
import java.time.InstantSource;
import java.util.Iterator;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The running totals of all streams whose deltas are made cumulative: in memory only, bounded in
 * size, each forgotten when nothing has come for a while. Any thread.
 */
public final class RunningTotals {
  private static final long SWEEP_MILLIS = 60_000;

  private final ConcurrentHashMap<StreamIdentity, RunningTotal> totals = new ConcurrentHashMap<>();
  private final Hasher128 hasher = Hashing.murmur3_128(ThreadLocalRandom.current().nextInt());
  private final OtlpDeltas settings;
  private final InstantSource clock;
  private final AtomicLong bytes = new AtomicLong();
  private final AtomicLong sweepAt;

  /**
   * @param clock tells how long nothing has come
   */
  public RunningTotals(OtlpDeltas settings, InstantSource clock) {
    this.settings = settings;
    this.clock = clock;
    this.sweepAt = new AtomicLong(clock.millis() + SWEEP_MILLIS);
  }

  /** Streams at present. */
  public int streams() {
    sweep();
    return totals.size();
  }

  /** Memory that they take, about. */
  public long bytes() {
    sweep();
    return bytes.get();
  }

  /** Memory that they may take. */
  public long mostBytes() {
    return settings.stateBytes();
  }

  StreamIdentity.Hash hash() {
    return new StreamIdentity.Hash(hasher);
  }

  long nowMillis() {
    return clock.millis();
  }

  /** The total of a stream; null if there is none, or nothing has come for too long. */
  @Nullable RunningTotal get(StreamIdentity stream, long now) {
    RunningTotal total = totals.get(stream);
    if (total == null || !isStale(total, now)) {
      return total;
    }
    remove(stream, total);
    return null;
  }

  private boolean isStale(RunningTotal total, long now) {
    return now - total.seenMillis() > settings.maxStaleMillis();
  }

  /** What became of an attempt to put a total in place of another. */
  enum Put {
    DONE,
    CHANGED,
    NO_ROOM
  }

  /** Puts a total in place of the one before, null for none, if that is still there. */
  Put put(StreamIdentity stream, @Nullable RunningTotal before, RunningTotal next) {
    long more = next.bytes() - (before == null ? 0 : before.bytes());
    if (bytes.addAndGet(more) > settings.stateBytes() && more > 0) {
      bytes.addAndGet(-more);
      return Put.NO_ROOM;
    }
    boolean done =
        before == null
            ? totals.putIfAbsent(stream, next) == null
            : totals.replace(stream, before, next);
    if (!done) {
      bytes.addAndGet(-more);
    }
    return done ? Put.DONE : Put.CHANGED;
  }

  /**
   * Puts back what was there before a total whose request has failed. If another delta has been
   * added since, that is its request's to do, should it fail as well.
   */
  synchronized void putBack(StreamIdentity stream, RunningTotal next) {
    RunningTotal before = next;
    for (RunningTotal.Pending made = next.pending(); made != null; ) {
      made.failed |= before == next;
      if (!made.failed) {
        break;
      }
      before = made.before;
      made = before == null ? null : before.pending();
    }
    if (before == null) {
      remove(stream, next);
    } else if (totals.replace(stream, next, before)) {
      bytes.addAndGet(before.bytes() - next.bytes());
    }
  }

  private void remove(StreamIdentity stream, RunningTotal total) {
    if (totals.remove(stream, total)) {
      bytes.addAndGet(-total.bytes());
    }
  }

  /** Forgets stale streams, if that was not done a short while ago. */
  void sweep() {
    long now = clock.millis();
    long due = sweepAt.get();
    if (now < due || !sweepAt.compareAndSet(due, now + SWEEP_MILLIS)) {
      return;
    }
    for (Iterator<StreamIdentity> all = totals.keySet().iterator(); all.hasNext(); ) {
      get(all.next(), now);
    }
  }
}
