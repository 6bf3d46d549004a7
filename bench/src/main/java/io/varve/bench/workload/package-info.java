/**
 * What the benchmarks send: a recording of a real exporter, replayed as a fleet, in the order that
 * a workload has, encoded as remote write requests before any clock starts.
 */
@NullMarked
package io.varve.bench.workload;

import org.jspecify.annotations.NullMarked;
