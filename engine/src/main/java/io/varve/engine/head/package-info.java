/**
 * What is still open: the table of active series ({@link io.varve.engine.head.SeriesTable}), their
 * samples in order ({@link io.varve.engine.head.Head}) and out of order ({@link
 * io.varve.engine.head.LateHead}). One writer at a time, under the engine's write lock; any number
 * of readers without a lock.
 */
@NullMarked
package io.varve.engine.head;

import org.jspecify.annotations.NullMarked;
