package io.varve.ingest.cluster.raft;

import java.util.HashMap;
import java.util.Map;

/**
 * Up to where the log is not needed by any replica any more: that far all have it, but for those
 * that have not moved on for so long that they are taken to be away. Any thread.
 */
final class Holders {
  private record Seen(long index, long sinceMillis) {}

  private final long holdMillis;
  private final Map<String, Seen> others = new HashMap<>();

  Holders(long holdMillis) {
    this.holdMillis = holdMillis;
  }

  /**
   * How far the log may go.
   *
   * @param own how far this replica is
   * @param indices how far the others are known to be; those that are not known are at 0
   * @param nowMillis a clock that does not go back
   */
  synchronized long limit(long own, Map<String, Long> indices, long nowMillis) {
    others.keySet().retainAll(indices.keySet());
    long limit = own;
    for (Map.Entry<String, Long> entry : indices.entrySet()) {
      long index = entry.getValue();
      Seen seen = others.get(entry.getKey());
      if (seen == null || index > seen.index || index >= own) {
        seen = new Seen(index, nowMillis);
        others.put(entry.getKey(), seen);
      }
      if (nowMillis - seen.sinceMillis < holdMillis) {
        limit = Math.min(limit, index);
      }
    }
    return limit;
  }
}
