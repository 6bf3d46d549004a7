/**
 * The endpoints, one handler each: the Prometheus HTTP API (version 1) as Prometheus 3.14 answers
 * it, remote write, health and metrics.
 */
@NullMarked
package io.varve.http.api;

import org.jspecify.annotations.NullMarked;
