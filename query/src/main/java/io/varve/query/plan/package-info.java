/**
 * From a parsed expression to what is to be done: durations, pinned times and names resolved,
 * parentheses gone, what is the same at every step marked, what this version cannot evaluate
 * refused by name.
 */
@NullMarked
package io.varve.query.plan;

import org.jspecify.annotations.NullMarked;
