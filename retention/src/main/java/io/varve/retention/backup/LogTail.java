package io.varve.retention.backup;

import java.io.IOException;
import java.util.HexFormat;
import java.util.List;

/**
 * The log behind a backup, up to a point in time.
 *
 * @param second up to whose beginning it reaches
 * @param position of its last record
 * @param stretches that hold it, in order; the first may begin before the backup's end
 */
record LogTail(long second, long position, List<StretchName> stretches) {
  /** Keeps its own copy. */
  LogTail {
    stretches = List.copyOf(stretches);
  }

  /**
   * Refuses stretches of another store's log.
   *
   * @param store number of the store, 16 hex digits
   */
  static void checkStore(LogStretch.Content content, StretchName name, String store)
      throws IOException {
    if (content.storeId() != HexFormat.fromHexDigitsToLong(store) || content.shard() != 0) {
      throw new DamagedObjectException(name.object() + ": is not of the log of store " + store);
    }
  }
}
