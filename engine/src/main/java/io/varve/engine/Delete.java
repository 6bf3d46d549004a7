package io.varve.engine;

import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.TimeRange;
import java.util.List;

/**
 * A logged delete: samples of the matching series in the range that were logged before its position
 * are gone.
 */
record Delete(long position, String tenant, List<Matcher> matchers, TimeRange range) {
  /** True if samples of this series are meant. */
  boolean concerns(String seriesTenant, Labels labels) {
    if (!seriesTenant.equals(tenant)) {
      return false;
    }
    for (Matcher matcher : matchers) {
      if (!matcher.matches(labels.get(matcher.name()))) {
        return false;
      }
    }
    return true;
  }
}
