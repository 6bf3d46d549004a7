/** The only door to files: everything above works on {@link io.varve.engine.io.FileSystem}. */
@NullMarked
package io.varve.engine.io;

import org.jspecify.annotations.NullMarked;
