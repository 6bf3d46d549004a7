package io.varve.engine;

import io.varve.engine.format.CorruptDataException;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.RoaringBitmap;

/**
 * What becomes of a table of grouped aggregates when samples of its window have become too old. The
 * table is kept as long as the policy keeps any of its series at its resolution, and then stands in
 * for the samples that are gone. In order of how much happens.
 */
enum GroupedFate {
  /** None of its series goes: it is what it was. */
  UNTOUCHED,
  /** Samples of its series go, but aggregates of them are kept. */
  KEPT,
  /** Series go as a whole, and others stay: it is to be derived again from those. */
  OUTDATED,
  /** Nothing of it is kept. */
  LET_GO;

  /**
   * Tells it.
   *
   * @param rule null if it is not known any more of which series the table is
   */
  static GroupedFate of(
      WindowView window,
      @Nullable AggregateRule rule,
      long stepMillis,
      Expiry expiry,
      DamageLog damage) {
    long[] keeps = expiry.policy().keeps(stepMillis);
    if (window.end() <= expiry.horizon(keeps[0])) {
      return LET_GO;
    }
    boolean samplesGo = window.end() <= expiry.latestHorizon();
    boolean tablesGo = window.end() <= expiry.horizon(keeps[keeps.length - 1]);
    if (!samplesGo && !tablesGo) {
      return UNTOUCHED;
    }
    RoaringBitmap series;
    try {
      series = rule == null ? all(window) : AggregateRules.series(window, rule);
    } catch (CorruptDataException e) {
      damage.add(String.valueOf(e.getMessage()));
      return OUTDATED;
    }
    RoaringBitmap tables = new RoaringBitmap();
    if (tablesGo) {
      tables =
          RetentionClasses.of(window, expiry.policy(), stepMillis, damage)
              .goneAt(window.end(), expiry);
      tables.and(series);
      if (!series.isEmpty() && tables.getLongCardinality() == series.getLongCardinality()) {
        return LET_GO;
      }
    }
    RoaringBitmap samples = new RoaringBitmap();
    if (samplesGo) {
      samples = RetentionClasses.of(window, expiry.policy(), damage).goneAt(window.end(), expiry);
      samples.andNot(window.gone());
      samples.and(series);
    }
    if (samples.isEmpty()) {
      return UNTOUCHED;
    }
    samples.andNot(tables);
    return samples.isEmpty() ? OUTDATED : KEPT;
  }

  private static RoaringBitmap all(WindowView window) {
    RoaringBitmap all = new RoaringBitmap();
    all.add(0L, window.state().nextId());
    return all;
  }
}
