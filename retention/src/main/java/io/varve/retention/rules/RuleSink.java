package io.varve.retention.rules;

import java.util.List;

/** Takes the samples that rules make. */
@FunctionalInterface
public interface RuleSink {
  /**
   * Stores samples of one time; the rules that follow see them. Stale markers are among them.
   *
   * @throws RuleException if they cannot be stored
   */
  void append(List<RuleSample> samples, long timeMillis);
}
