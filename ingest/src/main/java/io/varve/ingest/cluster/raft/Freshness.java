package io.varve.ingest.cluster.raft;

import io.varve.ingest.cluster.LogPosition;

/**
 * How far what a replica can show is behind what the leader has acknowledged, by this machine's own
 * clock: those of others may be off. What counts is when the leader was last heard of that had
 * nothing committed which is not here by now.
 *
 * <p>Any thread may ask and tell.
 */
final class Freshness {
  /** No lag is known. */
  static final long UNKNOWN = Long.MAX_VALUE;

  /** Looks that wait for the replica to get as far; when it is further behind, later ones wait. */
  static final int LOOKS = 256;

  private static final long GAP_NANOS = 20_000_000;

  // What the leader had committed, in a ring: when it was heard of, its term, the last index.
  private final long[] heard = new long[LOOKS];
  private final long[] terms = new long[LOOKS];
  private final long[] committed = new long[LOOKS];
  private int first;
  private int count;

  private boolean anyLook;
  private long lastLook;
  private long lastHeard;
  private long lastTerm;

  private boolean known;
  private long complete;

  /**
   * What is known of the leader now. While Raft handles a message of its, the time may be that of
   * the message and the index an earlier one; so a time counts with the index of the next look.
   *
   * @param now by {@link System#nanoTime}
   * @param heardAt when the leader was last heard of, by the same clock
   * @param term in which it leads
   * @param index up to where it had said the log is committed
   */
  synchronized void look(long now, long heardAt, long term, long index) {
    if (anyLook && now - lastLook < GAP_NANOS) {
      return;
    }
    if (anyLook && lastTerm == term && count < LOOKS) {
      int at = (first + count++) % LOOKS;
      heard[at] = lastHeard;
      terms[at] = term;
      committed[at] = index;
    }
    anyLook = true;
    lastLook = now;
    lastHeard = heardAt;
    lastTerm = term;
  }

  /**
   * The lag in milliseconds; {@link #UNKNOWN} before the replica has ever been as far as a leader.
   *
   * @param reached the last entry that can be read here. A new leader knows less as committed than
   *     earlier ones acknowledged, until an entry of its own term is; so the term has to be
   *     reached, too
   */
  synchronized long millis(long now, LogPosition reached) {
    while (count > 0 && committed[first] <= reached.index() && terms[first] <= reached.term()) {
      if (!known || heard[first] - complete > 0) {
        known = true;
        complete = heard[first];
      }
      first = (first + 1) % LOOKS;
      count--;
    }
    return known ? Math.max(0, now - complete) / 1_000_000 : UNKNOWN;
  }
}
