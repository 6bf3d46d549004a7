/**
 * JSON as Prometheus' HTTP API writes it: the envelope, query results, and numbers in the forms of
 * Go's {@code strconv}.
 */
@NullMarked
package io.varve.http.json;

import org.jspecify.annotations.NullMarked;
