/**
 * Three nodes under attack, and what they cost: {@link io.varve.bench.cluster.HistoryClient}s write
 * samples that are there once in the world ({@link io.varve.bench.cluster.UniqueSamples}) and read
 * them at every level, all of which goes into a {@link io.varve.bench.cluster.History}; a {@link
 * io.varve.bench.cluster.HistoryChecker} tells afterwards what the answers should not have been.
 */
@NullMarked
package io.varve.bench.cluster;

import org.jspecify.annotations.NullMarked;
