package io.varve.retention.rules;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A rule, and what came of its last evaluation. Immutable.
 *
 * @param rule as its file has it
 * @param expression in canonical form
 * @param evaluated whether it was evaluated at all
 * @param error what the last evaluation failed with; null if it did not
 * @param evaluationNanos how long the last evaluation took
 * @param lastMillis when the last evaluation began, by the clock
 * @param alerts those that are told of, for a while also those that have gone; none of a recording
 *     rule
 */
public record RuleStatus(
    Rule rule,
    String expression,
    boolean evaluated,
    @Nullable String error,
    long evaluationNanos,
    long lastMillis,
    List<Alert> alerts) {
  /** How the rule is, in the words of Prometheus: {@code unknown}, {@code ok} or {@code err}. */
  public String health() {
    if (!evaluated) {
      return "unknown";
    }
    return error == null ? "ok" : "err";
  }

  /** The state of the alert that is worst off; inactive if there is none. */
  public Alert.State state() {
    Alert.State state = Alert.State.INACTIVE;
    for (Alert alert : alerts) {
      if (alert.state().compareTo(state) > 0) {
        state = alert.state();
      }
    }
    return state;
  }

  /** The alerts that are pending or fire. */
  public List<Alert> activeAlerts() {
    return alerts.stream().filter(alert -> alert.resolvedMillis() == 0).toList();
  }
}
