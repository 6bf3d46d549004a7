/**
 * Recording and alerting rules as Prometheus has them. Files are read by {@link
 * io.varve.retention.rules.RuleFile}; a {@link io.varve.retention.rules.RuleGroup} evaluates the
 * rules of a group one after the other and keeps what must be known from one evaluation to the
 * next. Queries go to an {@link io.varve.retention.rules.Evaluator}, what comes out goes to a
 * {@link io.varve.retention.rules.RuleSink}: whoever runs rules, a server or a test, provides both.
 *
 * <p>A server runs them by a {@link io.varve.retention.rules.RuleManager}, which evaluates every
 * group at its times, takes changed files over, and after a start goes on with what was before it:
 * alerts that were pending, and evaluations that were missed. Who is to be told of alerts stands
 * behind an {@link io.varve.retention.rules.AlertSink}.
 */
@NullMarked
package io.varve.retention.rules;

import org.jspecify.annotations.NullMarked;
