package io.varve.engine.policy;

import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How long the series are kept that some matchers accept. Immutable.
 *
 * @param tenant whose series; null: those of every tenant
 * @param matchers all of them accept a series; none accepts all series
 * @param resolutionMillis {@link #RAW} samples, those of aggregates of this resolution, or {@link
 *     #ANY}
 * @param keepMillis how long, {@link RetentionPolicy#FOREVER} for ever; above 0
 */
public record RetentionRule(
    @Nullable String tenant, List<Matcher> matchers, long resolutionMillis, long keepMillis) {
  /** Raw samples and aggregates of all resolutions. */
  public static final long ANY = -1;

  /** Raw samples. */
  public static final long RAW = 0;

  /** Checks the numbers and keeps a copy of the matchers. */
  public RetentionRule {
    matchers = List.copyOf(matchers);
    if (keepMillis <= 0) {
      throw new IllegalArgumentException("a rule that keeps for " + keepMillis + " ms");
    }
    if (resolutionMillis < ANY) {
      throw new IllegalArgumentException("a resolution of " + resolutionMillis + " ms");
    }
  }

  /** True if it speaks of samples of this resolution. */
  public boolean isOf(long resolution) {
    return resolutionMillis == ANY || resolutionMillis == resolution;
  }

  /** True if it speaks of a series. */
  public boolean accepts(String seriesTenant, Labels labels) {
    if (tenant != null && !tenant.equals(seriesTenant)) {
      return false;
    }
    for (int i = 0; i < matchers.size(); i++) {
      Matcher matcher = matchers.get(i);
      if (!matcher.matches(labels.get(matcher.name()))) {
        return false;
      }
    }
    return true;
  }
}
