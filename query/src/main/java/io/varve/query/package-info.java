/**
 * PromQL over a snapshot of the store. {@link io.varve.query.QueryEngine} is where a program comes
 * in: it takes a {@link io.varve.engine.Snapshot} and a query text and answers a {@link
 * io.varve.query.QueryResult}.
 */
@NullMarked
package io.varve.query;

import org.jspecify.annotations.NullMarked;
