/** What continuous aggregates cost and gain, measured in one process with an engine of its own. */
@NullMarked
package io.varve.bench.aggregates;

import org.jspecify.annotations.NullMarked;
