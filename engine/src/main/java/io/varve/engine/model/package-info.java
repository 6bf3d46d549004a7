/** The nouns of the engine: labels, matchers, histograms, sample columns and write batches. */
@NullMarked
package io.varve.engine.model;

import org.jspecify.annotations.NullMarked;
