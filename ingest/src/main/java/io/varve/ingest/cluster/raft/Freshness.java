package io.varve.ingest.cluster.raft;

/**
 * How far what a replica can show is behind what was acknowledged anywhere, by this machine's own
 * clock: those of others may be off. What counts is when the newest question was put, of those
 * whose answer is here by now. A question asks for a position behind all that was acknowledged
 * before it ({@link ReadBarrier}).
 *
 * <p>So neither the replica's belief that it leads counts, nor when a message of the leader came:
 * after a machine stood still, both are of before.
 *
 * <p>Any thread may ask and tell.
 */
final class Freshness {
  /** No lag is known. */
  static final long UNKNOWN = Long.MAX_VALUE;

  /** Answers that wait for the replica to get as far; when it is further behind, later ones go. */
  static final int ANSWERS = 256;

  // In a ring: when the question was put, and the index up to which its answer goes.
  private final long[] asked = new long[ANSWERS];
  private final long[] indexes = new long[ANSWERS];
  private int first;
  private int count;

  private boolean known;
  private long complete;

  /**
   * A question is answered. Questions are put one after the other.
   *
   * @param askedAt when it was put, by {@link System#nanoTime}
   * @param index whoever has this entry misses nothing that was acknowledged before that
   */
  synchronized void answered(long askedAt, long index) {
    if (count < ANSWERS) {
      int at = (first + count++) % ANSWERS;
      asked[at] = askedAt;
      indexes[at] = index;
    }
  }

  /**
   * The lag in milliseconds; {@link #UNKNOWN} before the replica has ever been up to date.
   *
   * @param now by {@link System#nanoTime}
   * @param reached the last entry that can be read here
   */
  synchronized long millis(long now, long reached) {
    while (count > 0 && indexes[first] <= reached) {
      known = true;
      complete = asked[first];
      first = (first + 1) % ANSWERS;
      count--;
    }
    return known ? Math.max(0, now - complete) / 1_000_000 : UNKNOWN;
  }
}
