/**
 * Wires rules to the store: their queries to the query engine, what they make to the engine, their
 * alerts to Alertmanagers; and takes over changed files.
 */
@NullMarked
package io.varve.http.rules;

import org.jspecify.annotations.NullMarked;
