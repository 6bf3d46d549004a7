/**
 * The server: configuration, HTTP and command line around engine, ingest and query, which are wired
 * together here and nowhere else.
 */
@NullMarked
package io.varve.http;

import org.jspecify.annotations.NullMarked;
