/**
 * What a general compressor would gain on the values of chunk files, and what it would cost: the
 * measurement behind the decision to store value blocks as they are encoded.
 */
@NullMarked
package io.varve.bench.pages;

import org.jspecify.annotations.NullMarked;
