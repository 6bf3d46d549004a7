package io.varve.http.net;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The memory of request bodies: bounded in sum over all requests, and reused, because arrays of the
 * usual sizes would each take a region of their own in the collector's heap. Thread-safe.
 */
final class Bodies {
  private static final int SMALLEST = 12;
  private static final int LARGEST = 21;
  private static final int KEPT = 16;

  private final long mostBytes;
  private final AtomicLong bytes = new AtomicLong();
  private final Shelf[] shelves = new Shelf[LARGEST - SMALLEST + 1];

  /** Arrays of one size. */
  private static final class Shelf {
    final ConcurrentLinkedQueue<byte[]> arrays = new ConcurrentLinkedQueue<>();
    final AtomicInteger kept = new AtomicInteger();
  }

  Bodies(long mostBytes) {
    this.mostBytes = mostBytes;
    for (int i = 0; i < shelves.length; i++) {
      shelves[i] = new Shelf();
    }
  }

  /** Bytes that requests hold now. */
  long heldBytes() {
    return bytes.get();
  }

  /** What {@link #take} is going to charge for this length. */
  static int capacity(int length) {
    int bits = 32 - Integer.numberOfLeadingZeros(Math.max(length, 1) - 1);
    return bits > LARGEST ? length : 1 << Math.max(bits, SMALLEST);
  }

  /**
   * Room for a body; its content is undefined.
   *
   * @return null if the bodies of all requests would take too much memory
   */
  byte @Nullable [] take(int length) {
    int capacity = capacity(length);
    if (bytes.addAndGet(capacity) > mostBytes) {
      bytes.addAndGet(-capacity);
      return null;
    }
    int shelf = shelf(capacity);
    if (shelf >= 0) {
      byte[] array = shelves[shelf].arrays.poll();
      if (array != null) {
        shelves[shelf].kept.decrementAndGet();
        return array;
      }
    }
    return new byte[capacity];
  }

  /** Gives back what was taken; the caller has no use of it any more. */
  void give(byte[] array) {
    bytes.addAndGet(-array.length);
    int shelf = shelf(array.length);
    if (shelf >= 0) {
      if (shelves[shelf].kept.incrementAndGet() <= KEPT) {
        shelves[shelf].arrays.add(array);
      } else {
        shelves[shelf].kept.decrementAndGet();
      }
    }
  }

  private static int shelf(int capacity) {
    return Integer.bitCount(capacity) == 1 && capacity <= 1 << LARGEST
        ? Integer.numberOfTrailingZeros(capacity) - SMALLEST
        : -1;
  }
}
