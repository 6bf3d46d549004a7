/**
 * What happens to data as it ages. Policies are decided here and carried out by the engine through
 * its log; retention by age, which every store needs, is part of the engine's own housekeeping
 * ({@link io.varve.engine.EngineConfig#retention}).
 */
@NullMarked
package io.varve.retention;

import org.jspecify.annotations.NullMarked;
