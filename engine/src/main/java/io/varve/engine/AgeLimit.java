package io.varve.engine;

import io.varve.engine.model.Labels;
import io.varve.engine.model.WriteBatch;
import io.varve.engine.policy.RetentionPolicy;
import java.util.Arrays;

/**
 * Which samples of a batch come too late to be kept. As long as they are younger than what any rule
 * lets go, that is one comparison; else the rules are asked, once for each series. One thread.
 */
final class AgeLimit {
  private static final long NOT_ASKED = Long.MAX_VALUE;

  private final RetentionPolicy policy;
  private final Windows windows;
  private final WriteBatch batch;
  private final long nowMillis;
  private final long latest;
  private long[] ofSeries = {}; // by row of the batch

  AgeLimit(RetentionPolicy policy, Windows windows, WriteBatch batch, long nowMillis) {
    this.policy = policy;
    this.windows = windows;
    this.batch = batch;
    this.nowMillis = nowMillis;
    this.latest = Expiry.horizon(windows, nowMillis, policy.shortestMillis());
  }

  /** No sample behind this time is too old, of whichever series. */
  long latest() {
    return latest;
  }

  /**
   * True if a sample is too old.
   *
   * @param series row of the batch
   */
  boolean isTooOld(int series, long time) {
    return time <= latest && (policy.isUniform() || time <= of(series));
  }

  /** All samples of a series up to this time are too old. */
  long of(int series) {
    if (policy.isUniform()) {
      return latest;
    }
    if (ofSeries.length == 0) {
      ofSeries = new long[batch.seriesCount];
      Arrays.fill(ofSeries, NOT_ASKED);
    }
    if (ofSeries[series] == NOT_ASKED) {
      Labels labels =
          Labels.fromCanonical(
              batch.labelArray[series], batch.labelOffset[series], batch.labelLength[series]);
      ofSeries[series] =
          Expiry.horizon(windows, nowMillis, policy.keepMillis(batch.tenant, labels, 0));
    }
    return ofSeries[series];
  }
}
