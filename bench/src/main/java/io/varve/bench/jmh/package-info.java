/** JMH micro benchmarks: what one step of a hot path costs by itself. */
@NullMarked
package io.varve.bench.jmh;

import org.jspecify.annotations.NullMarked;
