/** Programs that use Varve as a library. */
@NullMarked
package io.varve.examples;

import org.jspecify.annotations.NullMarked;
