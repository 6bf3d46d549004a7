/**
 * Runs scripts in Prometheus' test language: series are loaded, expressions evaluated, results and
 * annotations compared ({@code promql/promqltest} of Prometheus 3.14).
 *
 * <p>{@link io.varve.query.promqltest.ScriptRunner} makes the trip: a {@link
 * io.varve.query.promqltest.Script} is read from text, its series go into a {@link
 * io.varve.query.promqltest.ScriptStore}, and each evaluation becomes a {@link
 * io.varve.query.promqltest.CaseResult}.
 */
@NullMarked
package io.varve.query.promqltest;

import org.jspecify.annotations.NullMarked;
