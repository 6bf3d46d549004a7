/**
 * Grouped continuous aggregates: what is stored of groups of series at the steps of a window, and
 * who derives it. How queries use it stands in {@code exec}, how it is stored in the engine.
 */
@NullMarked
package io.varve.query.grouped;

import org.jspecify.annotations.NullMarked;
