package io.varve.http.replay;

import io.varve.engine.model.TimeRange;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Which parts of time are there already. */
final class Coverage {
  /** Ends by starts, neither overlapping nor touching. */
  private final TreeMap<Long, Long> covered = new TreeMap<>();

  /** The parts of a range that are not there yet, in order. */
  List<TimeRange> missing(TimeRange range) {
    List<TimeRange> missing = new ArrayList<>();
    long at = range.startExclusive();
    Map.Entry<Long, Long> before = covered.floorEntry(at);
    if (before != null) {
      at = Math.max(at, before.getValue());
    }
    while (at < range.endInclusive()) {
      Map.Entry<Long, Long> next = covered.higherEntry(at);
      if (next == null || next.getKey() >= range.endInclusive()) {
        missing.add(new TimeRange(at, range.endInclusive()));
        break;
      }
      missing.add(new TimeRange(at, next.getKey()));
      at = next.getValue();
    }
    return missing;
  }

  /** From now on a range is there. */
  void add(TimeRange range) {
    long start = range.startExclusive();
    long end = range.endInclusive();
    Map.Entry<Long, Long> before = covered.floorEntry(start);
    if (before != null && before.getValue() >= start) {
      start = before.getKey();
      end = Math.max(end, before.getValue());
    }
    for (Map.Entry<Long, Long> next = covered.ceilingEntry(start);
        next != null && next.getKey() <= end;
        next = covered.ceilingEntry(start)) {
      end = Math.max(end, next.getValue());
      covered.remove(next.getKey());
    }
    covered.put(start, end);
  }
}
