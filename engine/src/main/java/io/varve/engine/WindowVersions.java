package io.varve.engine;

import io.varve.engine.model.TimeRange;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * When what is stored was last changed, by window: what a cache of results needs to know. Every
 * change has a number, larger than all before.
 *
 * <p>Samples that are newer than the <em>settled</em> time come all the time and are not counted by
 * window, so nobody may keep what depends on them. The settled time follows the clock at some
 * distance, moved by whoever takes a snapshot. A sample at or before it, late or not, of a known
 * series or a new one, changes its window, and so do deletes and dropped windows.
 *
 * <p>Why that is safe without a lock: a writer first makes its samples visible, then (behind a full
 * fence) looks at the settled time, writes the next number to the windows that it changed, and only
 * then makes that number the last one. A snapshot first moves the settled time, then reads the last
 * number, then pins what it reads. So either the writer sees the new settled time and counts the
 * change, or its samples are in the snapshot; and what has a number up to the snapshot's can be
 * seen at the windows.
 */
final class WindowVersions {
  /** How far behind the clock samples are expected in the normal course. */
  private static final long SETTLE_MILLIS = 5 * 60_000;

  private static final int MOST_WINDOWS = 1 << 16;
  private static final int MOST_RANGES = 64;

  private final Windows windows;
  private final AtomicLong last = new AtomicLong();
  private final AtomicLong settledTo = new AtomicLong(Long.MIN_VALUE);
  private final ConcurrentSkipListMap<Long, Long> byWindow = new ConcurrentSkipListMap<>();
  private volatile List<Change> ranges = List.of();
  private final AtomicLong everything = new AtomicLong();

  /** Something happened to all that lies in a range. */
  private record Change(TimeRange range, long version) {}

  WindowVersions(Windows windows) {
    this.windows = windows;
  }

  /** The number of the last change, those to samples that are not settled included. */
  long last() {
    return last.get();
  }

  /**
   * Samples at or before this time are counted when they change from now on.
   *
   * @param nowMillis the clock
   */
  long settle(long nowMillis) {
    long target = nowMillis - SETTLE_MILLIS;
    if (target > settledTo.get()) {
      settledTo.accumulateAndGet(target, Math::max);
    }
    return settledTo.get();
  }

  /** The first so many samples of a batch have become visible; one writer at a time. */
  void appended(long[] times, int count, long[] otherTimes, int[] otherRows, int otherCount) {
    VarHandle.fullFence();
    long settled = settledTo.get();
    boolean any = false;
    for (int i = 0; i < count && !any; i++) {
      any = times[i] <= settled;
    }
    for (int i = 0; i < otherCount && !any; i++) {
      any = otherTimes[otherRows[i]] <= settled;
    }
    if (!any) {
      last.incrementAndGet();
      return;
    }
    long version;
    do {
      version = last.get() + 1;
      long window = Long.MIN_VALUE; // the last one that was counted
      for (int i = 0; i < count; i++) {
        if (times[i] <= settled) {
          window = changed(times[i], window, version);
        }
      }
      for (int i = 0; i < otherCount; i++) {
        if (otherTimes[otherRows[i]] <= settled) {
          window = changed(otherTimes[otherRows[i]], window, version);
        }
      }
    } while (!last.compareAndSet(version - 1, version));
  }

  private long changed(long time, long counted, long version) {
    long start = windows.start(time);
    if (start != counted) {
      byWindow.merge(start, version, Math::max);
      if (byWindow.size() > MOST_WINDOWS) {
        everything.accumulateAndGet(version, Math::max);
        byWindow.clear();
      }
    }
    return start;
  }

  /** All samples of a range may have changed, visibly. */
  synchronized void changed(TimeRange range) {
    List<Change> others = new ArrayList<>();
    for (Change earlier : ranges) {
      boolean covered =
          range.startExclusive() <= earlier.range().startExclusive()
              && range.endInclusive() >= earlier.range().endInclusive();
      if (!covered) {
        others.add(earlier);
      }
    }
    if (others.size() >= MOST_RANGES) {
      Change first = others.removeFirst();
      Change second = others.removeFirst();
      others.addFirst(new Change(hull(first.range(), second.range()), second.version()));
    }
    long version;
    do {
      version = last.get() + 1;
      List<Change> next = new ArrayList<>(others);
      next.add(new Change(range, version));
      ranges = List.copyOf(next);
    } while (!last.compareAndSet(version - 1, version));
  }

  private static TimeRange hull(TimeRange a, TimeRange b) {
    return new TimeRange(
        Math.min(a.startExclusive(), b.startExclusive()),
        Math.max(a.endInclusive(), b.endInclusive()));
  }

  /** The number of the last change to the windows that a range touches, 0 if there was none. */
  long lastChange(TimeRange range) {
    long version = 0;
    if (range.isEmpty()) {
      return everything.get();
    }
    long width = windows.width();
    long from = Math.max(range.startExclusive(), Long.MIN_VALUE + width) - width;
    for (long one : byWindow.subMap(from, false, range.endInclusive(), false).values()) {
      version = Math.max(version, one);
    }
    for (Change change : ranges) {
      if (change.range().startExclusive() < range.endInclusive()
          && change.range().endInclusive() > range.startExclusive()) {
        version = Math.max(version, change.version());
      }
    }
    // Read last: it is set before the windows are forgotten.
    return Math.max(version, everything.get());
  }
}
