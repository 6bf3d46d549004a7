package io.varve.query.plan;

import io.varve.engine.model.Matcher;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which series a selector means, and as of when.
 *
 * @param matchers all must accept a series
 * @param offsetMillis how far back from the evaluation time, or from the pinned time
 * @param atMillis the pinned time; null = the evaluation time
 * @param countsOnly true if of histograms only counts, sums and counter resets are asked for
 */
public record Selection(
    List<Matcher> matchers, long offsetMillis, @Nullable Long atMillis, boolean countsOnly) {
  /** Keeps the list. */
  public Selection {
    matchers = List.copyOf(matchers);
  }

  /** With all of histograms. */
  public Selection(List<Matcher> matchers, long offsetMillis, @Nullable Long atMillis) {
    this(matchers, offsetMillis, atMillis, false);
  }

  /** Times beyond this have no samples, and leave room to subtract a range. */
  private static final long FAR = 1L << 61;

  /** The time that stands for an evaluation time in this selection. */
  public long reference(long evalTime) {
    return shift(atMillis == null ? evalTime : atMillis, offsetMillis);
  }

  /** A time less an offset, kept away from the ends of time. */
  public static long shift(long time, long offset) {
    return Math.clamp(time, -FAR, FAR) - Math.clamp(offset, -FAR, FAR);
  }
}
