/**
 * What PromQL's functions and aggregations compute, as arithmetic over arrays: no series, no labels
 * of results, no storage. Every result is meant to be the same bit for bit as Prometheus 3.14
 * computes on amd64 ({@code promql/functions.go}, {@code promql/quantile.go}, {@code
 * promql/engine.go}); where it is not, the class says so.
 *
 * <p>"No result" is {@link io.varve.query.function.Absent}, a bit pattern and not "a NaN".
 */
@NullMarked
package io.varve.query.function;

import org.jspecify.annotations.NullMarked;
