package io.varve.http.replay;

import io.varve.retention.rules.Rule;
import io.varve.retention.rules.RuleFile;

/**
 * A rule in its place.
 *
 * @param group what it stands in
 * @param number of the rule in its group, from 0
 * @param rule itself; alerts without their annotations, which nobody would see
 * @param intervalMillis between its evaluations
 * @param offsetMillis how far back it looks
 */
public record ReplayedRule(
    RuleFile.Group group, int number, Rule rule, long intervalMillis, long offsetMillis) {
  /** Its first evaluation at or after a time: at a multiple of the interval. */
  long firstAt(long time) {
    return -Math.floorDiv(-time, intervalMillis) * intervalMillis;
  }

  /** Its last evaluation at or before a time. */
  long lastAt(long time) {
    return Math.floorDiv(time, intervalMillis) * intervalMillis;
  }
}
