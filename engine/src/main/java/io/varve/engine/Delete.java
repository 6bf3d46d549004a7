package io.varve.engine;

import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.TimeRange;
import io.varve.engine.partition.DeleteEntry;
import java.util.List;

/**
 * A logged delete: samples of the matching series in the range that were logged before its position
 * are gone.
 *
 * @param atMillis when it was decided, 0 if that is not known
 */
record Delete(
    long position, String tenant, List<Matcher> matchers, TimeRange range, long atMillis) {
  /** One of which it is not known when it was decided. */
  Delete(long position, String tenant, List<Matcher> matchers, TimeRange range) {
    this(position, tenant, matchers, range, 0);
  }

  /** What is known of it before it has reached the files. */
  DeleteEntry entry() {
    return new DeleteEntry(position, tenant, matchers, range, atMillis, 0, 0, List.of());
  }

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
