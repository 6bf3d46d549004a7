/**
 * The side-by-side benchmark against other stores: the same bodies from the same client for
 * everyone.
 */
@NullMarked
package io.varve.bench.peers;

import org.jspecify.annotations.NullMarked;
