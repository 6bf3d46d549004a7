/** What the engine asks of a log. */
@NullMarked
package io.varve.engine.log;

import org.jspecify.annotations.NullMarked;
