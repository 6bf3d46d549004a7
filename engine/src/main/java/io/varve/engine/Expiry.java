package io.varve.engine;

import io.varve.engine.model.Labels;
import io.varve.engine.model.TimeRange;
import io.varve.engine.policy.RetentionPolicy;
import java.util.List;

/**
 * A logged decision that everything goes that a policy does not keep at some time. What is gone is
 * a matter of windows: those that ended before the time by more than the keep of a series. Hidden
 * from the decision on, until the files know of it.
 *
 * @param position of the decision in the log
 * @param atMillis the time
 */
record Expiry(long position, long atMillis, RetentionPolicy policy, Windows windows) {
  /** All samples up to this time are gone that are kept so long; the smallest time for none. */
  long horizon(long keepMillis) {
    return horizon(windows, atMillis, keepMillis);
  }

  static long horizon(Windows windows, long nowMillis, long keepMillis) {
    long limit = RetentionPolicy.limit(nowMillis, keepMillis);
    // A window goes as a whole, so that everything in the oldest kept one stays.
    return limit < -Windows.MOST_MILLIS ? Long.MIN_VALUE : windows.start(limit);
  }

  /** All samples of any series behind this time stay. */
  long latestHorizon() {
    return horizon(policy.shortestMillis());
  }

  /** All samples of any series up to this time are gone. */
  long earliestHorizon() {
    return horizon(policy.longestMillis());
  }

  /** What it is to one series: a delete of everything up to some time. */
  Delete of(String tenant, Labels labels) {
    long horizon = horizon(policy.keepMillis(tenant, labels, 0));
    return new Delete(position, tenant, List.of(), new TimeRange(Long.MIN_VALUE, horizon));
  }
}
