/**
 * The storage engine of Varve. {@link io.varve.engine.Engine} is where a program comes in: open,
 * append a {@link io.varve.engine.model.WriteBatch}, read a {@link io.varve.engine.Snapshot}.
 */
@NullMarked
package io.varve.engine;

import org.jspecify.annotations.NullMarked;
