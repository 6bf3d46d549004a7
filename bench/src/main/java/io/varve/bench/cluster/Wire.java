package io.varve.bench.cluster;

import java.util.Random;

/**
 * One direction between two nodes: what is sent goes through at once, later, or not until it is
 * mended. As TCP promises, nothing is lost or reordered within a connection; what networks lose
 * shows as stalls and as connections that break. Any thread.
 */
final class Wire {
  private final Random random; // guarded by this
  private boolean cut;
  private int delayMillis;
  private int jitterMillis;
  private double stallShare;
  private double resetShare;
  private long waits;

  Wire(long seed) {
    random = new Random(seed);
  }

  /** Nothing goes through until it is mended; what was sent meanwhile goes through then. */
  synchronized void cut() {
    cut = true;
  }

  /** Everything comes later by a time between the delay and the delay with all of the jitter. */
  synchronized void delay(int millis, int jitter) {
    delayMillis = millis;
    jitterMillis = jitter;
  }

  /**
   * Some of what is sent has to be sent again.
   *
   * @param stalls share of the pieces that come a retransmission later
   * @param resets share of the pieces with which the connection breaks
   */
  synchronized void lossy(double stalls, double resets) {
    stallShare = stalls;
    resetShare = resets;
  }

  /** As good as new. */
  synchronized void mend() {
    cut = false;
    delayMillis = 0;
    jitterMillis = 0;
    stallShare = 0;
    resetShare = 0;
    notifyAll();
  }

  /** How often something had to wait. */
  synchronized long waits() {
    return waits;
  }

  /** Waits as long as a piece needs; returns false if the connection breaks instead. */
  boolean pass() throws InterruptedException {
    long wait;
    synchronized (this) {
      if (cut) {
        waits++;
      }
      while (cut) {
        wait();
      }
      if (random.nextDouble() < resetShare) {
        return false;
      }
      wait = (long) delayMillis + (jitterMillis > 0 ? random.nextInt(jitterMillis) : 0);
      if (random.nextDouble() < stallShare) {
        wait += 200 + random.nextInt(800); // as long as TCP waits before it sends again
      }
      if (wait > 0) {
        waits++;
      }
    }
    if (wait > 0) {
      Thread.sleep(wait);
    }
    synchronized (this) {
      while (cut) {
        wait();
      }
    }
    return true;
  }
}
