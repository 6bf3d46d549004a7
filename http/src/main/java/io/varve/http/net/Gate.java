package io.varve.http.net;

import java.io.Serial;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/** Bounds how many requests of a kind are worked on at one time; others wait in order. */
public final class Gate {
  private final Semaphore permits;
  private final int most;
  private final long waitMillis;
  private final AtomicInteger waiting = new AtomicInteger();
  private final LongAdder refused = new LongAdder();

  /** No turn came in time. */
  public static final class CrowdedException extends RuntimeException {
    @Serial private static final long serialVersionUID = 1;

    CrowdedException(int most, long waitedMillis) {
      super(
          "waited " + waitedMillis + " ms while " + most + " others were being worked on",
          null,
          false,
          false);
    }
  }

  /**
   * A gate.
   *
   * @param most that may be inside
   * @param waitMillis how long {@link #enter} waits
   */
  public Gate(int most, long waitMillis) {
    this.permits = new Semaphore(most, true);
    this.most = most;
    this.waitMillis = waitMillis;
  }

  /**
   * Waits for a turn, at most as long as the gate allows.
   *
   * @throws CrowdedException if none came
   */
  public void enter() {
    enter(waitMillis);
  }

  /** Waits for a turn, at most {@code millis} and at most as long as the gate allows. */
  public void enter(long millis) {
    if (permits.tryAcquire()) {
      return;
    }
    waiting.incrementAndGet();
    boolean entered = false;
    long longest = Math.min(millis, waitMillis);
    try {
      entered = permits.tryAcquire(longest, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      waiting.decrementAndGet();
    }
    if (!entered) {
      refused.increment();
      throw new CrowdedException(most, longest);
    }
  }

  /** Makes room for another; once per {@link #enter} that returned. */
  public void leave() {
    permits.release();
  }

  /** How many are inside. */
  public int inside() {
    return most - permits.availablePermits();
  }

  /** How many wait. */
  public int waiting() {
    return waiting.get();
  }

  /** How many may be inside. */
  public int most() {
    return most;
  }

  /** How many were turned away. */
  public long refused() {
    return refused.sum();
  }
}
