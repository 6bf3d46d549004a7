/**
 * Random PromQL over random data against a real Prometheus: {@link
 * io.varve.bench.fuzz.ExpressionGenerator} makes expressions, {@link
 * io.varve.bench.fuzz.RandomData} the samples that both get, {@link io.varve.bench.fuzz.Answers}
 * compares, {@link io.varve.bench.fuzz.Shrinker} makes what differs small, and {@link
 * io.varve.bench.fuzz.AcceptedDifference} lists what may differ and why.
 */
@NullMarked
package io.varve.bench.fuzz;

import org.jspecify.annotations.NullMarked;
