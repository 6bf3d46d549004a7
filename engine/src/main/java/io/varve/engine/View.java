package io.varve.engine;

import io.varve.engine.head.Head;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * What can be read at one moment: open head, frozen samples, windows, deletes, undeletes and
 * expiries that have not reached the files yet. Immutable but for its number of holders; holds on
 * to all files it names.
 */
final class View {
  private final Head head;
  private final List<Frozen> frozen;
  private final NavigableMap<Long, WindowView> windows;
  private final NavigableMap<Long, WindowView> shown;
  private final List<Delete> deletes;
  private final List<Expiry> expiries;
  private final Set<Long> undone;
  private final long frozenBytes;
  private final AtomicInteger holders = new AtomicInteger(1);

  View(
      Head head,
      List<Frozen> frozen,
      NavigableMap<Long, WindowView> windows,
      List<Delete> deletes,
      List<Expiry> expiries,
      Set<Long> undone) {
    this.head = head;
    this.frozen = List.copyOf(frozen);
    this.windows = new TreeMap<>(windows);
    this.deletes = List.copyOf(deletes);
    this.expiries = List.copyOf(expiries);
    this.undone = Set.copyOf(undone);
    this.shown = new TreeMap<>(windows);
    if (!undone.isEmpty()) {
      shown.replaceAll((start, window) -> window.without(undone));
    }
    this.frozenBytes = frozen.stream().mapToLong(Frozen::bytes).sum();
    each(Shared::retain);
  }

  /** Memory of samples on their way into files. */
  long frozenBytes() {
    return frozenBytes;
  }

  Head head() {
    return head;
  }

  List<Frozen> frozen() {
    return frozen;
  }

  /** The windows as their files have them: what jobs work on. */
  NavigableMap<Long, WindowView> windows() {
    return windows;
  }

  /** The windows as they are read: without deletes that were taken back. */
  NavigableMap<Long, WindowView> shown() {
    return shown;
  }

  /** Deletes by log position that were taken back, which the files do not know yet. */
  Set<Long> undone() {
    return undone;
  }

  List<Delete> deletes() {
    return deletes;
  }

  /** What the retention lets go of and the files still have. */
  List<Expiry> expiries() {
    return expiries;
  }

  private void each(Consumer<Shared<?>> action) {
    for (WindowView window : windows.values()) {
      window.eachResource(action);
    }
  }

  /** One more holder; false if the last has let go already. */
  boolean tryRetain() {
    while (true) {
      int n = holders.get();
      if (n == 0) {
        return false;
      }
      if (holders.compareAndSet(n, n + 1)) {
        return true;
      }
    }
  }

  void release() {
    if (holders.decrementAndGet() == 0) {
      each(Shared::release);
    }
  }
}
