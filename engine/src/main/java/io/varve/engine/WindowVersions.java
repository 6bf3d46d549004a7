package io.varve.engine;

import io.varve.engine.model.TimeRange;
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
 * <p>Why that is safe without a lock: a writer first makes its samples visible, then takes a number
 * (a full fence), then looks at the settled time. A snapshot first moves the settled time, then
 * reads the last number, then pins what it reads. So either the writer sees the new settled time
 * and counts the change, or its samples are in the snapshot.
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
  private volatile long everything;

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
    long version = last.incrementAndGet();
    long settled = settledTo.get();
    if (settled == Long.MIN_VALUE) {
      return;
    }
    long window = Long.MIN_VALUE; // the last one that was counted
    for (int i = 0; i < count; i++) {
      if (times[i] <= settled) {
        window = changed(times[i], window, version);
      }
    }
    for (int i = 0; i < otherCount; i++) {
      long time = otherTimes[otherRows[i]];
      if (time <= settled) {
        window = changed(time, window, version);
      }
    }
  }

  private long changed(long time, long counted, long version) {
    long start = windows.start(time);
    if (start != counted) {
      byWindow.merge(start, version, Math::max);
      if (byWindow.size() > MOST_WINDOWS) {
        everything = version;
        byWindow.clear();
      }
    }
    return start;
  }

  /** All samples of a range may have changed, visibly. */
  synchronized void changed(TimeRange range) {
    long version = last.incrementAndGet();
    List<Change> next = new ArrayList<>();
    for (Change earlier : ranges) {
      boolean covered =
          range.startExclusive() <= earlier.range().startExclusive()
              && range.endInclusive() >= earlier.range().endInclusive();
      if (!covered) {
        next.add(earlier);
      }
    }
    next.add(new Change(range, version));
    if (next.size() > MOST_RANGES) {
      Change first = next.removeFirst();
      Change second = next.removeFirst();
      next.addFirst(new Change(hull(first.range(), second.range()), second.version()));
    }
    ranges = List.copyOf(next);
  }

  private static TimeRange hull(TimeRange a, TimeRange b) {
    return new TimeRange(
        Math.min(a.startExclusive(), b.startExclusive()),
        Math.max(a.endInclusive(), b.endInclusive()));
  }

  /** The number of the last change to the windows that a range touches, 0 if there was none. */
  long lastChange(TimeRange range) {
    long version = everything;
    if (range.isEmpty()) {
      return version;
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
    return version;
  }
}
