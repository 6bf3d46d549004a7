/**
 * What all file formats share: little-endian readers and writers, checksums, and the one exception
 * that hostile bytes end in.
 */
@NullMarked
package io.varve.engine.format;

import org.jspecify.annotations.NullMarked;
