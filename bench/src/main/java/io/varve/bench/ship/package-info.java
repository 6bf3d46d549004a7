/** How fast a node that has nothing pulls a store from another one. */
@NullMarked
package io.varve.bench.ship;

import org.jspecify.annotations.NullMarked;
