/**
 * Runs scripts in Prometheus' test language: series are loaded, expressions evaluated, results and
 * annotations compared ({@code promql/promqltest/test.go} of Prometheus 3.14).
 */
@NullMarked
package io.varve.query.script;

import org.jspecify.annotations.NullMarked;
