/** What is on disk: chunk files, tombstones, and the manifest that says which of them exist. */
@NullMarked
package io.varve.engine.partition;

import org.jspecify.annotations.NullMarked;
