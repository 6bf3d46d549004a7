/**
 * Taking over a changed configuration while the server runs: read and checked as a whole, then put
 * into force by the parts that it is about, or not at all.
 */
@NullMarked
package io.varve.http.reload;

import org.jspecify.annotations.NullMarked;
