package io.varve.ingest.ship;

import java.util.concurrent.TimeUnit;

/**
 * A limit on bytes per second, shared by all that keep to it: whoever has taken some waits until
 * the next may be taken. Any thread.
 */
public final class Throttle {
  /** So much of a second may be taken at once, after a pause. */
  private static final double BURST_SECONDS = 0.1;

  private volatile long bytesPerSecond;
  private long freeAtNanos = System.nanoTime();

  /**
   * A limit.
   *
   * @param bytesPerSecond 0 for none
   */
  public Throttle(long bytesPerSecond) {
    limit(bytesPerSecond);
  }

  /** Changes the limit; 0 for none. */
  public void limit(long rate) {
    if (rate < 0) {
      throw new IllegalArgumentException(rate + " bytes per second");
    }
    bytesPerSecond = rate;
  }

  /** The limit; 0 for none. */
  public long limit() {
    return bytesPerSecond;
  }

  /** Takes bytes and waits until they are within the limit. */
  public void take(long bytes) throws InterruptedException {
    long rate = bytesPerSecond;
    if (rate == 0) {
      return;
    }
    long wait;
    synchronized (this) {
      long now = System.nanoTime();
      long burst = (long) (BURST_SECONDS * TimeUnit.SECONDS.toNanos(1));
      long from = freeAtNanos - now < -burst ? now - burst : freeAtNanos;
      freeAtNanos = from + (long) ((double) bytes / rate * TimeUnit.SECONDS.toNanos(1));
      wait = freeAtNanos - now;
    }
    if (wait > 0) {
      TimeUnit.NANOSECONDS.sleep(wait);
    }
  }
}
