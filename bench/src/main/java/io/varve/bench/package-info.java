/** The command line of the benchmarks: {@code ./varve bench}. */
@NullMarked
package io.varve.bench;

import org.jspecify.annotations.NullMarked;
