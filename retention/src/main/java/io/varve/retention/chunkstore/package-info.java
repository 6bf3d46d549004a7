/**
 * Places for immutable objects: a folder, or a bucket of an object store that speaks S3.
 *
 * <p>An object is a name and bytes. Names are parts of {@code a-z A-Z 0-9 . _ = -} between single
 * slashes, at most 512 characters. Whoever stores an object under a name that is there already
 * replaces it; nobody who reads ever sees a part of one.
 */
@NullMarked
package io.varve.retention.chunkstore;

import org.jspecify.annotations.NullMarked;
