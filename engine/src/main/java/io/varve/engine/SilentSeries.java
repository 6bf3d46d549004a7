package io.varve.engine;

import io.varve.engine.head.SeriesTable;
import io.varve.engine.policy.RetentionPolicy;
import org.roaringbitmap.RoaringBitmap;

/**
 * Series that a head table still knows while nothing that the retention keeps is behind their
 * newest sample: lists of labels leave them out unless they have samples again.
 *
 * @param ids of the series; nobody changes it
 */
record SilentSeries(SeriesTable table, RoaringBitmap ids) {
  /** Those of a table whose samples are gone. */
  static SilentSeries of(SeriesTable table, RetentionMark mark, Windows windows) {
    RoaringBitmap ids = new RoaringBitmap();
    RetentionPolicy policy = mark.policy();
    long latest = Expiry.horizon(windows, mark.atMillis(), policy.shortestMillis());
    for (int id = 0, n = latest == Long.MIN_VALUE ? 0 : table.size(); id < n; id++) {
      long last = table.lastTime(id);
      if (last > latest) {
        continue;
      }
      long keep =
          policy.isUniform()
              ? policy.shortestMillis()
              : policy.keepMillis(table.tenant(id), table.labels(id), 0);
      if (last <= Expiry.horizon(windows, mark.atMillis(), keep)) {
        ids.add(id);
      }
    }
    return new SilentSeries(table, ids);
  }

  /** Those that have nothing in the heads either. */
  RoaringBitmap without(HeadOverlap samples) {
    RoaringBitmap silent = new RoaringBitmap();
    ids.forEach(
        (int id) -> {
          if (!samples.mayHold(id)) {
            silent.add(id);
          }
        });
    return silent;
  }
}
