package io.varve.engine.index;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.RoaringBitmap;

/**
 * Remembers which values of a label a regular expression accepts; the entry that was used longest
 * ago goes when it is full. Thread-safe.
 */
final class AcceptedCache {
  private static final long MOST_BYTES = 1 << 20;
  private static final int ENTRY_BYTES = 200;

  /**
   * @param owner whose numbers of names and values are meant
   * @param expression the regular expression
   */
  record Key(Object owner, int name, String expression) {}

  /**
   * What is remembered; never changed.
   *
   * @param values numbers of the values that are accepted
   * @param examined values below this number were examined
   */
  record Accepted(RoaringBitmap values, int examined) {
    long bytes() {
      return ENTRY_BYTES + values.getLongSizeInBytes();
    }
  }

  private final LinkedHashMap<Key, Accepted> entries = new LinkedHashMap<>(16, 0.75f, true);
  private long bytes;

  synchronized @Nullable Accepted get(Key key) {
    return entries.get(key);
  }

  synchronized boolean has(Key key) {
    return entries.containsKey(key);
  }

  synchronized void put(Key key, Accepted accepted) {
    if (accepted.bytes() > MOST_BYTES / 4) {
      return;
    }
    Accepted old = entries.put(key, accepted);
    bytes += accepted.bytes() - (old == null ? 0 : old.bytes());
    Iterator<Map.Entry<Key, Accepted>> oldest = entries.entrySet().iterator();
    while (bytes > MOST_BYTES && oldest.hasNext()) {
      bytes -= oldest.next().getValue().bytes();
      oldest.remove();
    }
  }

  synchronized long bytes() {
    return bytes;
  }
}
