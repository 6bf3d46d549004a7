package io.varve.http.replay;

import org.jspecify.annotations.Nullable;

/**
 * What came of a rule.
 *
 * @param series that it made; those of ALERTS and ALERTS_FOR_STATE for an alert
 * @param samples that it made, markers of ends not counted
 * @param evaluations how often it was evaluated
 * @param failed how often it failed
 * @param firstFailureMillis when it failed first; 0 if never
 * @param firstFailure why
 */
public record RuleSummary(
    ReplayedRule rule,
    int series,
    long samples,
    long evaluations,
    long failed,
    long firstFailureMillis,
    @Nullable String firstFailure) {}
