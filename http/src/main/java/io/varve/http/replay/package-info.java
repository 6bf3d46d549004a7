/**
 * Rules over history: what recording rules would have recorded and which alerts would have fired,
 * for {@code varve rules replay}.
 *
 * <p>A {@link io.varve.http.replay.Replay} goes through time in stretches. In each it evaluates
 * rule after rule, over the whole stretch at once by a range query; rules that depend on themselves
 * or on later ones go step by step ({@link io.varve.http.replay.ReplayPlan}). What comes out is put
 * into an {@link io.varve.http.replay.Overlay} if other rules read it: they see the {@link
 * io.varve.http.replay.History} with the overlay in front of it.
 */
@NullMarked
package io.varve.http.replay;

import org.jspecify.annotations.NullMarked;
