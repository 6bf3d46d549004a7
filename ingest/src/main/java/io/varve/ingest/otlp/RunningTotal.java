package io.varve.ingest.otlp;

import org.jspecify.annotations.Nullable;

/**
 * What the deltas of one stream add up to, as of the newest of them. Never changed: a delta makes a
 * new one, so that the old one can be put back if the delta could not be stored after all.
 */
abstract sealed class RunningTotal permits NumberTotal, BucketTotal, ExponentialTotal {
  /** Of the map's entry, the key and this object. */
  private static final int OVERHEAD_BYTES = 160;

  /** What it knows of when. */
  record Times(long start, long from, long time, long seenMillis) {}

  /** A request that is not done with the total it made, and what was there before. */
  static final class Pending {
    final Object request;
    final @Nullable RunningTotal before;

    /** True if the request could not store it; guarded by the {@link RunningTotals}. */
    boolean failed;

    Pending(Object request, @Nullable RunningTotal before) {
      this.request = request;
      this.before = before;
    }
  }

  private final Times times;
  private volatile @Nullable Pending pending;

  RunningTotal(Times times) {
    this.times = times;
  }

  /** Since when it counts, nanoseconds since the epoch; 0 if the sender did not say. */
  final long start() {
    return times.start;
  }

  /** Since when the newest delta counted. */
  final long from() {
    return times.from;
  }

  /** Of the newest delta. */
  final long time() {
    return times.time;
  }

  /** When the newest delta came, milliseconds of the own clock. */
  final long seenMillis() {
    return times.seenMillis;
  }

  /** What has made it and has not stored it; null if it is stored. */
  final @Nullable Pending pending() {
    return pending;
  }

  /** To be called before others see it. */
  final void isMadeBy(Object request, @Nullable RunningTotal before) {
    pending = new Pending(request, before);
  }

  final void isStored() {
    pending = null;
  }

  /** Memory that it takes, about. */
  final long bytes() {
    return OVERHEAD_BYTES + 8L * longs();
  }

  /** Numbers in its arrays. */
  abstract int longs();
}
