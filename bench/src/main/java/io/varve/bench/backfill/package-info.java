/**
 * A backfill of old samples into a running server, beside a live load: what is written for it, and
 * what the live load feels of it.
 */
@NullMarked
package io.varve.bench.backfill;

import org.jspecify.annotations.NullMarked;
