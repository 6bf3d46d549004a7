/** Label indexes: which series have which labels. */
@NullMarked
package io.varve.engine.index;

import org.jspecify.annotations.NullMarked;
