/** The retention of a server: what its settings say to the engine, and what is told of it. */
@NullMarked
package io.varve.http.retention;

import org.jspecify.annotations.NullMarked;
